#include "appliance/stems.h"

#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_inputs(const struct track_config *config, const struct take_track *track)
{
	char *const *inputs = config->input.items;
	if (config->input.count != track->input_count)
		return false;
	for (size_t i = 0; i < track->input_count; i++)
		if (strcmp(inputs[i], track->inputs[i]) != 0)
			return false;
	return true;
}

static const struct take_track *find_track(const struct manifest *take, const struct track_config *config)
{
	for (size_t i = 0; i < take->track_count; i++)
		if (same_inputs(config, &take->tracks[i]))
			return &take->tracks[i];
	for (size_t i = 0; i < take->track_count; i++)
		if (strcmp(take->tracks[i].name, config->name) == 0 &&
			take->tracks[i].input_count == config->input.count)
			return &take->tracks[i];
	return NULL;
}

/* What session_load would have made of the take's own tracks. */
static void adopt_tracks(struct session *session, const struct manifest *take)
{
	struct track_config *tracks = memory_array(take->track_count, sizeof(*tracks));
	free(session->tracks.items);
	for (size_t i = 0; i < take->track_count; i++) {
		const struct take_track *from = &take->tracks[i];
		char **inputs = memory_array(from->input_count, sizeof(*inputs));
		for (size_t k = 0; k < from->input_count; k++)
			inputs[k] = memory_text(from->inputs[k]);
		tracks[i].name = memory_text(from->name);
		tracks[i].role = from->role ? memory_text(from->role) : NULL;
		tracks[i].input = (struct key_list){.items = inputs, .count = from->input_count};
		tracks[i].adopted = true;
	}
	session->tracks = (struct key_list){.items = tracks, .count = take->track_count};
}

int stems_fit(struct session *session, const struct manifest *take, struct error *e)
{
	if (session->tracks.count == 0)
		adopt_tracks(session, take);
	const struct track_config *configs = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (!find_track(take, &configs[i]))
			return error_set(e, EINVAL, "track %s of the session is not in take %s",
				configs[i].name, take->id);
	return 0;
}

/* ---- opening ---- */

static size_t count_cuts(const struct stems *stems, const char *track)
{
	size_t count = 0;
	for (size_t i = 0; i < stems->punches.count; i++)
		count += punch_has(&stems->punches.list[i], track);
	return count;
}

static int open_cut(
	struct stem_cut *cut, const struct punch *punch, const struct track_config *config, struct error *e)
{
	const struct take_track *track = find_track(&punch->take, config);
	cut->punch = punch;
	if (!track)
		return error_set(
			e, EINVAL, "edit.punch: take %s has no track %s", punch->take.id, config->name);
	return reel_open(&cut->reel, track, alignment_of(&punch->alignment, track), punch->folder, e);
}

int stem_open(struct stem *stem, const struct stems *stems, size_t index, struct error *e)
{
	const struct track_config *config = (const struct track_config *)stems->session->tracks.items + index;
	const struct take_track *track = find_track(stems->take, config);
	*stem = (struct stem){0};
	int result = reel_open(&stem->reel, track, alignment_of(&stems->alignment, track), stems->folder, e);
	stem->cuts = memory_array(count_cuts(stems, config->name), sizeof(*stem->cuts));
	for (size_t i = 0; i < stems->punches.count && result == 0; i++)
		if (punch_has(&stems->punches.list[i], config->name))
			result = open_cut(&stem->cuts[stem->cut_count++], &stems->punches.list[i], config, e);
	return result;
}

void stem_close(struct stem *stem)
{
	for (size_t i = 0; i < stem->cut_count; i++)
		reel_close(&stem->cuts[i].reel);
	free(stem->cuts);
	reel_close(&stem->reel);
	*stem = (struct stem){0};
}

int stems_open(struct stems *stems, const struct manifest *take, const char *folder,
	const struct session *session, struct error *e)
{
	*stems = (struct stems){.count = session->tracks.count,
		.frames = take->frames,
		.take = take,
		.folder = folder,
		.session = session};
	int result = punches_load(&stems->punches, session, take, folder, e);
	alignment_load(&stems->alignment, take, folder);
	stems->list = memory_array(stems->count, sizeof(*stems->list));
	for (size_t i = 0; i < stems->count && result == 0; i++)
		result = stem_open(&stems->list[i], stems, i, e);
	if (result < 0)
		stems_close(stems);
	return result;
}

int stems_rewind(struct stems *stems, struct error *e)
{
	int result = 0;
	for (size_t i = 0; i < stems->count && result == 0; i++) {
		stem_close(&stems->list[i]);
		result = stem_open(&stems->list[i], stems, i, e);
	}
	return result;
}

void stems_close(struct stems *stems)
{
	for (size_t i = 0; stems->list && i < stems->count; i++)
		stem_close(&stems->list[i]);
	free(stems->list);
	punches_finish(&stems->punches);
	alignment_finish(&stems->alignment);
	*stems = (struct stems){0};
}

/* ---- reading ---- */

/* The passage's next frames; before the other take's first frame there is silence. */
static int read_cut(struct stem_cut *cut, double *const *room, uint32_t frames, struct error *e)
{
	const struct punch *punch = cut->punch;
	int64_t source = punch->source;
	int result = 0;
	if (!cut->begun && source > 0)
		result = reel_skip(&cut->reel, (uint64_t)source, e);
	if (!cut->begun && source < 0)
		cut->silent = (uint64_t)-source;
	cut->begun = true;
	uint32_t silent = cut->silent < frames ? (uint32_t)cut->silent : frames;
	cut->silent -= silent;
	double *rest[BLOCK_CHANNELS] = {0};
	for (uint32_t c = 0; c < cut->reel.channels && c < BLOCK_CHANNELS; c++) {
		memset(room[c], 0, silent * sizeof(double));
		rest[c] = room[c] + silent;
	}
	return result == 0 ? reel_read(&cut->reel, rest, frames - silent, e) : result;
}

/* How far the passage has come in at frame `at` of it: 0 to 1. */
static double share(const struct punch *punch, uint64_t at)
{
	uint64_t left = punch->end - punch->begin - at - 1;
	double in = at < punch->fade_in ? ((double)at + 0.5) / (double)punch->fade_in : 1;
	double out = left < punch->fade_out ? ((double)left + 0.5) / (double)punch->fade_out : 1;
	return in < out ? in : out;
}

/* `frames` frames (at most BLOCK_FRAMES) of the passage, from its frame `at` on, joined at equal power. */
static int splice(
	struct stem_cut *cut, uint64_t at, double *const *channels, uint32_t frames, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *const room[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = read_cut(cut, room, frames, e);
	for (uint32_t i = 0; i < frames && result == 0; i++) {
		double part = share(cut->punch, at + i);
		for (uint32_t c = 0; c < cut->reel.channels && channels[c]; c++)
			channels[c][i] = part < 1 ? channels[c][i] * cos(M_PI_2 * part) +
							    samples[c][i] * sin(M_PI_2 * part)
						  : samples[c][i];
	}
	return result;
}

static int read_block(struct stem *stem, double *const *channels, uint32_t frames, struct error *e)
{
	uint64_t begin = stem->position, end = begin + frames;
	int result = reel_read(&stem->reel, channels, frames, e);
	for (size_t i = 0; i < stem->cut_count && result == 0; i++) {
		const struct punch *punch = stem->cuts[i].punch;
		uint64_t from = punch->begin > begin ? punch->begin : begin;
		uint64_t to = punch->end < end ? punch->end : end;
		if (from >= to)
			continue;
		double *rest[BLOCK_CHANNELS] = {0};
		for (uint32_t c = 0; c < stem->reel.channels; c++)
			rest[c] = channels[c] + (from - begin);
		result = splice(&stem->cuts[i], from - punch->begin, rest, (uint32_t)(to - from), e);
	}
	stem->position = end;
	return result;
}

int stem_read(struct stem *stem, double *const *channels, uint32_t frames, struct error *e)
{
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES;
		double *rest[BLOCK_CHANNELS] = {0};
		for (uint32_t c = 0; c < stem->reel.channels; c++)
			rest[c] = channels[c] + done;
		result = read_block(stem, rest, n, e);
	}
	return result;
}

#include "appliance/stems.h"

#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
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
	}
	session->tracks = (struct key_list){.items = tracks, .count = take->track_count};
}

static int read_raw(void *data, double *const *out, uint32_t frames, struct error *e)
{
	struct stem *stem = data;
	int32_t samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	int32_t *const channel[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = raw_read(stem->reader, channel, frames, e);
	for (uint32_t c = 0; result == 0 && c < raw_format(stem->reader)->channels; c++)
		for (uint32_t i = 0; i < frames; i++)
			out[c][i] = samples[c][i] * stem->scale;
	return result;
}

static int open_stem(struct stem *stem, struct block *block, const struct take_track *track,
	const struct warp *warp, const char *folder, struct error *e)
{
	int result = raw_open(&stem->reader, track, folder, e);
	if (result < 0)
		return result;
	const struct flac_format *format = raw_format(stem->reader);
	if (format->channels != track->input_count || format->channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "%s: has %u channels, the manifest says %zu", track->file,
			format->channels, track->input_count);
	stem->scale = 1.0 / (double)(1U << (format->bits - 1));
	block->channels = format->channels;
	for (uint32_t c = 0; c < format->channels; c++) {
		stem->samples[c] = memory_array(BLOCK_FRAMES, sizeof(double));
		block->channel[c] = stem->samples[c];
	}
	const struct resample_source source = {.read = read_raw, .data = stem};
	return warp ? resample_create(&stem->resample, warp, format->channels, &source, e) : 0;
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

int stems_open(struct stems *stems, const struct manifest *take, const char *folder,
	const struct session *session, struct error *e)
{
	const struct track_config *configs = session->tracks.items;
	*stems = (struct stems){.count = session->tracks.count, .frames = take->frames};
	alignment_load(&stems->alignment, take, folder);
	stems->list = memory_array(stems->count, sizeof(*stems->list));
	stems->blocks = memory_array(stems->count, sizeof(*stems->blocks));
	for (size_t i = 0; i < stems->count; i++) {
		const struct take_track *track = find_track(take, &configs[i]);
		const struct warp *warp = alignment_of(&stems->alignment, track);
		int result = open_stem(&stems->list[i], &stems->blocks[i], track, warp, folder, e);
		if (result < 0) {
			stems_close(stems);
			return result;
		}
	}
	return 0;
}

void stems_close(struct stems *stems)
{
	for (size_t i = 0; i < stems->count; i++) {
		resample_destroy(stems->list[i].resample);
		raw_close(stems->list[i].reader);
		for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
			free(stems->list[i].samples[c]);
	}
	free(stems->list);
	free(stems->blocks);
	alignment_finish(&stems->alignment);
	*stems = (struct stems){0};
}

static int read_stem(struct stem *stem, struct block *block, uint32_t frames, struct error *e)
{
	if (stem->resample)
		return resample_read(stem->resample, block, frames, e);
	block->frames = frames;
	return read_raw(stem, block->channel, frames, e);
}

int stems_read(struct stems *stems, uint32_t frames, struct error *e)
{
	for (size_t i = 0; i < stems->count; i++) {
		int result = read_stem(&stems->list[i], &stems->blocks[i], frames, e);
		if (result < 0)
			return result;
	}
	return 0;
}

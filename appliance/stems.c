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

static int open_stem(struct stem *stem, const struct take_track *track, const struct warp *warp,
	const char *folder, struct error *e)
{
	int result = raw_open(&stem->reader, track, folder, e);
	if (result < 0)
		return result;
	const struct flac_format *format = raw_format(stem->reader);
	if (format->channels != track->input_count || format->channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "%s: has %u channels, the manifest says %zu", track->file,
			format->channels, track->input_count);
	stem->scale = 1.0 / (double)(1U << (format->bits - 1));
	stem->channels = format->channels;
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
	*stems = (struct stems){.count = session->tracks.count,
		.frames = take->frames,
		.take = take,
		.folder = folder,
		.session = session};
	alignment_load(&stems->alignment, take, folder);
	stems->list = memory_array(stems->count, sizeof(*stems->list));
	for (size_t i = 0; i < stems->count; i++) {
		const struct take_track *track = find_track(take, &configs[i]);
		const struct warp *warp = alignment_of(&stems->alignment, track);
		int result = open_stem(&stems->list[i], track, warp, folder, e);
		if (result < 0) {
			stems_close(stems);
			return result;
		}
	}
	return 0;
}

int stems_rewind(struct stems *stems, struct error *e)
{
	const struct stems was = *stems;
	stems_close(stems);
	return stems_open(stems, was.take, was.folder, was.session, e);
}

void stems_close(struct stems *stems)
{
	for (size_t i = 0; i < stems->count; i++) {
		resample_destroy(stems->list[i].resample);
		raw_close(stems->list[i].reader);
	}
	free(stems->list);
	alignment_finish(&stems->alignment);
	*stems = (struct stems){0};
}

int stems_read(struct stems *stems, size_t index, double *const *channels, uint32_t frames, struct error *e)
{
	struct stem *stem = &stems->list[index];
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES;
		struct block block = {.channels = stem->channels, .frames = n};
		for (uint32_t c = 0; c < stem->channels; c++)
			block.channel[c] = channels[c] + done;
		result = stem->resample ? resample_read(stem->resample, &block, n, e)
					: read_raw(stem, block.channel, n, e);
	}
	return result;
}

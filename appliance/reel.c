#include "appliance/reel.h"

#include "audio/wide.h"

#include <errno.h>

WIDE static void scale(const int32_t *restrict from, double by, double *restrict to, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		to[i] = from[i] * by;
}

static int read_raw(void *data, double *const *out, uint32_t frames, struct error *e)
{
	struct reel *reel = data;
	int32_t samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	int32_t *const channel[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = raw_read(reel->reader, channel, frames, e);
	for (uint32_t c = 0; result == 0 && c < BLOCK_CHANNELS && c < reel->channels && out[c]; c++)
		scale(samples[c], reel->scale, out[c], frames);
	return result;
}

int reel_open(struct reel *reel, const struct take_track *track, const struct warp *warp, const char *folder,
	struct error *e)
{
	*reel = (struct reel){0};
	int result = raw_open(&reel->reader, track, folder, e);
	if (result < 0)
		return result;
	const struct flac_format *format = raw_format(reel->reader);
	if (format->channels != track->input_count || format->channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "%s: has %u channels, the manifest says %zu", track->file,
			format->channels, track->input_count);
	reel->scale = 1.0 / (double)(1U << (format->bits - 1));
	reel->channels = format->channels;
	const struct resample_source source = {.read = read_raw, .data = reel};
	return warp ? resample_create(&reel->resample, warp, format->channels, &source, e) : 0;
}

void reel_close(struct reel *reel)
{
	resample_destroy(reel->resample);
	raw_close(reel->reader);
	*reel = (struct reel){0};
}

int reel_read(struct reel *reel, double *const *channels, uint32_t frames, struct error *e)
{
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES;
		struct block block = {.channels = reel->channels, .frames = n};
		for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
			block.channel[c] = c < reel->channels ? channels[c] + done : NULL;
		result = reel->resample ? resample_read(reel->resample, &block, n, e)
					: read_raw(reel, block.channel, n, e);
	}
	return result;
}

int reel_skip(struct reel *reel, uint64_t frames, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *const channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = 0;
	for (uint64_t n; frames > 0 && result == 0; frames -= n) {
		n = frames < BLOCK_FRAMES ? frames : BLOCK_FRAMES;
		result = reel_read(reel, channels, (uint32_t)n, e);
	}
	return result;
}

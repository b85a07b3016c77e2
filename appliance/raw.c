#include "appliance/raw.h"

#include "common/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_file(void *data, double *const *out, uint32_t frames, struct error *e)
{
	struct raw *raw = data;
	int32_t samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint32_t filled = 0;
	while (filled < frames) {
		int32_t *const rest[BLOCK_CHANNELS] = {samples[0] + filled, samples[1] + filled};
		int n = flac_reader_read(raw->reader, rest, frames - filled, e);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		filled += (uint32_t)n;
	}
	for (uint32_t c = 0; c < raw->channels; c++) {
		for (uint32_t i = 0; i < filled; i++)
			out[c][i] = samples[c][i] * raw->scale;
		memset(out[c] + filled, 0, (frames - filled) * sizeof(double));
	}
	return 0;
}

int raw_open(struct raw *raw, const struct take_track *track, const struct warp *warp, const char *folder,
	struct error *e)
{
	*raw = (struct raw){0};
	char *path = file_join(folder, track->files[0]);
	int result = flac_reader_open(&raw->reader, path, e);
	free(path);
	if (result < 0)
		return result;
	const struct flac_format *format = flac_reader_format(raw->reader);
	if (format->channels != track->input_count || format->channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "%s: has %u channels, the manifest says %zu", track->files[0],
			format->channels, track->input_count);
	raw->scale = 1.0 / (double)(1U << (format->bits - 1));
	raw->channels = format->channels;
	const struct resample_source source = {.read = read_file, .data = raw};
	return warp ? resample_create(&raw->resample, warp, format->channels, &source, e) : 0;
}

void raw_close(struct raw *raw)
{
	resample_destroy(raw->resample);
	flac_reader_close(raw->reader);
	*raw = (struct raw){0};
}

int raw_read(struct raw *raw, double *const *channels, uint32_t frames, struct error *e)
{
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES;
		struct block block = {.channels = raw->channels, .frames = n};
		for (uint32_t c = 0; c < raw->channels; c++)
			block.channel[c] = channels[c] + done;
		result = raw->resample ? resample_read(raw->resample, &block, n, e)
				       : read_file(raw, block.channel, n, e);
	}
	return result;
}

int raw_skip(struct raw *raw, uint64_t frames, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *const channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	uint64_t known = flac_reader_frames(raw->reader);
	if (!raw->resample && frames <= known)
		return flac_reader_seek(raw->reader, frames, e);
	for (uint64_t n; frames > 0; frames -= n) {
		n = frames < BLOCK_FRAMES ? frames : BLOCK_FRAMES;
		int result = raw_read(raw, channels, (uint32_t)n, e);
		if (result < 0)
			return result;
	}
	return 0;
}

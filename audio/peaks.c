#include "audio/peaks.h"

#include "common/memory.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION = 2, BITS = 8, NUMBER_MOST = 5 }; /* "-128," */

struct range {
	float least, most;
};

struct peaks {
	uint32_t rate, channels;
	uint64_t frames_per_pixel;
	uint64_t in_pixel; /* frames of the last pixel that have come */
	struct range *pixels;
	size_t count, room; /* of pixels, all channels of one after the other */
};

struct peaks *peaks_create(uint32_t rate, uint32_t channels, uint64_t frames)
{
	struct peaks *peaks = memory_new(sizeof(*peaks));
	*peaks = (struct peaks){.rate = rate, .channels = channels, .frames_per_pixel = PEAKS_FRAMES_LEAST};
	while (frames / peaks->frames_per_pixel >= PEAKS_PIXELS_MOST)
		peaks->frames_per_pixel *= 2;
	return peaks;
}

void peaks_destroy(struct peaks *peaks)
{
	if (!peaks)
		return;
	free(peaks->pixels);
	free(peaks);
}

static void begin_pixel(struct peaks *peaks)
{
	if (peaks->count == peaks->room) {
		peaks->room = peaks->room ? 2 * peaks->room : PEAKS_PIXELS_MOST;
		peaks->pixels =
			memory_grow(peaks->pixels, peaks->room * peaks->channels, sizeof(*peaks->pixels));
	}
	for (uint32_t c = 0; c < peaks->channels; c++)
		peaks->pixels[peaks->count * peaks->channels + c] = (struct range){1, -1};
	peaks->count++;
}

static void widen(struct range *range, const double *samples, uint32_t frames)
{
	double least = range->least, most = range->most;
	for (uint32_t i = 0; i < frames; i++) {
		/* A NAN is neither less nor more. */
		least = samples[i] < least ? samples[i] : least;
		most = samples[i] > most ? samples[i] : most;
	}
	*range = (struct range){(float)least, (float)most};
}

void peaks_add(struct peaks *peaks, const struct block *block)
{
	for (uint32_t done = 0, n; done < block->frames; done += n) {
		if (peaks->in_pixel == 0)
			begin_pixel(peaks);
		uint64_t left = peaks->frames_per_pixel - peaks->in_pixel;
		n = left < block->frames - done ? (uint32_t)left : block->frames - done;
		for (uint32_t c = 0; c < peaks->channels; c++)
			widen(&peaks->pixels[(peaks->count - 1) * peaks->channels + c],
				block->channel[c] + done, n);
		peaks->in_pixel = (peaks->in_pixel + n) % peaks->frames_per_pixel;
	}
}

/* Towards zero, as audiowaveform has it. */
static int level(float sample)
{
	float scaled = sample * (1 << (BITS - 1));
	float most = (1 << (BITS - 1)) - 1, least = -(1 << (BITS - 1));
	return (int)(scaled > most ? most : scaled < least ? least : scaled);
}

char *peaks_json(const struct peaks *peaks)
{
	char *head = memory_format("{\"version\":%d,\"channels\":%" PRIu32 ",\"sample_rate\":%" PRIu32
				   ",\"samples_per_pixel\":%" PRIu64 ",\"bits\":%d,\"length\":%zu,\"data\":[",
		VERSION, peaks->channels, peaks->rate, peaks->frames_per_pixel, BITS, peaks->count);
	size_t ranges = peaks->count * peaks->channels;
	struct text text;
	FILE *out = text_open(&text);
	fputs(head, out);
	free(head);
	for (size_t i = 0; i < ranges; i++) {
		struct range range = peaks->pixels[i];
		if (range.least > range.most) /* nothing but what is no number */
			range = (struct range){0, 0};
		fprintf(out, "%s%d,%d", i ? "," : "", level(range.least), level(range.most));
	}
	fputs("]}\n", out);
	return text_close(&text);
}

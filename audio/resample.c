#include "audio/resample.h"

#include "audio/sinc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAPS = 96,
	BEFORE = TAPS / 2 - 1, /* taps before the frame that a position lies behind */
	PHASES = 2048,	       /* straight lines between so many: below -130 dB of the signal */
	LANES = 2,
	BUFFER = 4 * BLOCK_FRAMES,
};

/* Kaiser's formula for 136 dB (J. F. Kaiser, 1974): at 96 taps the transition is 0.093 of the rate wide
 * around half the rate, so that at 44.1 kHz 20 kHz still passes and its image at 24.1 kHz does not. */
static const double kaiser_beta = 14.03;

#define FARTHEST 1e10 /* frames: more than a day at 96 kHz */

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

struct resample {
	const struct warp *warp;
	struct resample_source source;
	uint32_t channels;
	uint64_t frame;	 /* of the output, the next one */
	size_t corner;	 /* of the warp, at or before it */
	int64_t last;	 /* of the input, the one behind which the last frame was taken */
	int64_t first;	 /* of the input, at the buffers' start */
	uint32_t filled; /* frames in the buffers */
	double *buffer[BLOCK_CHANNELS];
	double (*phases)[TAPS]; /* PHASES + 1 */
};

int resample_create(struct resample **resample, const struct warp *warp, uint32_t channels,
	const struct resample_source *source, struct error *e)
{
	struct resample *r = calloc(1, sizeof(*r));
	bool whole = r != NULL;
	if (r) {
		*r = (struct resample){.warp = warp, .source = *source, .channels = channels};
		r->phases = calloc(PHASES + 1, sizeof(*r->phases));
		whole = r->phases != NULL;
		for (uint32_t c = 0; c < channels; c++) {
			r->buffer[c] = calloc(BUFFER, sizeof(double));
			whole = whole && r->buffer[c];
		}
	}
	if (!whole) {
		resample_destroy(r);
		return error_errno(e, ENOMEM, "resampling");
	}
	for (int i = 0; i <= PHASES; i++)
		sinc_design(r->phases[i], TAPS, (double)i / PHASES, kaiser_beta);
	r->last = INT64_MIN;
	double shift = fmin(warp_shift(warp, 0), 0);
	r->first = (int64_t)floor(fmax(shift, -FARTHEST)) - TAPS;
	*resample = r;
	return 0;
}

void resample_destroy(struct resample *resample)
{
	if (!resample)
		return;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		free(resample->buffer[c]);
	free(resample->phases);
	free(resample);
}

/* The shift at the next frame of the output. */
static double next_shift(struct resample *r)
{
	const struct warp_corner *corners = r->warp->corners;
	double n = (double)r->frame;
	while (r->corner + 2 < r->warp->count && corners[r->corner + 1].frame <= n)
		r->corner++;
	const struct warp_corner *a = &corners[r->corner], *b = a + 1;
	return a->shift + (b->shift - a->shift) * ((n - a->frame) / (b->frame - a->frame));
}

/* Forgets what lies before input frame `from`. */
static void drop(struct resample *r, int64_t from)
{
	if (from <= r->first)
		return;
	uint64_t gone = (uint64_t)(from - r->first);
	uint32_t n = gone < r->filled ? (uint32_t)gone : r->filled;
	for (uint32_t c = 0; c < r->channels; c++)
		memmove(r->buffer[c], r->buffer[c] + n, (r->filled - n) * sizeof(double));
	r->filled -= n;
	r->first += n;
}

static int fill_some(struct resample *r, struct error *e)
{
	double *channels[BLOCK_CHANNELS] = {NULL};
	int64_t next = r->first + r->filled;
	uint32_t frames = next < 0 && -next < BLOCK_FRAMES ? (uint32_t)-next : BLOCK_FRAMES;
	for (uint32_t c = 0; c < r->channels; c++)
		channels[c] = r->buffer[c] + r->filled;
	int result = 0;
	if (next < 0)
		for (uint32_t c = 0; c < r->channels; c++)
			memset(channels[c], 0, frames * sizeof(double));
	else
		result = r->source.read(r->source.data, channels, frames, e);
	r->filled += frames;
	return result;
}

/* Has the TAPS input frames from `from` on in the buffers. */
static int fetch(struct resample *r, int64_t from, struct error *e)
{
	while (r->first + r->filled < from + TAPS) {
		drop(r, from);
		int result = fill_some(r, e);
		if (result < 0)
			return result;
	}
	return 0;
}

static lanes load(const double *from)
{
	return *(const lanes *)(const void *)from;
}

/* Two rows of taps on the same samples. The order of the sums is written down, so that every compiler gives
 * the same; four sums at once keep the processor's adders busy, and a vector wider than it has would go
 * through memory. */
static double interpolate(const double *samples, const double *row, double between)
{
	const double *next = row + TAPS;
	lanes low_a = {0}, low_b = {0}, high_a = {0}, high_b = {0};
	for (int k = 0; k < TAPS; k += 2 * LANES) {
		lanes x = load(samples + k), y = load(samples + k + LANES);
		low_a += x * load(row + k);
		low_b += y * load(row + k + LANES);
		high_a += x * load(next + k);
		high_b += y * load(next + k + LANES);
	}
	low_a += low_b;
	high_a += high_b;
	double low = low_a[0] + low_a[1], high = high_a[0] + high_a[1];
	return low + between * (high - low);
}

struct position {
	int64_t frame; /* of the input, before it */
	double fraction;
};

/* A log that somebody wrote by hand must not lead anywhere that there is no audio. */
static struct position next_position(struct resample *r)
{
	double shift = fmax(-FARTHEST, fmin(next_shift(r), FARTHEST));
	double whole = floor(shift);
	struct position position = {(int64_t)r->frame + (int64_t)whole, shift - whole};
	if (position.frame < r->last)
		position = (struct position){r->last, 0};
	r->last = position.frame;
	return position;
}

static void write_frame(struct resample *r, struct block *block, uint32_t at, struct position position)
{
	double phase = position.fraction * PHASES;
	double row = fmin(floor(phase), PHASES - 1);
	for (uint32_t c = 0; c < r->channels; c++)
		block->channel[c][at] = interpolate(r->buffer[c] + (position.frame - BEFORE - r->first),
			r->phases[(int)row], phase - row);
}

int resample_read(struct resample *resample, struct block *block, uint32_t frames, struct error *e)
{
	block->frames = frames;
	for (uint32_t i = 0; i < frames; i++, resample->frame++) {
		struct position position = next_position(resample);
		int result = fetch(resample, position.frame - BEFORE, e);
		if (result < 0)
			return result;
		write_frame(resample, block, i, position);
	}
	return 0;
}

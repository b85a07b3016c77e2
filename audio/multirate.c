#include "audio/multirate.h"

#include "audio/sinc.h"

#include <stdlib.h>
#include <string.h>

enum {
	STAGES_MOST = 3,
	TAPS_MOST = 97,
	LANES = 2,
	TILE = 4 * LANES,
	CHUNK_MOST = MULTIRATE_CHUNK * MULTIRATE_FACTOR_MOST / 2, /* of the lower rate of the last stage */
};

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

/* A symmetric filter and what it has heard. */
struct line {
	size_t taps;
	double half[TAPS_MOST / 2 + 1];		     /* the first half and, of an odd number, the middle */
	double heard[TAPS_MOST + CHUNK_MOST + TILE]; /* what came before, then the chunk, then slack */
};

/* Between one rate and its double. Of every two samples of the higher rate the even one lies on the lower
 * rate's grid, the odd one between. Up: even as it came, odd interpolated. Down: even and odd each through
 * their half of a lowpass. Both ways delay by half of the odd filter's taps, at the lower rate. */
struct stage {
	struct line up_odd, down_even, down_odd;
};

struct multirate {
	uint32_t factor, latency;
	size_t stages;
	struct stage stage[STAGES_MOST];
};

/* Odd taps of each stage. The first divides what is heard from what is not; behind it the way is wide. */
static const size_t up_taps[STAGES_MOST] = {64, 16, 12}, down_taps[STAGES_MOST] = {96, 16, 12};

/* Kaiser's formula for 90 dB. */
static const double kaiser_beta = 8.96;

/* Of the way back's first stage: 0.44 to 0.5 of the lower rate is its slope. */
static const double cutoff = 0.235;

static void set_taps(struct line *line, const double *taps, size_t count, double gain)
{
	line->taps = count;
	for (size_t k = 0; k < (count + 1) / 2; k++)
		line->half[k] = gain * taps[k];
}

static void design_halfband(struct stage *stage, size_t up, size_t down)
{
	double taps[TAPS_MOST];
	const double centre = 1;
	sinc_design(taps, up, 0.5, kaiser_beta);
	set_taps(&stage->up_odd, taps, up, 1);
	sinc_design(taps, down, 0.5, kaiser_beta);
	set_taps(&stage->down_odd, taps, down, 0.5);
	set_taps(&stage->down_even, &centre, 1, 0.5);
}

/* The two halves of a lowpass of twice as many taps and one. */
static void design_lowpass(struct stage *stage, size_t odd_taps)
{
	double taps[2 * TAPS_MOST], even[TAPS_MOST] = {0}, odd[TAPS_MOST] = {0};
	size_t count = 2 * odd_taps + 1;
	sinc_lowpass(taps, count, cutoff, kaiser_beta);
	for (size_t k = 0; k < count; k++)
		*(k % 2 ? &odd[k / 2] : &even[k / 2]) = taps[k];
	set_taps(&stage->down_even, even, odd_taps + 1, 1);
	set_taps(&stage->down_odd, odd, odd_taps, 1);
}

struct multirate *multirate_create(uint32_t factor)
{
	if (factor != 2 && factor != 4 && factor != 8)
		return NULL;
	struct multirate *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->factor = factor;
	const size_t stages = factor == 8 ? 3 : factor == 4 ? 2 : 1;
	made->stages = stages;
	for (size_t i = 0; i < stages; i++) {
		design_halfband(&made->stage[i], up_taps[i], down_taps[i]);
		made->latency += (uint32_t)((up_taps[i] + down_taps[i]) / 2 >> i);
	}
	design_lowpass(&made->stage[0], down_taps[0]);
	return made;
}

void multirate_destroy(struct multirate *multirate)
{
	free(multirate);
}

void multirate_reset(struct multirate *multirate)
{
	for (size_t i = 0; i < multirate->stages; i++) {
		struct stage *s = &multirate->stage[i];
		memset(s->up_odd.heard, 0, sizeof(s->up_odd.heard));
		memset(s->down_even.heard, 0, sizeof(s->down_even.heard));
		memset(s->down_odd.heard, 0, sizeof(s->down_odd.heard));
	}
}

uint32_t multirate_latency(const struct multirate *multirate)
{
	return multirate->latency;
}

static inline lanes load(const double *from)
{
	lanes value;
	memcpy(&value, from, sizeof(value));
	return value;
}

/* TILE outputs; a tap of a symmetric filter meets two samples for each. */
static void convolve_tile(const struct line *line, const double *x, double *out)
{
	const size_t half = line->taps / 2, last = line->taps - 1;
	lanes sum[TILE / LANES] = {{0}};
	for (size_t k = 0; k < half; k++) {
		const double tap = line->half[k];
		for (size_t v = 0; v < TILE / LANES; v++)
			sum[v] += tap * (load(x + k + v * LANES) + load(x + last - k + v * LANES));
	}
	const double middle = line->taps % 2 ? line->half[half] : 0;
	for (size_t v = 0; v < TILE / LANES && line->taps % 2; v++)
		sum[v] += middle * load(x + half + v * LANES);
	memcpy(out, sum, sizeof(sum));
}

/* `out` has room for a whole tile more. `from` is where the first output's window begins; a whole tile is
 * computed whatever `count` is, the slack behind the chunk being only read. */
static void convolve(const struct line *line, size_t from, size_t count, double *out)
{
	for (size_t i = 0; i < count; i += TILE)
		convolve_tile(line, line->heard + from + i, out + i);
}

static void hear(struct line *line, const double *samples, size_t count, size_t stride, size_t history)
{
	double *to = line->heard + history;
	for (size_t i = 0; i < count; i++)
		to[i] = samples[i * stride];
}

static void forget(struct line *line, size_t count, size_t history)
{
	memmove(line->heard, line->heard + count, history * sizeof(*line->heard));
}

static void stage_up(struct stage *stage, const double *in, size_t count, double *out)
{
	double odd[CHUNK_MOST + TILE];
	struct line *line = &stage->up_odd;
	const size_t history = line->taps - 1;
	hear(line, in, count, 1, history);
	convolve(line, 0, count, odd);
	const double *even = line->heard + line->taps / 2 - 1;
	for (size_t i = 0; i < count; i++) {
		out[2 * i] = even[i];
		out[2 * i + 1] = odd[i];
	}
	forget(line, count, history);
}

/* The even filter has one tap more than the odd one, or one alone: its centre comes `half` late. */
static void stage_down(struct stage *stage, const double *in, size_t count, double *out)
{
	double even[CHUNK_MOST + TILE], odd[CHUNK_MOST + TILE];
	const size_t history = stage->down_odd.taps;
	hear(&stage->down_even, in, count, 2, history);
	hear(&stage->down_odd, in + 1, count, 2, history);
	convolve(&stage->down_even, history / 2 - stage->down_even.taps / 2, count, even);
	convolve(&stage->down_odd, 0, count, odd);
	for (size_t i = 0; i < count; i++)
		out[i] = even[i] + odd[i];
	forget(&stage->down_even, count, history);
	forget(&stage->down_odd, count, history);
}

void multirate_up(struct multirate *multirate, const double *samples, size_t count, double *out)
{
	double between[2][CHUNK_MOST];
	const double *in = samples;
	for (size_t i = 0; i < multirate->stages; i++) {
		double *to = i + 1 == multirate->stages ? out : &between[i][0];
		stage_up(&multirate->stage[i], in, count << i, to);
		in = to;
	}
}

void multirate_down(struct multirate *multirate, const double *samples, size_t count, double *out)
{
	double between[STAGES_MOST][CHUNK_MOST];
	const double *in = samples;
	for (size_t i = multirate->stages; i-- > 0;) {
		double *to = i == 0 ? out : &between[i][0];
		stage_down(&multirate->stage[i], in, count << i, to);
		in = to;
	}
}

/* How filter.c runs its sections: one alone, or many in wide vectors. Only for filter.c and the biquads' own
 * files. */
#ifndef WOODSHED_AUDIO_BIQUAD_H
#define WOODSHED_AUDIO_BIQUAD_H

#include "audio/filter.h"

/* In an order in which only a1 y1 and one subtraction lie between a sample and the next, and what comes of
 * the one before that is ready by then: a section is bound by that latency. Pairs (filter.c) do the very same
 * operations in the same order. */
static inline void biquad_run(
	const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	const struct biquad s = *section;
	double x1 = memory->x1, x2 = memory->x2, y1 = memory->y1, y2 = memory->y2;
	for (size_t i = 0; i < count; i++) {
		double x = samples[i];
		double y = ((s.b0 * x + (s.b1 * x1 + s.b2 * x2)) - s.a2 * y2) - s.a1 * y1;
		x2 = x1;
		x1 = x;
		y2 = y1;
		y1 = y;
		samples[i] = y;
	}
	memory->x1 = x1;
	memory->x2 = x2;
	memory->y1 = y1;
	memory->y2 = y2;
}

/* For sections side by side: `*l` is a struct of vectors of any width, b0 to a2 of coefficients, x1 to y2 of
 * memories, and a lane of all of them is one section's. */
#define LANE_TAKE_SECTION(l, lane, s) \
	((l)->b0[lane] = (s)->b0, (l)->b1[lane] = (s)->b1, (l)->b2[lane] = (s)->b2, (l)->a1[lane] = (s)->a1, \
		(l)->a2[lane] = (s)->a2)
#define LANE_TAKE_MEMORY(l, lane, m) \
	((l)->x1[lane] = (m)->x1, (l)->x2[lane] = (m)->x2, (l)->y1[lane] = (m)->y1, (l)->y2[lane] = (m)->y2)
#define LANE_GIVE_MEMORY(l, lane, m) \
	((m)->x1 = (l)->x1[lane], (m)->x2 = (l)->x2[lane], (m)->y1 = (l)->y1[lane], (m)->y2 = (l)->y2[lane])

/* Runs `n` sections after one another where this processor multiplies and adds in one operation (x86-64 with
 * AVX2 and FMA); else false, and nothing is done. Bits are the same however the samples are cut into calls,
 * but differ in the last places from biquad_run's: a processor keeps to one of the two. */
bool biquad_run_wide(const struct biquad *sections, struct biquad_memory *memories, size_t n, double *samples,
	size_t count);

enum { BIQUAD_TOGETHER_MOST = 12 };

/* Signals, each with its own sections, `count` of them, and memories. */
struct biquad_signals {
	const struct biquad *sections[FILTER_TOGETHER];
	struct biquad_memory *memories[FILTER_TOGETHER];
	double *samples[FILTER_TOGETHER];
	size_t count;
};

/* Runs `count` samples of all signals side by side, in place, to the bits of biquad_run_wide. False, and
 * nothing is done, where that does nothing or there are more than BIQUAD_TOGETHER_MOST sections. */
bool biquad_run_together(const struct biquad_signals *signals, size_t count);

/* Two sections after one another of two signals side by side, to the bits of biquad_run_wide. False, and
 * nothing is done, where that does nothing or the samples are few. */
bool biquad_run_pair(const struct biquad sections[static 2], struct biquad_memory *const memories[static 2],
	double *const samples[static 2], size_t count);

/* One or two sections after one another, for two channels at once. */
struct biquad_stereo {
	const struct biquad *sections;
	struct biquad_memory *memories[2]; /* of each channel */
	size_t count;			   /* of sections */
	const double *in[2];
	double *out[2]; /* may be `in`, and so may what another of the two takes in */
};

/* Runs two of them side by side, `count` samples; `other` may have no sections, and no samples then. The same
 * bits as filter_run's. */
void biquad_run_stereo(const struct biquad_stereo *one, const struct biquad_stereo *other, size_t count);

#endif

/* How filter.c runs its sections: one alone, or many in wide vectors. Only for filter.c and biquad-wide.c. */
#ifndef WOODSHED_AUDIO_BIQUAD_H
#define WOODSHED_AUDIO_BIQUAD_H

#include "audio/filter.h"

/* The memory is written so that only y1 * a1 and one subtraction lie between a sample and the next: a section
 * is bound by that latency. Every path below does the very same operations in the same order. */
static inline void biquad_run(
	const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	const struct biquad s = *section;
	double pending = memory->pending, x1 = memory->x1, y1 = memory->y1;
	for (size_t i = 0; i < count; i++) {
		double x = samples[i];
		double y = (s.b0 * x + pending) - s.a1 * y1;
		pending = s.b1 * x + (s.b2 * x1 - s.a2 * y1);
		x1 = x;
		y1 = y;
		samples[i] = y;
	}
	memory->pending = pending;
	memory->x1 = x1;
	memory->y1 = y1;
}

/* Runs `n` sections after one another in vectors of four where this processor has them and that is faster
 * than filter.c's pairs; else false, and nothing is done. The same bits. */
bool biquad_run_wide(const struct biquad *sections, struct biquad_memory *memories, size_t n, double *samples,
	size_t count);

enum { BIQUAD_STEREO_LEAST = 3 };

/* One or two sections after one another, for two channels at once. */
struct biquad_stereo {
	const struct biquad *sections;
	struct biquad_memory *memories[2]; /* of each channel */
	size_t count;			   /* of sections */
	const double *in[2];
	double *out[2]; /* may be `in`, or what another of the two takes in */
};

/* Runs two of them side by side, `count` samples, at least BIQUAD_STEREO_LEAST; `one` is begun first. The
 * same bits as biquad_run's. */
void biquad_run_stereo(const struct biquad_stereo *one, const struct biquad_stereo *other, size_t count);

#endif

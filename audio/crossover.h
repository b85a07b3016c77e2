/* Linkwitz-Riley crossover of fourth order: 2 to 5 bands (S. Linkwitz, "Active Crossover Networks for
 * Noncoincident Drivers", JAES 24 (1), 1976). Each lower band also passes the all-passes of the crossovers
 * above it, so that all bands are in phase and their sum is an all-pass: flat within rounding. */
#ifndef WOODSHED_AUDIO_CROSSOVER_H
#define WOODSHED_AUDIO_CROSSOVER_H

#include "audio/filter.h"

enum { CROSSOVER_BANDS = 5, CROSSOVER_SPLITS = CROSSOVER_BANDS - 1 };

struct crossover_split {
	struct biquad low[2], high[2]; /* a Butterworth of second order, twice */
	struct biquad all;	       /* the all-pass that low and high add up to */
};

struct crossover {
	size_t bands;
	struct crossover_split splits[CROSSOVER_SPLITS];
};

/* Of one channel; starts zeroed. */
struct crossover_memory {
	struct biquad_memory low[CROSSOVER_SPLITS][2], high[CROSSOVER_SPLITS][2];
	/* Of the band below each split, through the splits above it. */
	struct biquad_memory all[CROSSOVER_SPLITS][CROSSOVER_SPLITS];
};

/* `frequencies` (Hz, rising, above 0 and below half the rate) are where neighbours meet, both 6 dB down: one
 * fewer than `bands`, which is 1 to CROSSOVER_BANDS. The bilinear transform keeps the sum flat and the
 * crossover points where they are; well above 5 kHz at 48 kHz the slopes are steeper than the analogue ones.
 */
void crossover_init(struct crossover *crossover, size_t bands, const double *frequencies, double rate);

/* Splits `count` samples of `in` into `bands`, lowest first, one array a band; the highest may be `in`
 * itself, the others must not. Bit-identical however the signal is cut; memories decay to zero in silence. */
void crossover_run(const struct crossover *crossover, struct crossover_memory *memory, const double *in,
	double *const *bands, size_t count);

/* The same for two channels at once, twice as fast: in[c] into bands[c][0], bands[c][1], … */
void crossover_run_stereo(const struct crossover *crossover, struct crossover_memory memories[2],
	const double *const in[2], double *const *const bands[2], size_t count);

#endif

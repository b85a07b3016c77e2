/* Word length: quantising with triangular dither of ±1 LSB (TPDF; S. P. Lipshitz, R. A. Wannamaker and
 * J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40(5), 1992), which leaves an error
 * whose mean and power do not depend on the signal. RT safe. */
#ifndef WOODSHED_AUDIO_DITHER_H
#define WOODSHED_AUDIO_DITHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one channel. The same seed gives the same noise. */
struct dither {
	uint64_t random;
};

void dither_init(struct dither *dither, uint64_t seed);

/* Rounds `samples` (full scale ±1.0) in place to `bits` (2 to 32), with dither if `noise`. No sample comes
 * out above `most` (0 to 1) in magnitude, nor above what the word holds. */
void dither_quantise(
	struct dither *dither, double *samples, size_t count, unsigned bits, double most, bool noise);

#endif

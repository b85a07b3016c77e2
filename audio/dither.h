/* Word length: quantising with triangular dither of ±1 LSB (TPDF; S. P. Lipshitz, R. A. Wannamaker and
 * J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40(5), 1992), which leaves an error
 * whose mean and power do not depend on the signal. RT safe. */
#ifndef WOODSHED_AUDIO_DITHER_H
#define WOODSHED_AUDIO_DITHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DITHER_TAPS = 5 };

/* Of one channel. The same seed gives the same noise. */
struct dither {
	uint64_t random;
	double errors[DITHER_TAPS]; /* of the last samples, in LSB, where noise is shaped */
};

void dither_init(struct dither *dither, uint64_t seed);

/* Rounds `samples` (full scale ±1.0) in place to `bits` (2 to 32), with dither if `noise`. No sample comes
 * out above `most` (0 to 1) in magnitude, nor above what the word holds. */
void dither_quantise(
	struct dither *dither, double *samples, size_t count, unsigned bits, double most, bool noise);

/* The same with the error fed back through five taps, so that it lies where ears hear less (S. P. Lipshitz,
 * J. Vanderkooy and R. A. Wannamaker, "Minimally Audible Noise Shaping", JAES 39(11), 1991: for 44.1 kHz, and
 * good for 48). A sample is off by DITHER_SHAPED_LSB at most. */
#define DITHER_SHAPED_LSB 14.1
void dither_quantise_shaped(struct dither *dither, double *samples, size_t count, unsigned bits, double most);

#endif

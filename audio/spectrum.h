/* Short-time spectra: a real FFT (kissfft, 32 bit) with a window, and back. One thread a spectrum.
 *
 * Bin k of `size` / 2 + 1 is at k × rate / size Hz. `spectrum_inverse` undoes `spectrum_forward` of the
 * rectangular window exactly (to float's precision): both scalings are in the inverse. */
#ifndef WOODSHED_AUDIO_SPECTRUM_H
#define WOODSHED_AUDIO_SPECTRUM_H

#include "common/error.h"

#include <stddef.h>

struct spectrum_bin {
	float re, im;
};

enum spectrum_window {
	SPECTRUM_RECTANGULAR,
	SPECTRUM_HANN,	    /* periodic: sums to 1 at hops of half the size */
	SPECTRUM_ROOT_HANN, /* its square root: for analysis and synthesis */
};

struct spectrum;

/* `size` is even, a product of small primes (a power of 2 is fastest). -EINVAL or -ENOMEM. */
int spectrum_create(
	struct spectrum **spectrum, size_t size, enum spectrum_window window, struct error *e) MUST_CHECK;
void spectrum_destroy(struct spectrum *spectrum); /* NULL is fine */

size_t spectrum_bins(const struct spectrum *spectrum); /* size / 2 + 1 */

/* Transforms `size` windowed samples. */
void spectrum_forward(struct spectrum *spectrum, const double *samples, struct spectrum_bin *bins);

/* The samples of `bins`, windowed again (for overlap-add with SPECTRUM_ROOT_HANN). */
void spectrum_inverse(struct spectrum *spectrum, const struct spectrum_bin *bins, double *samples);

/* |bin|² */
static inline float spectrum_power(struct spectrum_bin bin)
{
	return bin.re * bin.re + bin.im * bin.im;
}

#endif

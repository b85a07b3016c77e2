/* Power spectra of two real signals at once: one is the real part of what is transformed, the other the
 * imaginary part. What one leaves in the other's is what 32 bits round away, 140 dB below the louder. One
 * thread each. */
#ifndef WOODSHED_AUDIO_TWIN_SPECTRUM_H
#define WOODSHED_AUDIO_TWIN_SPECTRUM_H

#include "common/error.h"

#include <stddef.h>

struct twin_spectrum;

/* `size` is a power of two (audio/fft.h); the window is Hann's, periodic. NULL when out of memory. */
struct twin_spectrum *twin_spectrum_create(size_t size);
void twin_spectrum_destroy(struct twin_spectrum *twin); /* NULL is fine */

size_t twin_spectrum_bins(const struct twin_spectrum *twin); /* size / 2 + 1 */

/* |bin|² of `size` windowed samples of each and of the mean of both, one a bin. Valid until the next. */
struct twin_powers {
	const float *one, *other, *mean;
};
struct twin_powers twin_spectrum_run(struct twin_spectrum *twin, const double *one, const double *other);

#endif

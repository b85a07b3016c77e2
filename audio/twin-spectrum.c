#include "audio/twin-spectrum.h"

#include "audio/fft.h"
#include "audio/wide.h"

#include <math.h>
#include <stdlib.h>

struct twin_spectrum {
	size_t size;
	struct fft *fft;
	double *window;
	float *one, *other;
};

struct twin_spectrum *twin_spectrum_create(size_t size)
{
	struct twin_spectrum *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->size = size;
	made->fft = fft_create(size);
	made->window = calloc(size, sizeof(*made->window));
	made->one = calloc(size / 2 + 1, sizeof(float));
	made->other = calloc(size / 2 + 1, sizeof(float));
	if (!made->fft || !made->window || !made->one || !made->other) {
		twin_spectrum_destroy(made);
		return NULL;
	}
	for (size_t i = 0; i < size; i++)
		made->window[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)size);
	return made;
}

void twin_spectrum_destroy(struct twin_spectrum *twin)
{
	if (!twin)
		return;
	fft_destroy(twin->fft);
	free(twin->window);
	free(twin->one);
	free(twin->other);
	free(twin);
}

size_t twin_spectrum_bins(const struct twin_spectrum *twin)
{
	return twin->size / 2 + 1;
}

WIDE static void window_samples(
	const double *restrict window, const double *restrict samples, float *restrict to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = (float)(window[i] * samples[i]);
}

/* A real signal's bins come back as each other's mirror image: what is even under that in the real part and
 * odd in the imaginary part is the first signal's, the rest the second's. `far` is bin -k of bin k. */
static INLINE void take_apart(
	struct fft_numbers z, size_t k, size_t far, float *restrict one, float *restrict other)
{
	const float re = (z.re[k] + z.re[far]) / 2, im = (z.im[k] - z.im[far]) / 2;
	const float other_re = (z.im[k] + z.im[far]) / 2, other_im = (z.re[far] - z.re[k]) / 2;
	one[k] = re * re + im * im;
	other[k] = other_re * other_re + other_im * other_im;
}

WIDE static void take_all_apart(struct fft_numbers z, size_t size, float *restrict one, float *restrict other)
{
	take_apart(z, 0, 0, one, other);
	for (size_t k = 1; k <= size / 2; k++)
		take_apart(z, k, size - k, one, other);
}

struct twin_powers twin_spectrum_run(struct twin_spectrum *twin, const double *one, const double *other)
{
	struct fft_numbers in = fft_in(twin->fft);
	window_samples(twin->window, one, in.re, twin->size);
	window_samples(twin->window, other, in.im, twin->size);
	struct fft_numbers z = fft_run(twin->fft);
	take_all_apart(z, twin->size, twin->one, twin->other);
	return (struct twin_powers){twin->one, twin->other};
}

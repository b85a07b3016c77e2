#include "audio/spectrum.h"

#include "common/memory.h"

#include <errno.h>
#include <kiss_fftr.h>
#include <math.h>
#include <stdlib.h>

struct spectrum {
	size_t size;
	double *window; /* NULL: rectangular */
	float *samples;
	kiss_fftr_cfg forward, inverse;
};

/* kissfft's own type of a bin: two floats, as ours. */
_Static_assert(sizeof(kiss_fft_cpx) == sizeof(struct spectrum_bin), "kissfft is built for another scalar");

static void fill_window(struct spectrum *spectrum, enum spectrum_window window)
{
	if (window == SPECTRUM_RECTANGULAR)
		return;
	spectrum->window = memory_array(spectrum->size, sizeof(*spectrum->window));
	for (size_t i = 0; i < spectrum->size; i++) {
		double hann = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)spectrum->size);
		spectrum->window[i] = window == SPECTRUM_HANN ? hann : sqrt(hann);
	}
}

int spectrum_create(struct spectrum **spectrum, size_t size, enum spectrum_window window, struct error *e)
{
	if (size < 2 || size % 2 != 0 || size > 1 << 24)
		return error_set(e, EINVAL, "a spectrum of %zu samples", size);
	struct spectrum *made = memory_new(sizeof(*made));
	made->size = size;
	made->forward = kiss_fftr_alloc((int)size, 0, NULL, NULL);
	made->inverse = kiss_fftr_alloc((int)size, 1, NULL, NULL);
	if (!made->forward || !made->inverse) {
		spectrum_destroy(made);
		return error_errno(e, ENOMEM, "a spectrum of %zu samples", size);
	}
	made->samples = memory_array(size, sizeof(*made->samples));
	fill_window(made, window);
	*spectrum = made;
	return 0;
}

void spectrum_destroy(struct spectrum *spectrum)
{
	if (!spectrum)
		return;
	kiss_fftr_free(spectrum->forward);
	kiss_fftr_free(spectrum->inverse);
	free(spectrum->samples);
	free(spectrum->window);
	free(spectrum);
}

size_t spectrum_bins(const struct spectrum *spectrum)
{
	return spectrum->size / 2 + 1;
}

void spectrum_forward(struct spectrum *spectrum, const double *samples, struct spectrum_bin *bins)
{
	for (size_t i = 0; i < spectrum->size; i++)
		spectrum->samples[i] =
			(float)(spectrum->window ? samples[i] * spectrum->window[i] : samples[i]);
	kiss_fftr(spectrum->forward, spectrum->samples, (kiss_fft_cpx *)bins);
}

void spectrum_inverse(struct spectrum *spectrum, const struct spectrum_bin *bins, double *samples)
{
	double scale = 1.0 / (double)spectrum->size;
	kiss_fftri(spectrum->inverse, (const kiss_fft_cpx *)bins, spectrum->samples);
	for (size_t i = 0; i < spectrum->size; i++)
		samples[i] = spectrum->samples[i] * scale * (spectrum->window ? spectrum->window[i] : 1);
}

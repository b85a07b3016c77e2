/* The fast transform beside the slow one, and two power spectra at once beside one at a time. */
#include "audio/fft.h"
#include "audio/spectrum.h"
#include "audio/twin-spectrum.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A plain generator, so that the samples are the same everywhere. */
static double noise(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (double)*seed / 2147483648.0 - 1;
}

/* Number `bin` by its definition. */
static void transform(const double *re, const double *im, size_t size, size_t bin, double out[2])
{
	out[0] = out[1] = 0;
	for (size_t n = 0; n < size; n++) {
		double angle = -2 * M_PI * (double)(bin * n % size) / (double)size;
		out[0] += re[n] * cos(angle) - im[n] * sin(angle);
		out[1] += re[n] * sin(angle) + im[n] * cos(angle);
	}
}

/* Noise of n numbers has bins of about sqrt(2 n / 3); an error of 1e-6 of that is 120 dB below. */
static void test_definition(void **state)
{
	static const size_t sizes[] = {64, 128, 256, 512, 2048, 4096, 8192};
	static double re[8192], im[8192];
	uint32_t seed = 1;
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		const size_t size = sizes[s], step = size > 512 ? 37 : 1;
		struct fft *fft = fft_create(size);
		assert_non_null(fft);
		for (int round = 0; round < 2; round++) {
			struct fft_numbers in = fft_in(fft);
			for (size_t i = 0; i < size; i++) {
				in.re[i] = (float)(re[i] = (float)noise(&seed));
				in.im[i] = (float)(im[i] = (float)noise(&seed));
			}
			struct fft_numbers out = fft_run(fft);
			for (size_t k = 0; k < size; k += step) {
				double wanted[2];
				transform(re, im, size, k, wanted);
				assert_true(fabs((double)out.re[k] - wanted[0]) < 1e-6 * sqrt((double)size));
				assert_true(fabs((double)out.im[k] - wanted[1]) < 1e-6 * sqrt((double)size));
			}
		}
		fft_destroy(fft);
	}
}

enum { SIZE = 8192, BINS = SIZE / 2 + 1 };

static void test_twins(void **state)
{
	static double samples[2][SIZE], mean[SIZE];
	static struct spectrum_bin bins[BINS];
	struct twin_spectrum *twin = twin_spectrum_create(SIZE);
	struct spectrum *alone;
	struct error e;
	uint32_t seed = 2;
	(void)state;
	assert_non_null(twin);
	assert_int_equal(spectrum_create(&alone, SIZE, SPECTRUM_HANN, &e), 0);
	assert_int_equal(twin_spectrum_bins(twin), BINS);
	for (size_t i = 0; i < SIZE; i++) {
		samples[0][i] = noise(&seed) + 1;
		samples[1][i] = 0.5 * sin(0.3 * (double)i) + 0.01 * noise(&seed);
		mean[i] = (samples[0][i] + samples[1][i]) / 2;
	}
	struct twin_powers powers = twin_spectrum_run(twin, samples[0], samples[1]);
	const double *const signals[] = {samples[0], samples[1], mean};
	const float *const found[] = {powers.one, powers.other, powers.mean};
	for (size_t s = 0; s < 3; s++) {
		spectrum_forward(alone, signals[s], bins);
		for (size_t k = 0; k < BINS; k++)
			assert_true(fabsf(sqrtf(found[s][k]) - sqrtf(spectrum_power(bins[k]))) < 2e-3F);
	}
	spectrum_destroy(alone);
	twin_spectrum_destroy(twin);
}

/* Of a signal at full scale, what is left in the bins of the silent one: 140 dB less than its loudest. */
static void test_twin_of_silence(void **state)
{
	static double loud[SIZE], silence[SIZE];
	struct twin_spectrum *twin = twin_spectrum_create(SIZE);
	float most = 0, left = 0;
	(void)state;
	assert_non_null(twin);
	for (size_t i = 0; i < SIZE; i++)
		loud[i] = sin(0.05 * (double)i) + cos(1.7 * (double)i);
	struct twin_powers powers = twin_spectrum_run(twin, loud, silence);
	for (size_t k = 0; k < BINS; k++) {
		most = fmaxf(most, powers.one[k]);
		left = fmaxf(left, powers.other[k]);
	}
	assert_true(most > 1e6F);
	assert_true(left < 1e-14F * most);
	powers = twin_spectrum_run(twin, silence, silence);
	for (size_t k = 0; k < BINS; k++)
		assert_true(powers.one[k] == 0 && powers.other[k] == 0 && powers.mean[k] == 0);
	twin_spectrum_destroy(twin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_twin_of_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

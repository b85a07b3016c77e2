/* The FFT and its windows: there and back, and where a sine comes out. */
#include "audio/spectrum.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SIZE = 1024, BINS = SIZE / 2 + 1 };

/* A plain generator, so that the samples are the same everywhere. */
static double noise(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (double)*seed / 2147483648.0 - 1;
}

static struct spectrum *make(size_t size, enum spectrum_window window)
{
	struct spectrum *spectrum;
	struct error e;
	assert_int_equal(spectrum_create(&spectrum, size, window, &e), 0);
	return spectrum;
}

static void test_a_sine_is_one_bin(void **state)
{
	(void)state;
	struct spectrum *spectrum = make(SIZE, SPECTRUM_RECTANGULAR);
	struct spectrum_bin bins[BINS];
	double samples[SIZE];
	for (int i = 0; i < SIZE; i++)
		samples[i] = cos(2 * M_PI * 37 * i / SIZE);
	spectrum_forward(spectrum, samples, bins);
	for (size_t k = 0; k < spectrum_bins(spectrum); k++)
		assert_float_equal(sqrtf(spectrum_power(bins[k])), k == 37 ? SIZE / 2.0F : 0, 1e-3F);
	spectrum_destroy(spectrum);
}

static void test_there_and_back(void **state)
{
	(void)state;
	struct spectrum *spectrum = make(SIZE, SPECTRUM_RECTANGULAR);
	struct spectrum_bin bins[BINS];
	double samples[SIZE], back[SIZE];
	uint32_t seed = 1;
	for (int i = 0; i < SIZE; i++)
		samples[i] = noise(&seed);
	spectrum_forward(spectrum, samples, bins);
	spectrum_inverse(spectrum, bins, back);
	for (int i = 0; i < SIZE; i++)
		assert_true(fabs(back[i] - samples[i]) < 1e-6);
	spectrum_destroy(spectrum);
}

/* Root-Hann before and after at hops of half the size gives the signal back. */
static void test_overlap_add_is_whole(void **state)
{
	(void)state;
	struct spectrum *spectrum = make(SIZE, SPECTRUM_ROOT_HANN);
	struct spectrum_bin bins[BINS];
	double samples[4 * SIZE], sum[4 * SIZE] = {0}, back[SIZE];
	uint32_t seed = 2;
	for (int i = 0; i < 4 * SIZE; i++)
		samples[i] = noise(&seed);
	for (int at = 0; at + SIZE <= 4 * SIZE; at += SIZE / 2) {
		spectrum_forward(spectrum, samples + at, bins);
		spectrum_inverse(spectrum, bins, back);
		for (int i = 0; i < SIZE; i++)
			sum[at + i] += back[i];
	}
	for (int i = SIZE / 2; i < 4 * SIZE - SIZE / 2; i++)
		assert_true(fabs(sum[i] - samples[i]) < 1e-6);
	spectrum_destroy(spectrum);
}

static void test_bad_sizes(void **state)
{
	(void)state;
	static const size_t bad[] = {0, 1, 3, ((size_t)1 << 24) + 2};
	struct spectrum *spectrum;
	struct error e;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(spectrum_create(&spectrum, bad[i], SPECTRUM_HANN, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sine_is_one_bin),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_overlap_add_is_whole),
		cmocka_unit_test(test_bad_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Quantising: what triangular dither promises of the error, and the ceiling that it may not break. */
#include "audio/dither.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COUNT = 100000 };

static double samples[COUNT], again[COUNT];

/* The mean of the error is 0 and its power 1/4 LSB² (1/12 of the rounding, 1/6 of the dither), wherever
 * between two steps the sample is. */
static void error_does_not_depend_on_the_sample(void **state)
{
	(void)state;
	for (int tenth = 0; tenth < 10; tenth++) {
		double value = (100 + tenth / 10.0) / 32768, mean = 0, power = 0;
		struct dither dither;
		dither_init(&dither, 1);
		for (int i = 0; i < COUNT; i++)
			samples[i] = value;
		dither_quantise(&dither, samples, COUNT, 16, 1, true);
		for (int i = 0; i < COUNT; i++) {
			double error = (samples[i] - value) * 32768;
			mean += error / COUNT;
			power += error * error / COUNT;
		}
		assert_true(fabs(mean) < 0.01);
		assert_true(fabs(power - 0.25) < 0.01);
	}
}

static void comes_out_on_the_grid_and_below_the_most(void **state)
{
	(void)state;
	static const unsigned words[] = {8, 16, 20, 24, 32};
	static const double most[] = {1, 0.8912509, 0.5, 0};
	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		for (size_t m = 0; m < sizeof(most) / sizeof(most[0]); m++) {
			struct dither dither;
			dither_init(&dither, w);
			for (int i = 0; i < 1000; i++)
				samples[i] = sin(i) * 1.1;
			dither_quantise(&dither, samples, 1000, words[w], most[m], true);
			double scale = ldexp(1, (int)words[w] - 1);
			for (int i = 0; i < 1000; i++) {
				assert_true(samples[i] * scale == rint(samples[i] * scale));
				assert_true(fabs(samples[i]) <= most[m] && samples[i] * scale < scale);
			}
		}
	}
}

static void without_noise_what_fits_passes(void **state)
{
	(void)state;
	for (int i = 0; i < COUNT; i++)
		samples[i] = again[i] = (i % 65536 - 32768) / 32768.0;
	struct dither dither;
	dither_init(&dither, 0);
	dither_quantise(&dither, samples, COUNT, 16, 1, false);
	assert_memory_equal(samples, again, sizeof(samples));
}

static void same_seed_same_noise(void **state)
{
	(void)state;
	struct dither whole, cut;
	dither_init(&whole, 7);
	dither_init(&cut, 7);
	for (int i = 0; i < COUNT; i++)
		samples[i] = again[i] = sin(i * 0.01) * 0.001;
	dither_quantise(&whole, samples, COUNT, 16, 1, true);
	for (size_t at = 0, n; at < COUNT; at += n) {
		n = at % 13 + 1 < COUNT - at ? at % 13 + 1 : COUNT - at;
		dither_quantise(&cut, again + at, n, 16, 1, true);
	}
	assert_memory_equal(samples, again, sizeof(samples));
}

/* Power of the error between two frequencies, each one a Goertzel of a Hann window; mean of a few windows. */
static double error_db(const double *from, double low_hz, double high_hz)
{
	enum { WINDOW = 1000, RATE = 48000, STEP = RATE / WINDOW };
	double power = 0;
	int bins = 0;
	for (double hz = low_hz; hz <= high_hz; hz += STEP, bins++) {
		double turn = 2 * cos(2 * M_PI * hz / RATE);
		for (int at = 0; at + WINDOW <= COUNT / 4; at += WINDOW) {
			double a = 0, b = 0;
			for (int i = 0; i < WINDOW; i++) {
				double hann = 0.5 - 0.5 * cos(2 * M_PI * i / WINDOW);
				double next = hann * (from[at + i] - again[at + i]) * 32768 + turn * a - b;
				b = a;
				a = next;
			}
			power += a * a + b * b - turn * a * b;
		}
	}
	return 10 * log10(power / bins);
}

/* Where ears hear best noise is at least 6 dB lower than plain dither's; it lies at the top instead. */
static void shaping_moves_noise_out_of_the_way(void **state)
{
	(void)state;
	static double shaped[COUNT];
	struct dither dither;
	for (int i = 0; i < COUNT; i++)
		samples[i] = shaped[i] = again[i] = 0.1 * sin(i * 0.0577);
	dither_init(&dither, 1);
	dither_quantise(&dither, samples, COUNT, 16, 1, true);
	dither_init(&dither, 1);
	dither_quantise_shaped(&dither, shaped, COUNT, 16, 1);
	double low = error_db(shaped, 2000, 5000) - error_db(samples, 2000, 5000);
	double high = error_db(shaped, 15000, 22000) - error_db(samples, 15000, 22000);
	if (low > -6 || high < 0)
		fail_msg("%.2f dB at 2 to 5 kHz, %.2f dB at 15 to 22 kHz", low, high);
	for (int i = 0; i < COUNT; i++) {
		assert_true(shaped[i] * 32768 == rint(shaped[i] * 32768));
		assert_true(fabs(shaped[i] - again[i]) * 32768 <= DITHER_SHAPED_LSB);
	}
}

/* Held at the ceiling, where its error cannot be fed back, it neither passes it nor runs away. */
static void shaping_keeps_the_most(void **state)
{
	(void)state;
	struct dither dither;
	dither_init(&dither, 3);
	for (int i = 0; i < COUNT; i++)
		samples[i] = i < COUNT / 2 ? 1.5 * sin(i) : 0.01;
	dither_quantise_shaped(&dither, samples, COUNT, 16, 0.5);
	for (int i = 0; i < COUNT; i++)
		assert_true(fabs(samples[i]) <= 0.5);
	for (int i = COUNT / 2 + 100; i < COUNT; i++)
		assert_true(fabs(samples[i] - 0.01) * 32768 <= DITHER_SHAPED_LSB);
}

/* What is worked out side by side is what one after the other gives. */
static void is_split_mix(void **state)
{
	(void)state;
	const double highest = floor(0.9 * 0x1p23);
	uint64_t random = 5;
	struct dither dither;
	dither_init(&dither, 5);
	for (int i = 0; i < COUNT; i++)
		samples[i] = again[i] = sin(i * 0.01);
	dither_quantise(&dither, samples, COUNT, 24, 0.9, true);
	for (int i = 0; i < COUNT; i++) {
		uint64_t z = random += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		double noise = ((double)(z >> 32) - (double)(z & UINT32_MAX)) * 0x1p-32;
		double wanted = fmax(-highest, fmin(highest, rint(again[i] * 0x1p23 + noise))) * 0x1p-23;
		assert_true(samples[i] == wanted && !signbit(samples[i]) == !signbit(wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_does_not_depend_on_the_sample),
		cmocka_unit_test(is_split_mix),
		cmocka_unit_test(comes_out_on_the_grid_and_below_the_most),
		cmocka_unit_test(without_noise_what_fits_passes),
		cmocka_unit_test(same_seed_same_noise),
		cmocka_unit_test(shaping_moves_noise_out_of_the_way),
		cmocka_unit_test(shaping_keeps_the_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

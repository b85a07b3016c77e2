/* Interpolation: gain and flatness, peaks between the samples, and that neither the cutting into blocks nor
 * the short cuts that a floor allows change anything. */
#include "audio/oversample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FRAMES = 20000 };

static double signal[FRAMES], peaks[FRAMES], other[FRAMES];

static double noise(void)
{
	static uint64_t state = 1;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(int64_t)state * 0x1p-63;
}

static void make_sine(double frequency, double phase)
{
	for (int i = 0; i < FRAMES; i++)
		signal[i] = sin(2 * M_PI * frequency * i + phase);
}

static void make_noise(void)
{
	for (int i = 0; i < FRAMES; i++)
		signal[i] = noise() * (i / 500 % 3);
}

static struct oversample *create(uint32_t factor)
{
	struct oversample *made = oversample_create(factor);
	assert_non_null(made);
	return made;
}

static double largest_in(const double *values, size_t from, size_t to)
{
	double largest = 0;
	for (size_t i = from; i < to; i++)
		largest = fmax(largest, values[i]);
	return largest;
}

/* The grid of `factor` misses the top of a sine by half a step at most. */
static void sines_read_as_their_level(void **state)
{
	(void)state;
	static const double frequencies[] = {0.001, 0.05, 0.11, 0.2, 0.25, 1.0 / 3, 0.4, 0.43, 0.45};
	static const uint32_t factors[] = {4, 8, 16};
	for (size_t f = 0; f < sizeof(factors) / sizeof(factors[0]); f++) {
		for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
			struct oversample *o = create(factors[f]);
			make_sine(frequencies[i], 0.7);
			oversample_peaks(o, signal, peaks, FRAMES);
			double db = 20 * log10(largest_in(peaks, 100, FRAMES));
			double miss = 20 * log10(cos(M_PI * frequencies[i] / factors[f]));
			if (db > 0.01 || db < miss - 0.01)
				fail_msg("%u× at %g: %.4f dB", factors[f], frequencies[i], db);
			oversample_destroy(o);
		}
	}
}

static void peaks_come_with_their_sample(void **state)
{
	(void)state;
	struct oversample *o = create(8);
	for (int i = 0; i < FRAMES; i++)
		signal[i] = 0;
	signal[1000] = -0.5;
	oversample_peaks(o, signal, peaks, FRAMES);
	uint32_t latency = oversample_latency(o);
	for (uint32_t i = 0; i < FRAMES; i++) {
		if (i == 1000 + latency)
			assert_true(peaks[i] == 0.5);
		else
			assert_true(peaks[i] < 0.5);
	}
	/* The interval before the impulse holds the seven eighths of its rise. */
	assert_true(peaks[999 + latency] > 0.48);
	assert_true(peaks[1001 + latency] < 0.12);
	oversample_destroy(o);
}

static void blocks_change_nothing(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 7, 64, 255, 1024, 5000};
	make_noise();
	for (uint32_t factor = 4; factor <= 16; factor *= 2) {
		struct oversample *whole = create(factor), *cut = create(factor);
		oversample_peaks(whole, signal, peaks, FRAMES);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			oversample_reset(cut);
			for (size_t at = 0, n; at < FRAMES; at += n) {
				n = sizes[s] < FRAMES - at ? sizes[s] : FRAMES - at;
				oversample_peaks(cut, signal + at, other + at, n);
			}
			assert_memory_equal(peaks, other, sizeof(peaks));
		}
		oversample_destroy(whole);
		oversample_destroy(cut);
	}
}

static void a_floor_keeps_what_is_above_it(void **state)
{
	(void)state;
	make_noise();
	for (uint32_t factor = 4; factor <= 16; factor *= 2) {
		struct oversample *all = create(factor), *some = create(factor);
		oversample_set_floor(some, 1.2);
		oversample_peaks(all, signal, peaks, FRAMES);
		oversample_peaks(some, signal, other, FRAMES);
		for (int i = 0; i < FRAMES; i++) {
			assert_true(other[i] <= peaks[i]);
			if (peaks[i] > 1.2)
				assert_true(other[i] == peaks[i]);
		}
		oversample_destroy(all);
		oversample_destroy(some);
	}
}

static void the_largest_is_the_largest(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		if (kind == 0)
			make_noise();
		else
			make_sine(0.16 * kind + 0.0001, 0.3);
		for (int i = FRAMES - 100; i < FRAMES; i++)
			signal[i] = 0; /* so that oversample_peaks, too, sees it all */
		struct oversample *all = create(16), *fast = create(16);
		oversample_peaks(all, signal, peaks, FRAMES);
		oversample_largest(fast, signal, FRAMES / 3);
		oversample_largest(fast, signal + FRAMES / 3, FRAMES - FRAMES / 3);
		assert_true(oversample_largest_to_end(fast) == largest_in(peaks, 0, FRAMES));
		oversample_destroy(all);
		oversample_destroy(fast);
	}
}

static void the_end_is_seen(void **state)
{
	(void)state;
	struct oversample *o = create(8);
	static const double end[] = {0, 0, 0.25, 1, 1};
	assert_true(oversample_largest(o, end, 5) < 0.1);
	double peak = oversample_largest_to_end(o);
	assert_true(peak > 1.1 && peak < 1.4);
	assert_true(oversample_largest_to_end(o) == peak);
	oversample_destroy(o);
}

static void other_factors_are_refused(void **state)
{
	(void)state;
	static const uint32_t factors[] = {0, 1, 2, 3, 5, 12, 32, UINT32_MAX};
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		assert_null(oversample_create(factors[i]));
	oversample_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sines_read_as_their_level),
		cmocka_unit_test(peaks_come_with_their_sample),
		cmocka_unit_test(blocks_change_nothing),
		cmocka_unit_test(a_floor_keeps_what_is_above_it),
		cmocka_unit_test(the_largest_is_the_largest),
		cmocka_unit_test(the_end_is_seen),
		cmocka_unit_test(other_factors_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

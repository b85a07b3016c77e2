/* There and back: latency, flatness, what folds, and that neither cuts nor a reset change anything. */
#include "audio/multirate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 8192 };

static const uint32_t factors[] = {2, 4, 8};
static double in[FRAMES], high[FRAMES * MULTIRATE_FACTOR_MOST], out[FRAMES], other[FRAMES];

static void run_up(struct multirate *m, uint32_t factor, size_t cut)
{
	for (size_t i = 0; i < FRAMES; i += cut)
		multirate_up(m, in + i, FRAMES - i < cut ? FRAMES - i : cut, high + i * factor);
}

static void run_down(struct multirate *m, uint32_t factor, double *to, size_t cut)
{
	for (size_t i = 0; i < FRAMES; i += cut)
		multirate_down(m, high + i * factor, FRAMES - i < cut ? FRAMES - i : cut, to + i);
}

static void there_and_back(void **state)
{
	(void)state;
	for (size_t f = 0; f < 3; f++) {
		struct multirate *m = multirate_create(factors[f]);
		assert_non_null(m);
		size_t late = multirate_latency(m);
		double worst = 0;
		for (double frequency = 0.0005; frequency <= 0.43; frequency += 0.0137) {
			for (int i = 0; i < FRAMES; i++)
				in[i] = sin(2 * M_PI * frequency * i);
			multirate_reset(m);
			run_up(m, factors[f], 64);
			run_down(m, factors[f], out, 64);
			for (size_t i = 200 + late; i < FRAMES; i++)
				worst = fmax(worst, fabs(out[i] - in[i - late]));
		}
		print_message("%u×: %zu frames late, within %.2g\n", factors[f], late, worst);
		assert_true(worst < 0.00115); /* 0.01 dB */
		multirate_destroy(m);
	}
}

/* A tone of the higher rate that the lower one has no room for. */
static void nothing_folds(void **state)
{
	(void)state;
	for (size_t f = 0; f < 3; f++) {
		struct multirate *m = multirate_create(factors[f]);
		double loudest = 0;
		for (double frequency = 0.5; frequency < factors[f] / 2.0; frequency += 0.0173) {
			for (size_t i = 0; i < FRAMES * factors[f]; i++)
				high[i] = sin(2 * M_PI * frequency / factors[f] * (double)i + 0.3);
			multirate_reset(m);
			run_down(m, factors[f], out, 64);
			for (size_t i = 300; i < FRAMES; i++)
				loudest = fmax(loudest, fabs(out[i]));
		}
		print_message("%u×: folded %.1f dB\n", factors[f], 20 * log10(loudest));
		assert_true(20 * log10(loudest) < -85);
		multirate_destroy(m);
	}
}

static void cuts_change_nothing(void **state)
{
	static const size_t cuts[] = {1, 3, 7, 8, 33};
	(void)state;
	srand(1);
	for (int i = 0; i < FRAMES; i++)
		in[i] = rand() / (double)RAND_MAX - 0.5;
	for (size_t f = 0; f < 3; f++) {
		struct multirate *m = multirate_create(factors[f]);
		run_up(m, factors[f], 64);
		run_down(m, factors[f], out, 64);
		for (size_t c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++) {
			multirate_reset(m);
			run_up(m, factors[f], cuts[c]);
			run_down(m, factors[f], other, cuts[c]);
			assert_memory_equal(out, other, sizeof(out));
		}
		multirate_destroy(m);
	}
}

static void other_factors_are_refused(void **state)
{
	(void)state;
	assert_null(multirate_create(0));
	assert_null(multirate_create(3));
	assert_null(multirate_create(16));
	multirate_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(nothing_folds),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(other_factors_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

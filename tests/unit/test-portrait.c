/* The portrait: loud parts alone count, and levels are what they are. */
#include "mastering/portrait.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE = 48000, COUNT = RATE * 6 };

static double samples[COUNT];

static struct portrait *portrait_of(size_t count)
{
	struct portrait *made;
	struct error e;
	assert_int_equal(portrait_create(&made, RATE, &e), 0);
	assert_int_equal(portrait_add(made, samples, count), 0);
	return made;
}

/* 1 kHz loud, then 200 Hz 20 dB below: the quiet part is not seen. */
static void only_loud_parts_count(void **state)
{
	(void)state;
	for (int i = 0; i < COUNT; i++)
		samples[i] = i < COUNT / 2 ? 0.5 * sin(2 * M_PI * 1000 * i / RATE)
					   : 0.05 * sin(2 * M_PI * 200 * i / RATE);
	struct portrait *sides[2] = {portrait_of(COUNT), NULL};
	double thirds[LONGTERM_THIRDS], loud = 0, quiet = 0;
	assert_true(portrait_loud(sides, thirds));
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		*(longterm_third_hz(t) > 500 ? &loud : &quiet) += thirds[t];
	assert_true(10 * log10(quiet / loud) < -25);
	double all[LONGTERM_THIRDS];
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		all[t] = 1;
	assert_true(fabs(portrait_peak_level(sides, all) - 10 * log10(0.125)) < 0.5);
	portrait_destroy(sides[0]);
}

static void silence_has_no_level(void **state)
{
	(void)state;
	static const size_t counts[] = {0, 1, RATE};
	double thirds[LONGTERM_THIRDS], all[LONGTERM_THIRDS];
	for (int i = 0; i < COUNT; i++)
		samples[i] = 0;
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		all[t] = 1;
	for (size_t i = 0; i < 3; i++) {
		struct portrait *sides[2] = {portrait_of(counts[i]), NULL};
		assert_false(portrait_loud(sides, thirds));
		for (size_t t = 0; t < LONGTERM_THIRDS; t++)
			assert_true(thirds[t] == 0);
		assert_true(portrait_peak_level(sides, all) == -INFINITY);
		portrait_destroy(sides[0]);
	}
}

static void bad_rates_are_refused(void **state)
{
	(void)state;
	static const uint32_t rates[] = {0, 1, 7999, 384001, UINT32_MAX};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct portrait *made = NULL;
		struct error e = {{0}};
		assert_int_equal(portrait_create(&made, rates[i], &e), -EINVAL);
		assert_true(e.text[0] != '\0');
	}
	portrait_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_loud_parts_count),
		cmocka_unit_test(silence_has_no_level),
		cmocka_unit_test(bad_rates_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

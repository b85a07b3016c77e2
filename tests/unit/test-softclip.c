/* The soft clip: never above its ceiling, and below its knee not there at all. */
#include "common/units.h"
#include "mastering/softclip.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 24000 };

static double in[COUNT], out[COUNT], cut[COUNT];

static const struct {
	double peak, most_db;
} cases[] = {{1, 1}, {1, 3}, {0.5, 0.1}, {4, 2}, {0.001, 0.5}};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void make_sine(double level)
{
	for (int i = 0; i < COUNT; i++)
		in[i] = out[i] = cut[i] = level * sin(i * 0.0131);
}

static struct softclip *create(size_t i)
{
	struct softclip *clip = softclip_create(cases[i].peak, cases[i].most_db);
	assert_non_null(clip);
	return clip;
}

static void the_curve_rises_to_its_ceiling(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		double peak = cases[i].peak, most = cases[i].most_db, last = 0;
		double ceiling = peak * units_from_db(-most);
		for (double x = 0; x < 4; x += 0.001) {
			double y = softclip_curve(peak, most, x * peak);
			assert_true(y >= last && y <= x * peak + 1e-12 && y <= ceiling * (1 + 1e-9));
			last = y;
		}
		assert_true(fabs(softclip_curve(peak, most, peak) / ceiling - 1) < 1e-9);
		assert_true(fabs(softclip_curve(peak, most, 100 * peak) / ceiling - 1) < 1e-9);
	}
}

static void below_the_knee_it_only_delays(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct softclip *clip = create(i);
		size_t late = softclip_latency(clip);
		make_sine(cases[i].peak * (2 * units_from_db(-cases[i].most_db) - 1) * 0.999);
		softclip_run(clip, out, COUNT);
		assert_memory_equal(out + late, in, (COUNT - late) * sizeof(double));
		assert_true(softclip_most_db(clip) == 0);
		softclip_destroy(clip);
	}
}

/* Of a slow sine that peaks where it was told, and of one far higher. 0.05 dB is for the filters. */
static void peaks_come_out_at_the_ceiling(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		for (double over = 1; over < 1.6; over += 0.5) {
			struct softclip *clip = create(i);
			double most = 0;
			make_sine(cases[i].peak * over);
			softclip_run(clip, out, COUNT);
			for (int f = 0; f < COUNT; f++)
				most = fmax(most, fabs(out[f]));
			double above = units_to_db(most / cases[i].peak) + cases[i].most_db;
			if (above > 0.05)
				fail_msg("case %zu, %g: %.3f dB above", i, over, above);
			double taken = softclip_most_db(clip) - cases[i].most_db - units_to_db(over);
			assert_true(fabs(taken) < 0.05);
			softclip_destroy(clip);
		}
	}
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	struct softclip *whole = create(0), *pieces = create(0);
	make_sine(1.2);
	softclip_run(whole, out, COUNT);
	for (size_t at = 0, n; at < COUNT; at += n) {
		n = at % 701 + 1 < COUNT - at ? at % 701 + 1 : COUNT - at;
		softclip_run(pieces, cut + at, n);
	}
	assert_memory_equal(out, cut, sizeof(out));
	softclip_destroy(whole);
	softclip_destroy(pieces);
	softclip_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_curve_rises_to_its_ceiling),
		cmocka_unit_test(below_the_knee_it_only_delays),
		cmocka_unit_test(peaks_come_out_at_the_ceiling),
		cmocka_unit_test(cuts_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

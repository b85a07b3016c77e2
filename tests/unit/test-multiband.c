/* multiband: flat where nothing is reduced, its curve where something is, bands apart, cuts that do not
 * matter. */
#include "common/units.h"
#include "mastering/multiband.h"
#include "processing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RATE 48000
#define FRAMES (RATE * 2)

static double left[FRAMES], right[FRAMES], other[FRAMES];

static struct multiband_band band(double below, double threshold, double ratio)
{
	return (struct multiband_band){.below_hz = below,
		.threshold_db = threshold,
		.ratio = ratio,
		.attack_s = 0.02,
		.release_s = 0.2,
		.knee_db = 0,
		.most_db = 60};
}

static struct processor *create(struct multiband_band *bands, size_t count, uint32_t channels)
{
	struct processor *made;
	struct multiband_settings settings = {{bands, count}};
	struct processor_format format = {.rate = RATE, .channels = channels};
	struct error e;
	if (processor_create(&made, &multiband_type, &settings, &format, &e) != 0)
		fail_msg("%s", e.text);
	return made;
}

static double power_db(const double *samples, size_t from)
{
	double sum = 0;
	for (size_t i = from; i < FRAMES; i++)
		sum += samples[i] * samples[i];
	return 10 * log10(sum / (double)(FRAMES - from));
}

/* Below every threshold the bands' sum keeps the level of any tone: an all-pass. */
static void nothing_reduced_is_flat(void **state)
{
	(void)state;
	static const double tones[] = {30, 120, 400, 1000, 3000, 6000, 15000};
	for (size_t count = 2; count <= MULTIBAND_BANDS; count++) {
		struct multiband_band bands[] = {band(120, 0, 4), band(600, 0, 4), band(2500, 0, 4),
			band(8000, 0, 4), band(NAN, 0, 4)};
		bands[count - 1].below_hz = NAN;
		for (size_t t = 0; t < sizeof(tones) / sizeof(*tones); t++) {
			struct processor *p = create(bands, count, 1);
			fill_sine(left, FRAMES, 0.5, tones[t], RATE);
			double before = power_db(left, RATE);
			run_cut(p, left, NULL, FRAMES, 777);
			assert_true(fabs(power_db(left, RATE) - before) < 0.001);
			assert_true(multiband_reduced(p, 0).most_db == 0);
			processor_destroy(p);
		}
	}
}

static void each_band_has_its_curve(void **state)
{
	(void)state;
	static const double tones[] = {50, 1000, 12000};
	static const double ratios[] = {2, 4, 10};
	for (size_t b = 0; b < 3; b++) {
		struct multiband_band bands[] = {band(200, -30, 2), band(5000, -30, 4), band(NAN, -30, 10)};
		struct processor *p = create(bands, 3, 2);
		fill_sine(left, FRAMES, units_from_db(-10), tones[b], RATE);
		memcpy(right, left, sizeof(left));
		double level = power_db(left, RATE), expected = (level + 30) * (1 - 1 / ratios[b]);
		run_cut(p, left, right, FRAMES, BLOCK_FRAMES);
		assert_true(fabs(level - power_db(left, RATE) - expected) < 0.75);
		assert_memory_equal(left, right, sizeof(left));
		for (size_t other_band = 0; other_band < 3; other_band++) {
			struct multiband_reduction r = multiband_reduced(p, other_band);
			assert_true(other_band == b ? fabs(r.most_db - expected) < 0.6
						    : r.most_db < 0.2 * expected);
			assert_true(r.mean_db <= r.most_db);
		}
		processor_destroy(p);
	}
}

static void no_more_than_most_is_taken(void **state)
{
	(void)state;
	struct multiband_band one = band(NAN, -60, 100);
	one.most_db = 2;
	struct processor *p = create(&one, 1, 1);
	fill_noise(left, FRAMES, 3);
	run_cut(p, left, NULL, FRAMES, BLOCK_FRAMES);
	struct multiband_reduction r = multiband_reduced(p, 0);
	assert_true(r.most_db <= 2 && r.most_db > 1.99);
	processor_destroy(p);
}

static void one_band_keeps_its_samples(void **state)
{
	(void)state;
	struct multiband_band one = band(NAN, 0, 2);
	struct processor *p = create(&one, 1, 1);
	fill_noise(left, FRAMES, 4);
	memcpy(other, left, sizeof(left));
	run_cut(p, left, NULL, FRAMES, BLOCK_FRAMES);
	assert_memory_equal(left, other, sizeof(left));
	processor_destroy(p);
}

static void cuts_and_resets_do_not_matter(void **state)
{
	(void)state;
	static const size_t cuts[] = {1, 7, 16, 63, 64, 1000};
	struct multiband_band bands[] = {band(150, -40, 3), band(2000, -40, 2), band(NAN, -40, 2)};
	struct processor *p = create(bands, 3, 1);
	fill_noise(other, FRAMES, 5);
	run_cut(p, other, NULL, FRAMES, BLOCK_FRAMES);
	for (size_t c = 0; c < sizeof(cuts) / sizeof(*cuts); c++) {
		processor_reset(p);
		fill_noise(left, FRAMES, 5);
		run_cut(p, left, NULL, FRAMES, cuts[c]);
		assert_memory_equal(left, other, sizeof(left));
	}
	processor_destroy(p);
}

/* One bad sample does no lasting harm. */
static void what_is_no_number_passes(void **state)
{
	(void)state;
	static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300};
	for (size_t i = 0; i < 4; i++) {
		struct multiband_band bands[] = {band(150, -40, 3), band(2000, -40, 2), band(NAN, -40, 2)};
		struct processor *p = create(bands, 3, 1);
		fill_noise(left, FRAMES, 6);
		left[1000] = bad[i];
		run_cut(p, left, NULL, FRAMES, BLOCK_FRAMES);
		for (size_t k = 0; k < FRAMES; k++)
			assert_true(fabs(left[k]) < 10);
		processor_destroy(p);
	}
}

static void bad_bands_are_refused(void **state)
{
	(void)state;
	struct multiband_band none[1];
	struct multiband_band open[] = {band(NAN, 0, 2), band(NAN, 0, 2)};
	struct multiband_band closed[] = {band(100, 0, 2), band(200, 0, 2)};
	struct multiband_band falling[] = {band(1000, 0, 2), band(500, 0, 2), band(NAN, 0, 2)};
	struct multiband_band equal[] = {band(500, 0, 2), band(500, 0, 2), band(NAN, 0, 2)};
	struct multiband_band high[] = {band(21700, 0, 2), band(NAN, 0, 2)};
	struct multiband_band six[] = {
		band(1, 0, 2), band(2, 0, 2), band(3, 0, 2), band(4, 0, 2), band(5, 0, 2), band(NAN, 0, 2)};
	const struct {
		struct multiband_band *bands;
		size_t count;
		const char *what;
	} cases[] = {{none, 0, "0 of them"}, {open, 2, "band 1 does not say"}, {closed, 2, "last band"},
		{falling, 3, "the lowest comes first"}, {equal, 3, "the lowest comes first"},
		{high, 2, "21700 Hz"}, {six, 6, "6 of them"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct processor *made;
		struct multiband_settings settings = {{cases[i].bands, cases[i].count}};
		struct processor_format format = {.rate = RATE, .channels = 2};
		struct error e;
		assert_int_equal(processor_create(&made, &multiband_type, &settings, &format, &e), -EINVAL);
		if (!strstr(e.text, cases[i].what))
			fail_msg("%s", e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_reduced_is_flat),
		cmocka_unit_test(each_band_has_its_curve),
		cmocka_unit_test(no_more_than_most_is_taken),
		cmocka_unit_test(one_band_keeps_its_samples),
		cmocka_unit_test(cuts_and_resets_do_not_matter),
		cmocka_unit_test(what_is_no_number_passes),
		cmocka_unit_test(bad_bands_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The meter against the signals that EBU Tech 3341 and Tech 3342 describe, made here rather than loaded, and
 * against what has no loudness. (Cases of more than two channels, and live displays, are not for this meter.)
 */
#include "audio/meter.h"
#include "tests/unit/sanitized.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE = 48000 };

static struct meter *create(uint32_t channels)
{
	struct meter *meter;
	struct error e;
	assert_int_equal(meter_create(&meter, RATE, channels, &e), 0);
	return meter;
}

/* Adds `frames` frames of left and right, in blocks of `size`. */
static void add(
	struct meter *meter, uint32_t channels, double *left, double *right, size_t frames, size_t size)
{
	for (size_t at = 0, n; at < frames; at += n) {
		n = size < frames - at ? size : frames - at;
		struct block block = {channels, (uint32_t)n, {left + at, right + at}};
		assert_int_equal(meter_add(meter, &block), 0);
	}
}

struct tone {
	double level_dbfs; /* of the peak, as in Tech 3341 */
	double seconds;
};

/* A sine of 1 kHz in phase on both channels, its level stepping. */
static struct meter_reading measure_tones(
	const struct tone *tones, size_t count, int times, uint32_t channels)
{
	struct meter *meter = create(channels);
	double samples[BLOCK_FRAMES];
	uint64_t frame = 0;
	for (size_t t = 0; t < count * (size_t)times; t++) {
		const struct tone *tone = &tones[t % count];
		double gain = pow(10, tone->level_dbfs / 20);
		uint64_t left = (uint64_t)lround(tone->seconds * RATE);
		for (uint32_t n; left > 0; left -= n) {
			n = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES;
			for (uint32_t i = 0; i < n; i++, frame++)
				samples[i] = gain * sin(2 * M_PI * 1000 / RATE * (double)frame);
			struct block block = {channels, n, {samples, samples}};
			assert_int_equal(meter_add(meter, &block), 0);
		}
	}
	struct meter_reading reading;
	meter_read(meter, &reading);
	meter_destroy(meter);
	return reading;
}

static void assert_near(double value, double expected, double below, double above, const char *what)
{
	if (!(value >= expected - below && value <= expected + above))
		fail_msg("%s: %.3f, not %.3f", what, value, expected);
}

static void tech_3341_integrated(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct tone tones[5];
		size_t count;
		double lufs;
	} cases[] = {
		{"case 1", {{-23, 20}}, 1, -23},
		{"case 2", {{-33, 20}}, 1, -33},
		{"case 3", {{-36, 10}, {-23, 60}, {-36, 10}}, 3, -23},
		{"case 4", {{-72, 10}, {-36, 10}, {-23, 60}, {-36, 10}, {-72, 10}}, 5, -23},
		{"case 5", {{-26, 20}, {-20, 20.1}, {-26, 20}}, 3, -23},
	};
	for (size_t i = 0; i < ROWS_TRIED(cases); i++) {
		struct meter_reading r = measure_tones(cases[i].tones, cases[i].count, 1, 2);
		assert_near(r.integrated_lufs, cases[i].lufs, 0.1, 0.1, cases[i].name);
		assert_true(r.correlation > 0.999999);
	}
}

static void tech_3341_momentary_and_short_term(void **state)
{
	(void)state;
	static const struct tone steady[] = {{-23, 20}};
	static const struct tone case_9[] = {{-20, 1.34}, {-30, 1.66}},
				 case_12[] = {{-20, 0.18}, {-30, 0.22}};
	struct meter_reading r = measure_tones(steady, 1, 1, 2);
	assert_near(r.max_momentary_lufs, -23, 0.1, 0.1, "case 1, momentary");
	assert_near(r.max_short_term_lufs, -23, 0.1, 0.1, "case 1, short-term");
	r = measure_tones(case_9, 2, 5, 2);
	assert_near(r.max_short_term_lufs, -23, 0.1, 0.1, "case 9");
	r = measure_tones(case_12, 2, 25, 2);
	assert_near(r.max_momentary_lufs, -23, 0.1, 0.1, "case 12");
	for (int i = 0; i < (SANITIZED ? 1 : 20);
		i += 3) { /* cases 10 and 13: a burst that starts anywhere */
		struct tone case_10[] = {{-140, 0.15 * i}, {-23, 3}, {-140, 1}};
		struct tone case_13[] = {{-140, 0.02 * i}, {-23, 0.4}, {-140, 1}};
		r = measure_tones(case_10, 3, 1, 2);
		assert_near(r.max_short_term_lufs, -23, 0.1, 0.1, "case 10");
		r = measure_tones(case_13, 3, 1, 2);
		assert_near(r.max_momentary_lufs, -23, 0.1, 0.1, "case 13");
	}
}

static double measure_peak(double *samples, size_t frames)
{
	struct meter *meter = create(2);
	struct meter_reading reading;
	add(meter, 2, samples, samples, frames, BLOCK_FRAMES);
	meter_read(meter, &reading);
	meter_destroy(meter);
	return reading.true_peak_dbtp;
}

static void tech_3341_true_peak_of_tones(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double frequency, phase_degrees, level, dbtp;
	} cases[] = {
		{"case 15", 1.0 / 4, 0, 0.5, -6},
		{"case 16", 1.0 / 4, 45, 0.5, -6},
		{"case 17", 1.0 / 6, 60, 0.5, -6},
		{"case 18", 1.0 / 8, 67.5, 0.5, -6},
		{"case 19", 1.0 / 4, 45, 1.41, 3},
	};
	static double samples[RATE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int n = 0; n < RATE; n++) {
			double fade = fmin(1, fmin(n, RATE - 1 - n) / 4800.0);
			samples[n] =
				cases[i].level * fade *
				sin(2 * M_PI * cases[i].frequency * n + cases[i].phase_degrees * M_PI / 180);
		}
		assert_near(measure_peak(samples, RATE), cases[i].dbtp, 0.4, 0.2, cases[i].name);
	}
}

/* Cases 20 to 23: one peak of full scale in a tone at half of it, 0 to 3 quarters of a sample after a sample.
 * The peak here is a raised cosine on the tone at 1/6 of the rate, whose band ends well below half of it. */
static void tech_3341_true_peak_between_samples(void **state)
{
	(void)state;
	static double samples[RATE];
	for (int quarter = 0; quarter < 4; quarter++) {
		for (int n = 0; n < RATE; n++) {
			double t = n - 0.5 * RATE - quarter / 4.0;
			double burst = fabs(t) < 12 ? 0.25 * (1 + cos(M_PI * t / 12)) : 0;
			double fade = fmin(1, fmin(n, RATE - 1 - n) / 4800.0);
			samples[n] = fade * (0.5 + burst) * cos(2 * M_PI * t / 6);
		}
		assert_near(measure_peak(samples, RATE), 0, 0.4, 0.2, "cases 20 to 23");
	}
}

static void tech_3342_loudness_range(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct tone tones[5];
		size_t count;
		double lra;
	} cases[] = {
		{"case 1", {{-20, 20}, {-30, 20}}, 2, 10},
		{"case 2", {{-20, 20}, {-15, 20}}, 2, 5},
		{"case 3", {{-40, 20}, {-20, 20}}, 2, 20},
		{"case 4", {{-50, 20}, {-35, 20}, {-20, 20}, {-35, 20}, {-50, 20}}, 5, 15},
	};
	for (size_t i = 0; i < ROWS_TRIED(cases); i++) {
		struct meter_reading r = measure_tones(cases[i].tones, cases[i].count, 1, 2);
		assert_near(r.lra_lu, cases[i].lra, 1, 1, cases[i].name);
	}
}

static void mono_is_one_channel(void **state)
{
	(void)state;
	static const struct tone tone[] = {{-23, 5}};
	struct meter_reading one = measure_tones(tone, 1, 1, 1), two = measure_tones(tone, 1, 1, 2);
	assert_near(two.integrated_lufs - one.integrated_lufs, 3.0103, 0.001, 0.001, "mono");
	assert_near(one.rms_dbfs, -26.0103, 0.001, 0.001, "rms of a mono sine");
	assert_near(two.rms_dbfs, -26.0103, 0.001, 0.001, "rms of a stereo sine");
	assert_near(two.sample_peak_dbfs, -23, 0.01, 0.01, "sample peak");
	assert_true(one.correlation == 1);
}

static void assert_no_loudness(const struct meter_reading *r)
{
	assert_true(r->integrated_lufs == -INFINITY);
	assert_true(r->max_short_term_lufs == -INFINITY);
	assert_true(r->max_momentary_lufs == -INFINITY);
	assert_true(r->lra_lu == 0);
}

static void silence_has_no_figures(void **state)
{
	(void)state;
	static double zeros[RATE * 5];
	for (uint32_t channels = 1; channels <= 2; channels++) {
		for (size_t frames = 0; frames <= sizeof(zeros) / sizeof(zeros[0]); frames += 120000) {
			struct meter *meter = create(channels);
			struct meter_reading r;
			add(meter, channels, zeros, zeros, frames, 1000);
			meter_read(meter, &r);
			assert_no_loudness(&r);
			assert_true(r.true_peak_dbtp == -INFINITY && r.sample_peak_dbfs == -INFINITY);
			assert_true(r.rms_dbfs == -INFINITY && r.correlation == 1);
			assert_int_equal(r.frames, frames);
			meter_destroy(meter);
		}
	}
}

static void short_sounds_have_peaks_only(void **state)
{
	(void)state;
	static const struct tone brief[] = {{-6, 0.399}}, enough[] = {{-6, 0.4}};
	struct meter_reading r = measure_tones(brief, 1, 1, 2);
	assert_no_loudness(&r);
	assert_near(r.sample_peak_dbfs, -6, 0.01, 0.01, "peak of a short sound");
	r = measure_tones(enough, 1, 1, 2);
	assert_near(r.integrated_lufs, -6, 0.1, 0.1, "one gating block");
	assert_near(r.max_momentary_lufs, -6, 0.1, 0.1, "one gating block");
	assert_true(r.max_short_term_lufs == -INFINITY);
}

static void correlation_tells_the_sides(void **state)
{
	(void)state;
	static double left[RATE], right[RATE], zeros[RATE], inverse[RATE];
	for (int i = 0; i < RATE; i++) {
		left[i] = sin(i * 0.05);
		right[i] = cos(i * 0.05);
		inverse[i] = -0.3 * left[i];
	}
	static const struct {
		double *side, correlation;
	} cases[] = {{left, 1}, {right, 0}, {inverse, -1}, {zeros, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meter *meter = create(2);
		struct meter_reading r;
		add(meter, 2, left, cases[i].side, RATE, 512);
		meter_read(meter, &r);
		assert_near(r.correlation, cases[i].correlation, 0.001, 0.001, "correlation");
		meter_destroy(meter);
	}
}

/* To the bit, but for the sums within libebur128. */
static void blocks_change_nothing(void **state)
{
	(void)state;
	enum { FRAMES = SANITIZED ? RATE / 2 : RATE * 4 };
	static double left[FRAMES], right[FRAMES];
	uint64_t random = 1;
	for (int i = 0; i < FRAMES; i++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		left[i] = (double)(int64_t)random * 0x1p-64 * (i % 7000 < 3000);
		right[i] = i > 50 ? left[i - 50] * 0.7 : 0;
	}
	static const size_t sizes[] = {1024, 1, 7, 64, 480, 1000};
	struct meter_reading first;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct meter *meter = create(2);
		struct meter_reading r;
		add(meter, 2, left, right, sizeof(left) / sizeof(left[0]), sizes[s]);
		meter_read(meter, &r);
		meter_destroy(meter);
		if (s == 0)
			first = r;
		else
			assert_memory_equal(&r, &first, sizeof(r));
	}
}

static void reading_changes_nothing(void **state)
{
	(void)state;
	static double samples[RATE * 2];
	for (int i = 0; i < RATE * 2; i++)
		samples[i] = 0.4 * sin(i * 0.6) + 0.3 * sin(i * 1.9);
	struct meter *once = create(2), *often = create(2);
	struct meter_reading a, b;
	for (size_t part = 0; part < 8; part++) {
		double *from = samples + part * RATE / 4;
		add(often, 2, from, from, RATE / 4, 1000);
		meter_read(often, &b);
	}
	add(once, 2, samples, samples, sizeof(samples) / sizeof(samples[0]), 1000);
	meter_read(once, &a);
	assert_memory_equal(&a, &b, sizeof(a));
	meter_destroy(once);
	meter_destroy(often);
}

static void bad_formats_are_refused(void **state)
{
	(void)state;
	static const uint32_t formats[][2] = {{48000, 0}, {48000, 3}, {0, 2}, {100, 2}, {1000000, 2}};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct meter *meter;
		struct error e = {{0}};
		assert_int_equal(meter_create(&meter, formats[i][0], formats[i][1], &e), -EINVAL);
		assert_true(e.text[0] != '\0');
	}
	meter_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tech_3341_integrated),
		cmocka_unit_test(tech_3341_momentary_and_short_term),
		cmocka_unit_test(tech_3341_true_peak_of_tones),
		cmocka_unit_test(tech_3341_true_peak_between_samples),
		cmocka_unit_test(tech_3342_loudness_range),
		cmocka_unit_test(mono_is_one_channel),
		cmocka_unit_test(silence_has_no_figures),
		cmocka_unit_test(short_sounds_have_peaks_only),
		cmocka_unit_test(correlation_tells_the_sides),
		cmocka_unit_test(blocks_change_nothing),
		cmocka_unit_test(reading_changes_nothing),
		cmocka_unit_test(bad_formats_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

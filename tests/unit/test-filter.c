/* Filters against the analogue prototypes that they stand for, and their running. */
#include "audio/filter.h"
#include "tests/unit/sanitized.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double rates[] = {44100, 48000, 96000};
static const double frequencies[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 6000, 8000, 10000,
	12000, 14000, 15000, 16000, 17000, 18000};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static double db(double gain)
{
	return 20 * log10(gain);
}

/* |n0 + n1 s + n2 s^2| at s = jx. */
static double at(const double c[3], double x)
{
	return hypot(c[0] - c[2] * x * x, c[1] * x);
}

/* The cookbook's prototypes, written down again from it. */
static double analogue(enum filter_shape shape, double x, double q, double gain_db)
{
	double a = pow(10, gain_db / 40), r = sqrt(a) / q;
	const double table[][2][3] = {
		[FILTER_PEAK] = {{1, a / q, 1}, {1, 1 / (a * q), 1}},
		[FILTER_LOWSHELF] = {{a * a, a * r, a}, {1, r, a}},
		[FILTER_HIGHSHELF] = {{a, a * r, a * a}, {a, r, 1}},
		[FILTER_NOTCH] = {{1, 0, 1}, {1, 1 / q, 1}},
		[FILTER_LOWPASS] = {{1, 0, 0}, {1, 1 / q, 1}},
		[FILTER_HIGHPASS] = {{0, 0, 1}, {1, 1 / q, 1}},
		[FILTER_BANDPASS] = {{0, 1 / q, 0}, {1, 1 / q, 1}},
		[FILTER_TILT] = {{1, a * a, 0}, {a * a, 1, 0}},
	};
	return at(table[shape][0], x) / at(table[shape][1], x);
}

/* The largest deviation in dB from 20 Hz to 18 kHz, where the prototype is above -40 dB. */
static double deviation(enum filter_shape shape, double frequency, double q, double gain_db, double rate)
{
	struct biquad section = filter_design(shape, frequency, q, gain_db, rate);
	double worst = 0;
	assert_true(fabs(section.a2) < 1 && fabs(section.a1) < 1 + section.a2);
	for (int i = 0; i <= 300; i++) {
		double f = 20 * pow(900, i / 300.0);
		double wanted = analogue(shape, f / frequency, q, gain_db);
		if (wanted < 0.01)
			continue;
		double error = fabs(db(filter_magnitude(&section, f, rate) / wanted));
		assert_true(error >= 0);
		worst = fmax(worst, error);
	}
	return worst;
}

struct shape_case {
	enum filter_shape shape;
	double least_q, most_q;
	double limit_db[COUNT(rates)];
};

static const struct shape_case shape_cases[] = {
	{FILTER_PEAK, 0.1, 20, {0.22, 0.22, 0.15}},
	{FILTER_LOWSHELF, 0.3, 2, {0.25, 0.22, 0.22}},
	{FILTER_HIGHSHELF, 0.3, 2, {0.25, 0.22, 0.22}},
	{FILTER_NOTCH, 0.1, 20, {0.27, 0.25, 0.2}},
	{FILTER_LOWPASS, 0.1, 20, {0.25, 0.22, 0.22}},
	{FILTER_HIGHPASS, 0.1, 2, {0.3, 0.28, 0.22}},
	{FILTER_HIGHPASS, 0.5, 1.5, {0.25, 0.25, 0.22}},
	{FILTER_HIGHPASS, 2, 20, {1.4, 1.2, 0.25}},
	{FILTER_BANDPASS, 0.3, 3, {0.26, 0.25, 0.22}},
	{FILTER_BANDPASS, 0.1, 20, {0.45, 0.4, 0.22}},
	{FILTER_TILT, 0.7, 0.8, {0.25, 0.25, 0.22}},
};

static bool has_gain(int shape)
{
	return shape <= FILTER_HIGHSHELF || shape == FILTER_TILT;
}

static double worst_deviation(const struct shape_case *c, double rate)
{
	static const double qs[] = {0.1, 0.3, 0.5, 0.7071, 1, 1.4, 2, 4, 10, 20};
	static const double gains[] = {-24, 24, -12, -6, -1, 1, 6, 12};
	size_t first = c->shape == FILTER_TILT ? 2 : 0, end = has_gain((int)c->shape) ? COUNT(gains) : 1;
	double worst = 0;
	for (size_t q = 0; q < COUNT(qs); q++) {
		if (qs[q] < c->least_q || qs[q] > c->most_q)
			continue;
		for (size_t f = 0; f < COUNT(frequencies); f++)
			for (size_t g = first; g < end; g++)
				worst = fmax(
					worst, deviation(c->shape, frequencies[f], qs[q], gains[g], rate));
	}
	return worst;
}

static void test_analogue(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(shape_cases); i++) {
		const struct shape_case *c = &shape_cases[i];
		for (size_t r = 0; r < ROWS_TRIED(rates); r++) {
			double worst = worst_deviation(c, rates[r]);
			print_message("shape %d, q %g to %g, %g Hz: within %.3f dB\n", (int)c->shape,
				c->least_q, c->most_q, rates[r], worst);
			assert_true(worst <= c->limit_db[r]);
		}
	}
}

/* Up to the last hertz below half the rate a design is stable and finite. */
static void test_edges(void **unused)
{
	(void)unused;
	for (int shape = FILTER_PEAK; shape <= FILTER_TILT; shape++) {
		for (int f = 1; f < 100; f++) {
			double frequency = f < 50 ? f : 24000 - (f - 49) * 100;
			for (double gain = -24; gain <= 24; gain += 12) {
				struct biquad s = filter_design(
					(enum filter_shape)shape, frequency, 0.7071, gain, 48000);
				assert_true(isfinite(s.b0) && isfinite(s.b1) && isfinite(s.b2));
				assert_true(fabs(s.a2) < 1 && fabs(s.a1) < 1 + s.a2);
			}
		}
	}
}

static void test_inverse(void **unused)
{
	(void)unused;
	for (int shape = FILTER_PEAK; shape <= FILTER_TILT; shape++) {
		if (!has_gain(shape))
			continue;
		struct biquad up = filter_design((enum filter_shape)shape, 9000, 1, 9, 48000);
		struct biquad down = filter_design((enum filter_shape)shape, 9000, 1, -9, 48000);
		struct biquad flat = filter_design((enum filter_shape)shape, 9000, 1, 0, 48000);
		assert_true(flat.b0 == 1 && flat.b1 == 0 && flat.b2 == 0 && flat.a1 == 0 && flat.a2 == 0);
		for (double f = 100; f < 24000; f += 100)
			assert_true(fabs(filter_magnitude(&up, f, 48000) * filter_magnitude(&down, f, 48000) -
					    1) < 1e-9);
	}
}

static double butterworth_error(
	enum filter_shape shape, unsigned order, double frequency, double rate, double floor)
{
	struct biquad sections[4];
	size_t count = filter_butterworth(shape, order, frequency, rate, sections);
	double worst = 0;
	assert_int_equal(count, (order + 1) / 2);
	for (int i = -1; i <= 300; i++) {
		double f = i < 0 ? frequency : 20 * pow(900, i / 300.0);
		double ratio = shape == FILTER_HIGHPASS ? frequency / f : f / frequency;
		double wanted = 1 / sqrt(1 + pow(ratio, 2.0 * order)), got = 1;
		for (size_t k = 0; k < count; k++)
			got *= filter_magnitude(&sections[k], f, rate);
		if (i < 0)
			assert_true(fabs(db(got) + 3.0103) < 0.02);
		if (db(wanted) > floor)
			worst = fmax(worst, fabs(db(got / wanted)));
	}
	return worst;
}

static void test_butterworth(void **unused)
{
	(void)unused;
	for (unsigned order = 1; order <= 8; order++) {
		for (size_t r = 0; r < ROWS_TRIED(rates); r++) {
			double low = 0, high = 0;
			for (size_t f = 0; f < COUNT(frequencies); f++) {
				low = fmax(low, butterworth_error(FILTER_LOWPASS, order, frequencies[f],
							rates[r], -20));
				high = fmax(high, butterworth_error(FILTER_HIGHPASS, order, frequencies[f],
							  rates[r], -20));
			}
			print_message("order %u, %g Hz: lowpass within %.3f dB, highpass within %.3f dB\n",
				order, rates[r], low, high);
			double limit = order <= 5 || rates[r] > 48000 ? 0.25 : 0.3;
			assert_true(low < limit && high < limit);
		}
	}
}

enum { FRAMES = 5000, SECTIONS = 7 };

static void make_sections(struct biquad sections[SECTIONS])
{
	for (int i = 0; i < SECTIONS; i++)
		sections[i] =
			filter_design(FILTER_PEAK, 60 * pow(2.2, i), 1 + 0.3 * i, i % 2 ? 6 : -6, 48000);
}

static void make_noise(double *samples, size_t count)
{
	srand(1);
	for (size_t i = 0; i < count; i++)
		samples[i] = rand() / (double)RAND_MAX - 0.5;
}

/* However the signal is cut, and whether sections run alone or side by side, every bit is the same. */
static void test_cuts(void **unused)
{
	static const size_t cuts[] = {1, 7, 15, 16, 64, 255, 257, 1024, FRAMES};
	static double noise[FRAMES], reference[FRAMES], samples[FRAMES];
	struct biquad sections[SECTIONS];
	(void)unused;
	make_sections(sections);
	make_noise(noise, FRAMES);
	for (size_t n = 1; n <= SECTIONS; n++) {
		struct biquad_memory alone[SECTIONS] = {0};
		memcpy(reference, noise, sizeof(noise));
		for (size_t i = 0; i < n; i++)
			filter_run(&sections[i], &alone[i], reference, FRAMES);
		for (size_t c = 0; c < COUNT(cuts); c++) {
			struct biquad_memory memories[SECTIONS] = {0};
			memcpy(samples, noise, sizeof(noise));
			for (size_t i = 0; i < FRAMES; i += cuts[c])
				filter_run_cascade(sections, memories, n, samples + i,
					i + cuts[c] > FRAMES ? FRAMES - i : cuts[c]);
			assert_memory_equal(samples, reference, sizeof(samples));
		}
	}
}

/* Several signals at once are, to the bit, what each is alone: however they are cut, and whether or not they
 * are as old as each other. The last one falls silent, so that its memories are flushed. */
static void check_together(size_t n, size_t cut, bool aged)
{
	enum { MANY = 13 };
	static double alone[FILTER_TOGETHER][FRAMES], together[FILTER_TOGETHER][FRAMES];
	struct biquad all[FILTER_TOGETHER][MANY];
	struct biquad_memory one[FILTER_TOGETHER][MANY] = {0}, other[FILTER_TOGETHER][MANY] = {0};
	const struct biquad *sections[FILTER_TOGETHER];
	struct biquad_memory *memories[FILTER_TOGETHER];
	assert_true(n <= MANY);
	for (size_t k = 0; k < FILTER_TOGETHER; k++) {
		for (size_t i = 0; i < n; i++)
			all[k][i] = filter_design(FILTER_PEAK, 100 + 700 * (double)i + 90 * (double)k, 1,
				i % 2 ? 4 : -5, 48000);
		make_noise(alone[k], FRAMES);
		for (size_t i = k == FILTER_TOGETHER - 1 ? 100 : FRAMES; i < FRAMES; i++)
			alone[k][i] = 0;
		alone[k][k] += 0.1 * (double)k;
		memcpy(together[k], alone[k], sizeof(alone[k]));
		one[k][0].age = other[k][0].age = aged ? 10 * (uint32_t)k : 0;
		sections[k] = all[k];
		memories[k] = other[k];
		filter_run_cascade(all[k], one[k], n, alone[k], FRAMES);
	}
	for (size_t i = 0; i < FRAMES; i += cut) {
		double *samples[FILTER_TOGETHER];
		for (size_t k = 0; k < FILTER_TOGETHER; k++)
			samples[k] = together[k] + i;
		filter_run_together(sections, memories, n, samples, i + cut > FRAMES ? FRAMES - i : cut);
	}
	assert_memory_equal(together, alone, sizeof(alone));
	for (size_t k = 0; k < FILTER_TOGETHER; k++)
		for (size_t i = 0; i < n; i++)
			assert_true(one[k][i].x1 == other[k][i].x1 && one[k][i].x2 == other[k][i].x2 &&
				    one[k][i].y1 == other[k][i].y1 && one[k][i].y2 == other[k][i].y2 &&
				    one[k][i].age == other[k][i].age);
}

static void test_together(void **unused)
{
	static const size_t cuts[] = {1, 3, 4, 30, 255, 257, 1024, FRAMES};
	(void)unused;
	for (size_t n = 0; n <= 13; n++)
		for (size_t c = 0; c < COUNT(cuts); c++)
			check_together(n, cuts[c], false);
	check_together(5, 1000, true);
}

/* As are two signals through two sections. */
static void test_pair(void **unused)
{
	static const size_t cuts[] = {1, 30, 33, 34, 35, 255, 480, 1024, FRAMES};
	static double noise[2][FRAMES], alone[2][FRAMES], pair[2][FRAMES];
	struct biquad sections[SECTIONS];
	(void)unused;
	make_sections(sections);
	for (size_t k = 0; k < 2; k++) {
		make_noise(noise[k], FRAMES);
		memset(noise[k] + 50 + 100 * k, 0, (FRAMES - 1000) * sizeof(double));
	}
	for (size_t c = 0; c < 2 * COUNT(cuts); c++) {
		struct biquad_memory one[2][2] = {0}, other[2][2] = {0};
		struct biquad_memory *const memories[2] = {other[0], other[1]};
		size_t cut = cuts[c / 2];
		one[1]->age = other[1]->age = c % 2;
		memcpy(alone, noise, sizeof(noise));
		memcpy(pair, noise, sizeof(noise));
		for (size_t k = 0; k < 2; k++)
			filter_run_cascade(sections + 5, one[k], 2, alone[k], FRAMES);
		for (size_t i = 0; i < FRAMES; i += cut) {
			double *const samples[2] = {pair[0] + i, pair[1] + i};
			filter_run_pair(sections + 5, memories, samples, i + cut > FRAMES ? FRAMES - i : cut);
		}
		assert_memory_equal(pair, alone, sizeof(alone));
	}
}

/* An impulse's spectrum is the response that filter_magnitude says. */
static void test_running(void **unused)
{
	static double samples[FRAMES];
	static const double tones[] = {30, 300, 3000, 9000, 17000, 23000};
	struct biquad sections[SECTIONS];
	struct biquad_memory memories[SECTIONS] = {0};
	(void)unused;
	make_sections(sections);
	samples[0] = 1;
	filter_run_cascade(sections, memories, SECTIONS, samples, FRAMES);
	for (size_t t = 0; t < COUNT(tones); t++) {
		double real = 0, imaginary = 0, wanted = 1;
		for (int i = 0; i < FRAMES; i++) {
			real += samples[i] * cos(2 * M_PI * tones[t] / 48000 * i);
			imaginary += samples[i] * sin(2 * M_PI * tones[t] / 48000 * i);
		}
		for (int i = 0; i < SECTIONS; i++)
			wanted *= filter_magnitude(&sections[i], tones[t], 48000);
		assert_true(fabs(db(hypot(real, imaginary) / wanted)) < 0.001);
	}
}

/* No memory ends in denormals: it comes to exactly zero, and so does what comes out. */
static void test_silence(void **unused)
{
	static double samples[FRAMES];
	struct biquad sections[SECTIONS];
	struct biquad_memory memories[SECTIONS] = {0};
	(void)unused;
	make_sections(sections);
	make_noise(samples, FRAMES);
	filter_run_cascade(sections, memories, SECTIONS, samples, FRAMES);
	for (int i = 0; i < 100; i++) {
		memset(samples, 0, sizeof(samples));
		filter_run_cascade(sections, memories, SECTIONS, samples, FRAMES);
	}
	for (int i = 0; i < SECTIONS; i++)
		assert_true(memories[i].x1 == 0 && memories[i].x2 == 0 && memories[i].y1 == 0 &&
			    memories[i].y2 == 0);
	for (int i = 0; i < FRAMES; i++)
		assert_true(samples[i] == 0);
}

/* One sample that is no number is forgotten; without the flush all that follow would be none. */
static void test_not_finite(void **unused)
{
	static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300};
	static double samples[FRAMES];
	struct biquad sections[SECTIONS];
	(void)unused;
	make_sections(sections);
	for (size_t b = 0; b < COUNT(bad); b++) {
		struct biquad_memory memories[SECTIONS] = {0};
		make_noise(samples, FRAMES);
		samples[1000] = bad[b];
		filter_run_cascade(sections, memories, SECTIONS, samples, FRAMES);
		for (int i = 1000 + 256; i < FRAMES; i++)
			assert_true(fabs(samples[i]) < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_analogue),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_inverse),
		cmocka_unit_test(test_butterworth),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_not_finite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

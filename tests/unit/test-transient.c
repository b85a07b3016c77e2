/* The transient shaper on drum hits, steady tones and at any level. */
#include "mixer/processors.h"
#include "tests/unit/dynamics.h"

enum { FRAMES = 192000 }; /* a second at the highest rate */

static const struct transient_settings nothing = {0};

/* Hits of 200 Hz, twice a second, that die away by 60 dB in 0.35 s. */
static void fill_hits(double *samples, double level, double rate)
{
	for (size_t i = 0; i < FRAMES; i++) {
		double t = fmod((double)i / rate, 0.5);
		samples[i] = level * exp(-t / 0.05) * sin(2 * M_PI * 200 * t);
	}
}

/* The gain in dB from `from_s` to `to_s` after the second hit. */
static double gain_between(
	const double *in, const double *out, size_t latency, double rate, double from_s, double to_s)
{
	size_t from = (size_t)((0.5 + from_s) * rate), count = (size_t)((to_s - from_s) * rate);
	return level_of(out + from + latency, count) - level_of(in + from, count);
}

struct shape_case {
	double attack_db, sustain_db;
	double onset[2], tail[2]; /* what the first 4 ms and 150 to 300 ms are raised by, least and most */
};

static const struct shape_case cases[] = {
	{12, 0, {10, 12.01}, {-0.2, 0.2}},
	{-12, 0, {-12.01, -10}, {-0.2, 0.2}},
	{0, 12, {-0.3, 0.3}, {4, 12.01}},
	{0, -24, {-0.3, 0.3}, {-24.01, -8}},
	{6, -6, {5, 6.01}, {-6.01, -2}},
};

static void test_shapes(void **unused)
{
	static double in[FRAMES], out[FRAMES];
	(void)unused;
	for (size_t c = 0; c < TABLE_SIZE(cases); c++) {
		for (size_t r = 0; r < TABLE_SIZE(dynamics_rates); r++) {
			const struct shape_case *wanted = &cases[c];
			struct transient_settings s = {wanted->attack_db, wanted->sustain_db, 0.001};
			double rate = dynamics_rates[r];
			struct processor *processor =
				dynamics_make(&transient_type, &s, dynamics_rates[r], 1);
			size_t latency = processor_latency(processor);
			fill_hits(in, 0.5, rate);
			memcpy(out, in, sizeof(in));
			run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
			double onset = gain_between(in, out, latency, rate, 0, 0.004);
			double tail = gain_between(in, out, latency, rate, 0.15, 0.3);
			print_message("attack %+g dB, sustain %+g dB, %g Hz: onset %+.2f dB, tail %+.2f dB\n",
				s.attack_db, s.sustain_db, rate, onset, tail);
			assert_true(onset >= wanted->onset[0] && onset <= wanted->onset[1]);
			assert_true(tail >= wanted->tail[0] && tail <= wanted->tail[1]);
			processor_destroy(processor);
		}
	}
}

/* The same hits 40 dB softer are shaped alike. */
static void test_level_independent(void **unused)
{
	static double loud[FRAMES], soft[FRAMES];
	struct transient_settings s = {9, -9, 0.002};
	double worst = 0;
	(void)unused;
	fill_hits(loud, 0.5, 48000);
	fill_hits(soft, 0.005, 48000);
	struct processor *processor = dynamics_make(&transient_type, &s, 48000, 1);
	run_cut(processor, loud, NULL, FRAMES, BLOCK_FRAMES);
	processor_reset(processor);
	run_cut(processor, soft, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < FRAMES; i++)
		worst = fmax(worst, fabs(loud[i] - soft[i] * 100));
	print_message("40 dB softer: the same within %.0f dB\n", to_db(worst / 0.5));
	assert_true(worst < 0.5e-6);
	processor_destroy(processor);
}

/* A steady tone, down to 55 Hz, is left alone. */
static void test_steady(void **unused)
{
	static const double tones[] = {55, 110, 440, 3000};
	static double in[FRAMES], out[FRAMES];
	(void)unused;
	for (size_t t = 0; t < TABLE_SIZE(tones); t++) {
		struct transient_settings s = {15, 24, 0};
		struct processor *processor = dynamics_make(&transient_type, &s, 48000, 1);
		fill_sine(in, FRAMES, 0.1, tones[t], 48000);
		memcpy(out, in, sizeof(in));
		run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
		for (int i = 72000; i < FRAMES; i++)
			assert_true(fabs(out[i] - in[i]) < 0.1 * 0.002);
		processor_destroy(processor);
	}
}

static void test_neutral(void **unused)
{
	static double in[FRAMES], out[FRAMES];
	struct transient_settings s = nothing;
	(void)unused;
	s.lookahead_s = 0.01;
	struct processor *processor = dynamics_make(&transient_type, &s, 48000, 1);
	fill_bursts(in, FRAMES, 1);
	memcpy(out, in, sizeof(in));
	run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
	assert_memory_equal(in, out + 480, (FRAMES - 480) * sizeof(*in));
	processor_destroy(processor);
}

static void test_common(void **unused)
{
	struct transient_settings s = {9, -12, 0.001};
	(void)unused;
	dynamics_check(&transient_type, &s);
	dynamics_check_latency(&transient_type, &s, 0.001);
	s = (struct transient_settings){-9, 12, 0};
	dynamics_check(&transient_type, &s);
	dynamics_check_latency(&transient_type, &s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_level_independent),
		cmocka_unit_test(test_steady),
		cmocka_unit_test(test_neutral),
		cmocka_unit_test(test_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

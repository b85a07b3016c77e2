/* The compressor against its static curve and its times, and the fast logarithm that it leans on. */
#include "audio/fastmath.h"
#include "mixer/processors.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RATE = 48000, FRAMES = 3 * 48000 };

static const struct compressor_settings usual = {
	.threshold_db = -20,
	.ratio = 4,
	.attack_s = 0.008,
	.release_s = 0.2,
	.knee_db = 6,
};

static struct processor *make(const struct compressor_settings *settings, uint32_t channels)
{
	struct processor_format format = {RATE, channels};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &compressor_type, settings, &format, &e), 0);
	return processor;
}

static double from_db(double db)
{
	return pow(10, db / 20);
}

static void test_fastmath(void **unused)
{
	double worst_log = 0, worst_exp = 0;
	(void)unused;
	for (int i = 0; i < 200000; i++) {
		double x = exp2(i / 1000.0 - 110);
		worst_log = fmax(worst_log, fabs(fast_log2(x) - log2(x)));
	}
	for (int i = -100000; i <= 100000; i++)
		worst_exp = fmax(worst_exp, fabs(fast_exp2(i / 1234.5) / exp2(i / 1234.5) - 1));
	print_message("log2 within %g, exp2 within %g\n", worst_log, worst_exp);
	assert_true(worst_log < 2e-9 && worst_exp < 1e-8);
	assert_true(fast_exp2(0) == 1);
}

/* The paper's equation 4. */
static double static_curve(const struct compressor_settings *s, double level)
{
	double over = level - s->threshold_db;
	if (2 * over < -s->knee_db)
		return level;
	if (2 * fabs(over) <= s->knee_db && s->knee_db > 0)
		return level + (1 / s->ratio - 1) * pow(over + s->knee_db / 2, 2) / (2 * s->knee_db);
	return s->threshold_db + over / s->ratio;
}

/* The level in dB that a sine of peak `level` dB comes out at. */
static double settled(const struct compressor_settings *settings, double level, double frequency)
{
	static double samples[FRAMES];
	struct processor *processor = make(settings, 1);
	double power = 0;
	fill_sine(samples, FRAMES, from_db(level), frequency, RATE);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = FRAMES - RATE; i < FRAMES; i++)
		power += 2 * samples[i] * samples[i] / RATE;
	processor_destroy(processor);
	return 10 * log10(power);
}

static void test_static_curve(void **unused)
{
	static const double ratios[] = {1, 1.5, 2, 4, 10, 100}, knees[] = {0, 3, 6, 12, 24};
	double worst = 0;
	(void)unused;
	for (size_t r = 0; r < COUNT(ratios); r++) {
		for (size_t k = 0; k < COUNT(knees); k++) {
			struct compressor_settings s = usual;
			s.ratio = ratios[r];
			s.knee_db = knees[k];
			s.release_s = 0.5;
			for (double level = -60; level <= 6; level += 3)
				worst = fmax(worst, fabs(settled(&s, level, 1000) - static_curve(&s, level)));
		}
	}
	print_message("static curve within %.4f dB\n", worst);
	assert_true(worst < 0.1);
}

static void test_rms_and_makeup(void **unused)
{
	struct compressor_settings s = usual;
	(void)unused;
	s.detector = COMPRESSOR_RMS;
	s.makeup_db = 5;
	for (double level = -40; level <= 0; level += 5) {
		double reduction = level - 3.01 - static_curve(&s, level - 3.01);
		assert_true(fabs(settled(&s, level, 1000) - (level - reduction + 5)) < 0.1);
	}
}

/* Seconds after `from` until the gain has done 63 % of its way from `start` to `end` dB. */
static double time_to_63(const double *gains, size_t from, double start, double end)
{
	double target = start + (end - start) * (1 - exp(-1));
	for (size_t i = from; i < FRAMES; i++)
		if (end < start ? gains[i] <= target : gains[i] >= target)
			return (double)(i - from) / RATE;
	return INFINITY;
}

static const double times[][2] = {
	{0.001, 0.05}, {0.008, 0.2}, {0.01, 0.1}, {0.03, 0.1}, {0.05, 0.06}, {0.1, 0.3}, {0.0005, 0.3}};

static void test_times(void **unused)
{
	static double samples[FRAMES];
	(void)unused;
	for (size_t t = 0; t < COUNT(times); t++) {
		struct compressor_settings s = usual;
		s.attack_s = times[t][0];
		s.release_s = times[t][1];
		struct processor *processor = make(&s, 1);
		for (int i = 0; i < FRAMES; i++)
			samples[i] = i >= RATE / 10 && i < FRAMES / 2 ? 0.9 : 0.01;
		run_cut(processor, samples, NULL, FRAMES, 500);
		for (int i = 0; i < FRAMES; i++)
			samples[i] = 20 * log10(samples[i] / (i >= RATE / 10 && i < FRAMES / 2 ? 0.9 : 0.01));
		double attack = time_to_63(samples, RATE / 10, 0, samples[FRAMES / 2 - 1]);
		double release = time_to_63(samples, FRAMES / 2, samples[FRAMES / 2 - 1], 0);
		print_message("attack %.5f s of %.5f s, release %.5f s of %.5f s\n", attack, s.attack_s,
			release, s.release_s);
		assert_true(fabs(attack / s.attack_s - 1) < 0.05);
		assert_true(fabs(release / s.release_s - 1) < 0.05);
		processor_destroy(processor);
	}
}

/* With look-ahead the sound comes later, the reduction does not. */
static void test_lookahead(void **unused)
{
	static double plain[FRAMES], late[FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	struct processor *without = make(&s, 1);
	s.lookahead_s = 0.005;
	struct processor *with = make(&s, 1);
	uint32_t latency = processor_latency(with);
	assert_int_equal(processor_latency(without), 0);
	assert_int_equal(latency, 240);
	for (int i = 0; i < FRAMES; i++)
		plain[i] = late[i] = i >= 1000 ? 0.9 : 0.01;
	run_cut(without, plain, NULL, FRAMES, BLOCK_FRAMES);
	run_cut(with, late, NULL, FRAMES, BLOCK_FRAMES);
	for (uint32_t i = 0; i < latency; i++)
		assert_true(late[i] == 0);
	assert_true(fabs(plain[1000] - 0.9) < 0.02);
	assert_true(fabs(late[1000 + latency] - plain[1000 + latency]) < 1e-9);
	processor_destroy(without);
	processor_destroy(with);
}

/* Bursts between silences, so that both the long way and the short one for quiet blocks are gone. */
static void fill_bursts(double *samples, unsigned seed)
{
	fill_noise(samples, FRAMES, seed);
	for (int i = 0; i < FRAMES; i++)
		samples[i] *= i / 9000 % 3 == 0 ? 1.8 : i / 9000 % 3 == 1 ? 0.02 : 0;
}

static void test_cuts_and_reset(void **unused)
{
	static const size_t cuts[] = {1, 7, 64, 1024};
	static double reference[2][FRAMES], samples[2][FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	s.lookahead_s = 0.003;
	s.makeup_db = 4;
	s.release_s = 0.02;
	for (int detector = COMPRESSOR_PEAK; detector <= COMPRESSOR_RMS; detector++) {
		s.detector = detector;
		struct processor *processor = make(&s, 2);
		fill_bursts(reference[0], 1);
		fill_bursts(reference[1], 2);
		run_cut(processor, reference[0], reference[1], FRAMES, 1000);
		for (size_t c = 0; c < COUNT(cuts); c++) {
			fill_bursts(samples[0], 1);
			fill_bursts(samples[1], 2);
			processor_reset(processor);
			run_cut(processor, samples[0], samples[1], FRAMES, cuts[c]);
			assert_memory_equal(samples, reference, sizeof(samples));
		}
		processor_destroy(processor);
	}
}

/* One gain for both sides: their ratio stays. */
static void test_linked(void **unused)
{
	static double left[FRAMES], right[FRAMES];
	struct processor *processor = make(&usual, 2);
	(void)unused;
	fill_noise(left, FRAMES, 1);
	for (int i = 0; i < FRAMES; i++)
		right[i] = left[i] / 8;
	run_cut(processor, left, right, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < FRAMES; i++)
		assert_true(right[i] == left[i] / 8);
	processor_destroy(processor);
}

/* After enough silence every gain is exactly the make-up again: what is quiet goes through untouched. */
static void test_silence(void **unused)
{
	static double samples[FRAMES];
	struct processor *processor = make(&usual, 1);
	(void)unused;
	fill_noise(samples, FRAMES, 1);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < 4; i++) {
		memset(samples, 0, sizeof(samples));
		run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	}
	for (int i = 0; i < FRAMES; i++)
		samples[i] = 0.0123;
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < FRAMES; i++)
		assert_true(samples[i] == 0.0123);
	processor_destroy(processor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fastmath),
		cmocka_unit_test(test_static_curve),
		cmocka_unit_test(test_rms_and_makeup),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lookahead),
		cmocka_unit_test(test_cuts_and_reset),
		cmocka_unit_test(test_linked),
		cmocka_unit_test(test_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The de-esser: its curve, its times, and what it does to a voice. */
#include "audio/crossover.h"
#include "mixer/processors.h"
#include "tests/unit/dynamics.h"

enum { RATE = 48000, FRAMES = 2 * RATE };

static const struct deesser_settings usual = {
	.frequency_hz = 6500,
	.reduce_db = 6,
	.threshold_db = -12,
	.attack_s = 0.001,
	.release_s = 0.04,
	.lookahead_s = 0.004,
};

static struct processor *make(const struct deesser_settings *settings)
{
	return dynamics_make(&deesser_type, settings, RATE, 1);
}

/* In dB, of the sine of `frequency` in the last half of `samples`. */
static double tone_db(const double *samples, double frequency)
{
	double real = 0, imaginary = 0;
	for (int i = FRAMES / 2; i < FRAMES; i++) {
		real += samples[i] * cos(2 * M_PI * frequency / RATE * i);
		imaginary += samples[i] * sin(2 * M_PI * frequency / RATE * i);
	}
	return to_db(hypot(real, imaginary) * 4 / FRAMES);
}

/* A low and a high tone of such levels; returns what is taken off the high one. */
static double reduction(const struct deesser_settings *settings, double low_db, double high_db)
{
	static double samples[FRAMES], high[FRAMES];
	struct processor *processor = make(settings);
	fill_sine(samples, FRAMES, from_db(low_db), 500, RATE);
	fill_sine(high, FRAMES, from_db(high_db), 16000, RATE);
	for (int i = 0; i < FRAMES; i++)
		samples[i] += high[i];
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	processor_destroy(processor);
	assert_true(fabs(tone_db(samples, 500) - low_db) < 0.01);
	return high_db - tone_db(samples, 16000);
}

/* What the high tone is of the whole, in dB of power. */
static double share_db(double low_db, double high_db)
{
	return -10 * log10(1 + pow(10, (low_db - high_db) / 10));
}

static void test_relative(void **unused)
{
	double worst = 0;
	(void)unused;
	for (double level = -60; level <= 0; level += 20) {
		for (double high = -30; high <= 20; high += 2.5) {
			double wanted = fmin(6, fmax(0, share_db(0, high) + 12));
			double got = reduction(&usual, level - 20, level - 20 + high);
			worst = fmax(worst, fabs(got - wanted));
		}
	}
	print_message("relative: within %.3f dB at any level\n", worst);
	assert_true(worst < 0.1);
}

static void test_absolute(void **unused)
{
	struct deesser_settings s = usual;
	double worst = 0;
	(void)unused;
	s.mode = DEESSER_ABSOLUTE;
	s.threshold_db = -40;
	s.reduce_db = 10;
	for (double high = -60; high <= 0; high += 2.5) {
		double wanted = fmin(10, fmax(0, high - 3.01 + 40));
		worst = fmax(worst, fabs(reduction(&s, -10, high) - wanted));
	}
	print_message("absolute: within %.3f dB\n", worst);
	assert_true(worst < 0.2);
}

/* Seconds from `from` until the level of the high tone, cycle by cycle, has done 63 % of the way. */
static double time_to_63(const double *samples, size_t from, double start, double end)
{
	double target = start + (end - start) * (1 - exp(-1));
	for (size_t i = from; i < FRAMES; i += 3) { /* a cycle of 16 kHz */
		double now = 0;
		for (size_t k = 0; k < 3; k++)
			now += samples[i + k] * samples[i + k] / 3;
		now = 10 * log10(now * 2);
		if (end < start ? now <= target : now >= target)
			return (double)(i + 1 - from) / RATE;
	}
	return INFINITY;
}

/* In absolute mode with a threshold far down and up the mean over 2 ms plays no part: what is left are the
 * ballistics. */
static void test_times(void **unused)
{
	static double samples[FRAMES];
	struct deesser_settings s = usual;
	(void)unused;
	s.mode = DEESSER_ABSOLUTE;
	s.threshold_db = -30;
	s.attack_s = 0.02;
	s.release_s = 0.1;
	s.lookahead_s = 0;
	struct processor *processor = make(&s);
	fill_sine(samples, FRAMES, 1, 16000, RATE);
	for (int i = 0; i < FRAMES; i++)
		samples[i] *= i < RATE / 2 || i >= RATE ? from_db(-40) : 1;
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	double attack = time_to_63(samples, RATE / 2 + 12, 0, -6);
	double release = time_to_63(samples, RATE + 12, -46, -40);
	print_message("attack %.4f s of 0.02 s, release %.4f s of 0.1 s\n", attack, release);
	assert_true(fabs(attack / 0.02 - 1) < 0.1);
	/* The level itself takes 13 ms to fall by 27 dB, below the threshold: two poles of 1.5 ms each. */
	assert_true(fabs((release - 0.013) / 0.1 - 1) < 0.1);
	processor_destroy(processor);
}

/* Glottal pulses of 120 Hz through a falling spectrum, and now and then an s: noise above 4 kHz. */
static void fill_voice(double *voice, double *esses, double level)
{
	struct biquad dull = filter_design(FILTER_LOWPASS, 900, 0.7, 0, RATE);
	struct biquad high[4];
	struct biquad_memory dull_memory = {0}, high_memory[2] = {{0}};
	filter_butterworth(FILTER_HIGHPASS, 4, 5500, RATE, high);
	fill_noise(esses, FRAMES, 1);
	filter_run_cascade(high, high_memory, 2, esses, FRAMES);
	for (int i = 0; i < FRAMES; i++) {
		bool hiss = i % 24000 > 18000;
		voice[i] = hiss ? 0 : level * (i % 400 == 0 ? 8 : 0);
		esses[i] *= hiss ? level * 0.7 : 0;
	}
	filter_run(&dull, &dull_memory, voice, FRAMES);
}

/* Loud or quiet, the s is 6 dB softer and the vowel as it was, but for the phase of the crossover. */
static void test_voice(void **unused)
{
	static double voice[FRAMES], esses[FRAMES], sum[FRAMES], all[2][FRAMES];
	struct deesser_settings s = usual;
	(void)unused;
	s.release_s = 0.01; /* so that nothing of it is left in the vowel */
	for (double level = 0.5; level > 0.0001; level /= 10) {
		struct crossover crossover;
		struct crossover_memory memory = {0};
		struct processor *processor = make(&s);
		size_t latency = processor_latency(processor);
		double vowel = 0, change = 0, before = 0, after = 0;
		fill_voice(voice, esses, level);
		for (int i = 0; i < FRAMES; i++)
			sum[i] = voice[i] + esses[i];
		crossover_init(&crossover, 2, &usual.frequency_hz, RATE);
		crossover_run(&crossover, &memory, sum, (double *[]){all[0], all[1]}, FRAMES);
		run_cut(processor, sum, NULL, FRAMES, BLOCK_FRAMES);
		for (size_t i = 0; i + latency < FRAMES; i++) {
			double in = all[0][i] + all[1][i], out = sum[i + latency];
			size_t at = i % 24000;
			if (at > 12000 && at < 17500) {
				vowel += in * in;
				change += (out - in) * (out - in);
			} else if (at > 18200 && at < 23800) {
				before += in * in;
				after += out * out;
			}
		}
		double null_db = 10 * log10(change / vowel), s_db = 10 * log10(after / before);
		print_message("level %g: s %.2f dB, vowel null %.0f dB\n", level, s_db, null_db);
		assert_true(s_db < -5 && s_db > -6.1 && null_db < -120);
		processor_destroy(processor);
	}
}

/* Nothing to reduce at most: not a bit changes, only late. */
static void test_neutral(void **unused)
{
	static double in[FRAMES], out[FRAMES];
	struct deesser_settings s = usual;
	(void)unused;
	s.reduce_db = 0;
	struct processor *processor = make(&s);
	fill_bursts(in, FRAMES, 1);
	memcpy(out, in, sizeof(in));
	run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
	assert_memory_equal(in, out + 192, (FRAMES - 192) * sizeof(*in));
	processor_destroy(processor);
}

static void test_common(void **unused)
{
	struct deesser_settings s = usual;
	(void)unused;
	dynamics_check(&deesser_type, &s);
	dynamics_check_latency(&deesser_type, &s, 0.004);
	s.mode = DEESSER_ABSOLUTE;
	s.threshold_db = -30;
	s.lookahead_s = 0;
	dynamics_check(&deesser_type, &s);
	dynamics_check_latency(&deesser_type, &s, 0);
	s.frequency_hz = 22050;
	dynamics_check_refused(
		&deesser_type, &s, 1, "frequency: 22050 Hz is not below half the rate of 44100 Hz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_voice),
		cmocka_unit_test(test_neutral),
		cmocka_unit_test(test_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

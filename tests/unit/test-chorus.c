/* The chorus: its voices against what they are by definition, their level, sides, and what is refused. */
#include "mixer/processors.h"
#include "tests/unit/effects.h"

enum { FRAMES = 96000 };

static const struct chorus_settings one_voice = {.rate_hz = 0.7,
	.depth_s = 0.002,
	.delay_s = 0.012,
	.voices = 1,
	.spread_percent = 100,
	.mix_percent = 100};

static double left[FRAMES], right[FRAMES], before[FRAMES];

static void run(const struct chorus_settings *settings, uint32_t rate, uint32_t channels)
{
	struct processor *processor = effect_make_at(&chorus_type, settings, rate, channels);
	assert_int_equal(processor_latency(processor), 0);
	run_cut(processor, left, channels == 2 ? right : NULL, FRAMES, BLOCK_FRAMES);
	processor_destroy(processor);
}

/* A voice that stands still is a delay, bit for bit. */
static void test_still(void **unused)
{
	struct chorus_settings s = one_voice;
	(void)unused;
	s.depth_s = 0;
	fill_noise(before, FRAMES, 1);
	memcpy(left, before, sizeof(left));
	run(&s, 48000, 1);
	assert_memory_equal(left + 576, before, (FRAMES - 576) * sizeof(double));
}

/* One that moves: the sine at the time that the voice is at. */
static void test_moving(void **unused)
{
	(void)unused;
	for (size_t r = 0; r < COUNT(effect_rates); r++) {
		double rate = effect_rates[r], worst = 0;
		for (double frequency = 50; frequency < 8000; frequency *= 2.75) {
			fill_sine(left, FRAMES, 1, frequency, rate);
			run(&one_voice, effect_rates[r], 1);
			for (int i = 10000; i < FRAMES; i++) {
				double late = 0.012 + 0.002 * sin(2 * M_PI * 0.7 * i / rate);
				worst = fmax(
					worst, fabs(left[i] - sin(2 * M_PI * frequency * (i / rate - late))));
			}
		}
		print_message("%g Hz: a moving voice within %.1f dB up to 8 kHz\n", rate, 20 * log10(worst));
		assert_true(20 * log10(worst) < -50);
	}
}

static double level_of(const struct chorus_settings *s)
{
	fill_noise(left, FRAMES, 1);
	double was = rms_of(left, FRAMES);
	run(s, 48000, 1);
	return 20 * log10(rms_of(left + FRAMES / 2, FRAMES / 2) / was);
}

static void test_level(void **unused)
{
	(void)unused;
	for (int voices = 1; voices <= CHORUS_VOICES; voices++) {
		struct chorus_settings s = one_voice;
		s.voices = voices;
		double db = level_of(&s);
		if (fabs(db) > 1.5)
			fail_msg("%d voices: %.2f dB", voices, db);
	}
}

static void test_sides(void **unused)
{
	struct chorus_settings s = one_voice;
	(void)unused;
	s.voices = 3;
	for (int spread = 0; spread <= 100; spread += 100) {
		double both = 0;
		s.spread_percent = spread;
		fill_noise(left, FRAMES, 1);
		memcpy(right, left, sizeof(left));
		run(&s, 48000, 2);
		for (int i = FRAMES / 2; i < FRAMES; i++)
			both += left[i] * right[i];
		both /= rms_of(left + FRAMES / 2, FRAMES / 2) * rms_of(right + FRAMES / 2, FRAMES / 2) *
			(FRAMES / 2);
		print_message("spread %d %%: correlation %.3f\n", spread, both);
		assert_true(spread ? fabs(both) < 0.3 : both > 0.999999);
	}
}

static void test_dry(void **unused)
{
	struct chorus_settings s = one_voice;
	(void)unused;
	s.mix_percent = 0;
	fill_noise(before, FRAMES, 1);
	memcpy(left, before, sizeof(left));
	run(&s, 48000, 1);
	assert_memory_equal(left, before, sizeof(left));
}

static void test_refused(void **unused)
{
	struct chorus_settings s = one_voice;
	(void)unused;
	s.depth_s = 0.0061;
	effect_check_refused(&chorus_type, &s, 1, "depth");
	s.delay_s = 0.05;
	s.depth_s = 0.02;
	s.rate_hz = 10;
	effect_check_refused(&chorus_type, &s, 1, "rate");
}

static void test_robust(void **unused)
{
	struct chorus_settings s = one_voice;
	(void)unused;
	effect_check(&chorus_type, &s, 1);
	s.voices = CHORUS_VOICES;
	s.mix_percent = 50;
	effect_check(&chorus_type, &s, 1);
	s.delay_s = 0.001; /* hardly more past than interpolation wants */
	s.depth_s = 0.0005;
	s.rate_hz = 10;
	effect_check(&chorus_type, &s, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_still),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_dry),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

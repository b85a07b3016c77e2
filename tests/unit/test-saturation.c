/* Saturation: what folds, the level that is kept, the harmonics that each kind is for, DC, neutral settings.
 */
#include "mixer/processors.h"
#include "tests/unit/effects.h"
#include "tests/unit/sanitized.h"

enum { FRAMES = 48000, PERIOD = 4800 };

static double samples[FRAMES];

static void run_sine(
	const struct saturation_settings *settings, uint32_t rate, double level, double frequency)
{
	struct processor *processor = effect_make_at(&saturation_type, settings, rate, 1);
	fill_sine(samples, FRAMES, level, frequency, rate);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	processor_destroy(processor);
}

/* Of all that is not a harmonic the loudest, against the fundamental. `period` samples hold whole periods of
 * everything, so any product is exactly one of their bins. */
static double loudest_alias(const double *tail, unsigned period, unsigned fundamental, unsigned bins)
{
	double loudest = -400, level = 0;
	for (unsigned bin = 1; bin < bins; bin++) {
		double re = 0, im = 0;
		for (unsigned i = 0; i < period; i++) {
			double angle = 2 * M_PI * (double)(bin * i % period) / period;
			re += tail[i] * cos(angle);
			im += tail[i] * sin(angle);
		}
		double db = 20 * log10(2 * hypot(re, im) / period + 1e-20);
		if (bin == fundamental)
			level = db;
		else if (bin % fundamental)
			loudest = fmax(loudest, db);
	}
	return loudest - level;
}

/* 5 kHz and what it makes: at 48 kHz the period is 48 samples of 5 cycles; at 44.1 kHz, 441 of 50. 4990 Hz
 * lays its products beside one another instead of upon harmonics. */
static void test_aliases(void **unused)
{
	static const struct {
		uint32_t rate;
		double frequency;
		unsigned period, fundamental, bins; /* bins: below 24 kHz */
	} tones[] = {{48000, 5000, 48, 5, 24}, {48000, 4990, 4800, 499, 2400}, {44100, 5000, 441, 50, 220},
		{96000, 5000, 96, 5, 24}, {192000, 5000, 192, 5, 24}};
	(void)unused;
	for (int kind = SATURATION_SOFT; kind <= SATURATION_TUBE; kind++) {
		for (size_t t = 0; t < COUNT(tones); t++) {
			struct saturation_settings s = {kind, 24, 100, 0};
			run_sine(&s, tones[t].rate, 1, tones[t].frequency);
			double db = loudest_alias(samples + FRAMES - tones[t].period, tones[t].period,
				tones[t].fundamental, tones[t].bins);
			print_message("kind %d, %u Hz, %g Hz at full scale, 24 dB drive: %.1f dB\n", kind,
				tones[t].rate, tones[t].frequency, db);
			assert_true(db < -80);
		}
	}
}

/* A sine of -12 dB keeps its level at every drive; a quiet one gains, by the drive at most. */
static void test_level(void **unused)
{
	(void)unused;
	for (int kind = SATURATION_SOFT; kind <= SATURATION_TUBE; kind++) {
		for (double drive = 0; drive <= 36; drive += 6) {
			struct saturation_settings s = {kind, drive, 100, 0};
			run_sine(&s, 48000, pow(10, -12 / 20.0), 300);
			double db = 20 * log10(rms_of(samples + FRAMES - PERIOD, PERIOD) * M_SQRT2);
			if (fabs(db + 12) > 0.3)
				fail_msg("kind %d, drive %g dB: %.2f dB", kind, drive, db);
			run_sine(&s, 48000, 1e-4, 300);
			db = 20 * log10(rms_of(samples + FRAMES - PERIOD, PERIOD) * M_SQRT2);
			assert_true(db > -80.1 && db < -80 + drive + 0.6);
		}
	}
}

static double harmonic(int number)
{
	return tone_level(samples + FRAMES / 2, FRAMES / 2, number * 1000 / 48000.0);
}

static void test_harmonics(void **unused)
{
	struct saturation_settings s = {SATURATION_SOFT, 12, 100, 0};
	(void)unused;
	run_sine(&s, 48000, 0.5, 1000);
	double soft = harmonic(3) - harmonic(1);
	assert_true(soft > -25 && soft < -12);
	assert_true(harmonic(2) < -120 && harmonic(4) < -120);
	s.kind = SATURATION_TUBE;
	run_sine(&s, 48000, 0.5, 1000);
	assert_true(harmonic(2) - harmonic(1) > -30);
	s.kind = SATURATION_TAPE; /* treble bends earlier than bass */
	run_sine(&s, 48000, 0.25, 200);
	double low = tone_level(samples + FRAMES / 2, FRAMES / 2, 600 / 48000.0) -
		     tone_level(samples + FRAMES / 2, FRAMES / 2, 200 / 48000.0);
	run_sine(&s, 48000, 0.25, 5000);
	double high = tone_level(samples + FRAMES / 2, FRAMES / 2, 15000 / 48000.0) -
		      tone_level(samples + FRAMES / 2, FRAMES / 2, 5000 / 48000.0);
	print_message("third harmonic of tape: %.1f dB at 200 Hz, %.1f dB at 5 kHz\n", low, high);
	assert_true(high > low + 2);
}

static void test_no_dc(void **unused)
{
	(void)unused;
	for (int kind = SATURATION_SOFT; kind <= SATURATION_TUBE; kind++) {
		struct saturation_settings s = {kind, 24, 100, 0};
		run_sine(&s, 48000, 0.7, 100);
		assert_true(fabs(mean_of(samples + FRAMES - PERIOD, PERIOD)) < 1e-4);
	}
}

/* Without any of the saturated sound: the sound itself, later by the latency, bit for bit. */
static void test_neutral(void **unused)
{
	static double dry[FRAMES];
	(void)unused;
	for (size_t r = 0; r < COUNT(effect_rates); r++) {
		struct saturation_settings s = {SATURATION_TUBE, 12, 0, 0};
		struct processor *processor = effect_make_at(&saturation_type, &s, effect_rates[r], 1);
		size_t late = processor_latency(processor);
		fill_noise(dry, FRAMES, 1);
		memcpy(samples, dry, sizeof(dry));
		run_cut(processor, samples, NULL, FRAMES, 999);
		assert_memory_equal(samples + late, dry, (FRAMES - late) * sizeof(double));
		processor_destroy(processor);
	}
}

/* Dry and wet lie upon one another: half of each of a sound too quiet to bend is that sound, to 18 kHz. */
static void test_parallel(void **unused)
{
	(void)unused;
	for (int kind = SATURATION_SOFT; kind <= SATURATION_TUBE; kind++) {
		for (double frequency = 50; frequency < 18500; frequency *= SANITIZED ? 18 : 1.8) {
			struct saturation_settings half = {kind, 0, 50, 0}, all = {kind, 0, 100, 0};
			run_sine(&half, 48000, 1e-5, frequency);
			double mixed = rms_of(samples + FRAMES / 2, FRAMES / 2);
			run_sine(&all, 48000, 1e-5, frequency);
			double wet = rms_of(samples + FRAMES / 2, FRAMES / 2);
			double db = 20 * log10(mixed / ((1e-5 * M_SQRT1_2 + wet) / 2));
			if (fabs(db) > 0.1)
				fail_msg("kind %d at %g Hz: %.3f dB", kind, frequency, db);
		}
	}
}

static void test_robust(void **unused)
{
	(void)unused;
	for (int kind = SATURATION_SOFT; kind <= SATURATION_TUBE; kind++) {
		struct saturation_settings s = {kind, 18, 70, -2};
		effect_check(&saturation_type, &s, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_harmonics),
		cmocka_unit_test(test_no_dc),
		cmocka_unit_test(test_neutral),
		cmocka_unit_test(test_parallel),
		cmocka_unit_test(test_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

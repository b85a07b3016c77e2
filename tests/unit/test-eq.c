/* highpass, lowpass and eq as processors: measured gains, cuts, reset and bad settings. */
#include "mixer/processors.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RATE = 48000, FRAMES = 48000 };

static const struct processor_format mono = {RATE, 1}, stereo = {RATE, 2};

static struct processor *make(const struct processor_type *type, const void *settings)
{
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, type, settings, &mono, &e), 0);
	return processor;
}

/* The gain in dB of a sine, from the power of its last half. */
static double sine_gain(struct processor *processor, double frequency)
{
	static double samples[FRAMES];
	double power = 0;
	fill_sine(samples, FRAMES, 0.5, frequency, RATE);
	processor_reset(processor);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = FRAMES / 2; i < FRAMES; i++)
		power += samples[i] * samples[i];
	return 10 * log10(power / (FRAMES / 2.0) / 0.125);
}

struct band_case {
	struct eq_band band;
	double frequency, gain_db;
};

/* Figures of the analogue prototypes, worked out by hand where they are round. */
static const struct band_case band_cases[] = {
	{{FILTER_PEAK, 1000, 6, 1}, 1000, 6},
	{{FILTER_PEAK, 1000, -12, 4}, 1000, -12},
	{{FILTER_PEAK, 15000, 9, 2}, 15000, 9},
	{{FILTER_PEAK, 1000, 6, 1}, 50, 0.02},
	{{FILTER_LOWSHELF, 200, 8, 0.7071}, 200, 4},
	{{FILTER_LOWSHELF, 200, 8, 0.7071}, 20, 8},
	{{FILTER_HIGHSHELF, 12000, 6, 0.7071}, 12000, 3},
	{{FILTER_HIGHSHELF, 3000, -6, 0.7071}, 18000, -6},
	{{FILTER_LOWPASS, 5000, 0, 0.7071}, 5000, -3.01},
	{{FILTER_HIGHPASS, 100, 0, 0.7071}, 100, -3.01},
	{{FILTER_HIGHPASS, 100, 0, 0.7071}, 50, -12.30},
	{{FILTER_BANDPASS, 1000, 0, 1}, 1000, 0},
	{{FILTER_TILT, 1000, 3, 1}, 1000, 0},
	{{FILTER_TILT, 1000, 3, 1}, 30, -2.98},
	{{FILTER_TILT, 1000, 3, 1}, 18000, 2.96},
	{{FILTER_BANDPASS, 1000, 0, 1}, 2000, -5.12},
};

static void test_bands(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(band_cases); i++) {
		struct eq_band band = band_cases[i].band;
		struct eq_settings settings = {{&band, 1}};
		struct processor *processor = make(&eq_type, &settings);
		double gain = sine_gain(processor, band_cases[i].frequency);
		print_message("band %zu: %.3f dB, wanted %.3f dB\n", i, gain, band_cases[i].gain_db);
		assert_true(fabs(gain - band_cases[i].gain_db) < 0.15);
		processor_destroy(processor);
	}
}

static void test_notch(void **unused)
{
	struct eq_band band = {FILTER_NOTCH, 1000, 0, 2};
	struct eq_settings settings = {{&band, 1}};
	(void)unused;
	struct processor *processor = make(&eq_type, &settings);
	assert_true(sine_gain(processor, 1000) < -100);
	assert_true(fabs(sine_gain(processor, 100)) < 0.05);
	processor_destroy(processor);
}

static void test_slopes(void **unused)
{
	(void)unused;
	for (double slope = 6; slope <= 48; slope += 6) {
		struct pass_settings settings = {1000, slope};
		double order = slope / 6;
		struct processor *high = make(&highpass_type, &settings),
				 *low = make(&lowpass_type, &settings);
		double octave = -10 * log10(1 + pow(4, order));
		assert_true(fabs(sine_gain(high, 1000) + 3.01) < 0.05);
		assert_true(fabs(sine_gain(low, 1000) + 3.01) < 0.05);
		assert_true(fabs(sine_gain(high, 500) - octave) < 0.2);
		assert_true(fabs(sine_gain(low, 2000) - octave) < 0.2);
		processor_destroy(high);
		processor_destroy(low);
	}
}

static const struct eq_band many[] = {
	{FILTER_HIGHPASS, 60, 0, 0.7071},
	{FILTER_LOWSHELF, 150, 3, 0.7071},
	{FILTER_PEAK, 400, -4, 2},
	{FILTER_PEAK, 1500, 2, 1},
	{FILTER_NOTCH, 50, 0, 8},
	{FILTER_PEAK, 5000, 3, 0.8},
	{FILTER_HIGHSHELF, 9000, 2, 0.7071},
	{FILTER_LOWPASS, 19000, 0, 0.7071},
};

static void test_cuts_and_reset(void **unused)
{
	static const size_t cuts[] = {1, 7, 64, 1024};
	static double reference[2][FRAMES], samples[2][FRAMES];
	struct eq_band bands[COUNT(many)];
	struct eq_settings settings = {{bands, COUNT(many)}};
	struct processor *processor;
	struct error e;
	(void)unused;
	memcpy(bands, many, sizeof(many));
	assert_int_equal(processor_create(&processor, &eq_type, &settings, &stereo, &e), 0);
	assert_int_equal(processor_latency(processor), 0);
	fill_noise(reference[0], FRAMES, 1);
	fill_noise(reference[1], FRAMES, 2);
	run_cut(processor, reference[0], reference[1], FRAMES, 1000);
	for (size_t c = 0; c < COUNT(cuts); c++) {
		fill_noise(samples[0], FRAMES, 1);
		fill_noise(samples[1], FRAMES, 2);
		processor_reset(processor);
		run_cut(processor, samples[0], samples[1], FRAMES, cuts[c]);
		assert_memory_equal(samples, reference, sizeof(samples));
	}
	processor_destroy(processor);
}

static void test_bypassed_eq_is_exact(void **unused)
{
	static double reference[FRAMES], samples[FRAMES];
	struct eq_settings settings = {{NULL, 0}};
	(void)unused;
	struct processor *processor = make(&eq_type, &settings);
	fill_noise(reference, FRAMES, 1);
	fill_noise(samples, FRAMES, 1);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	assert_memory_equal(samples, reference, sizeof(samples));
	processor_destroy(processor);
}

static void refuse(const struct processor_type *type, const void *settings, uint32_t rate, const char *text)
{
	struct processor_format format = {rate, 1};
	struct processor *processor = NULL;
	struct error e = {{0}};
	assert_true(processor_create(&processor, type, settings, &format, &e) < 0);
	assert_null(processor);
	print_message("%s\n", e.text);
	assert_non_null(strstr(e.text, text));
}

static void test_bad_settings(void **unused)
{
	static const struct pass_settings high[] = {{23000, 12}, {22050, 12}, {-1, 12}, {NAN, 12}};
	static const struct pass_settings steep[] = {{100, 10}, {100, 0}, {100, 54}, {100, NAN}};
	struct eq_band bands[EQ_BANDS + 1] = {{FILTER_PEAK, 1000, 3, 1}, {FILTER_PEAK, 22100, 3, 1}};
	struct eq_settings settings = {{bands, 2}};
	(void)unused;
	for (size_t i = 0; i < COUNT(high); i++)
		refuse(&lowpass_type, &high[i], 44100, "half the rate of 44100 Hz");
	for (size_t i = 0; i < COUNT(steep); i++)
		refuse(&highpass_type, &steep[i], RATE, "slope");
	refuse(&eq_type, &settings, 44100, "band 2: 22100 Hz is not below half the rate of 44100 Hz");
	settings.bands.count = EQ_BANDS + 1;
	refuse(&eq_type, &settings, RATE, "9 are too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bands),
		cmocka_unit_test(test_notch),
		cmocka_unit_test(test_slopes),
		cmocka_unit_test(test_cuts_and_reset),
		cmocka_unit_test(test_bypassed_eq_is_exact),
		cmocka_unit_test(test_bad_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

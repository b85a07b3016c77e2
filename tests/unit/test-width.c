/* Width: neutral, none, doubled, and a bass that is mono without anything else moving. */
#include "mixer/processors.h"
#include "tests/unit/effects.h"

enum { FRAMES = 48000 };

static double left[FRAMES], right[FRAMES], was[2][FRAMES];

static void run_noise(double width_percent)
{
	struct width_settings s = {width_percent, NAN};
	struct processor *processor = effect_make(&width_type, &s, 2);
	fill_noise(was[0], FRAMES, 1);
	fill_noise(was[1], FRAMES, 2);
	memcpy(left, was[0], sizeof(left));
	memcpy(right, was[1], sizeof(right));
	run_cut(processor, left, right, FRAMES, 1000);
	processor_destroy(processor);
}

static void test_widths(void **unused)
{
	(void)unused;
	run_noise(100);
	assert_memory_equal(left, was[0], sizeof(left));
	assert_memory_equal(right, was[1], sizeof(right));
	run_noise(0);
	assert_memory_equal(left, right, sizeof(left));
	run_noise(200);
	for (int i = 0; i < FRAMES; i++) {
		assert_true(fabs(left[i] + right[i] - was[0][i] - was[1][i]) < 1e-12);
		assert_true(fabs(left[i] - right[i] - 2 * (was[0][i] - was[1][i])) < 1e-12);
	}
}

/* A sine on the left alone. In dB: what is left of its middle and of its side. */
static void run_left(uint32_t rate, double frequency, double *middle, double *side)
{
	struct width_settings s = {100, 120};
	struct processor *processor = effect_make_at(&width_type, &s, rate, 2);
	fill_sine(left, FRAMES, 1, frequency, rate);
	memset(right, 0, sizeof(right));
	run_cut(processor, left, right, FRAMES, 1000);
	processor_destroy(processor);
	for (int i = 0; i < FRAMES; i++) {
		double l = left[i], r = right[i];
		was[0][i] = l + r;
		was[1][i] = l - r;
	}
	*middle = tone_level(was[0] + FRAMES / 2, FRAMES / 2, frequency / rate);
	*side = tone_level(was[1] + FRAMES / 2, FRAMES / 2, frequency / rate);
}

/* The middle stays; the side falls as a Linkwitz-Riley high-pass of 24 dB an octave does. */
static void test_mono_below(void **unused)
{
	(void)unused;
	for (size_t r = 0; r < COUNT(effect_rates); r++) {
		for (double frequency = 30; frequency < 15000; frequency *= 2) {
			double middle, side, x = pow(frequency / 120, 4);
			run_left(effect_rates[r], frequency, &middle, &side);
			double due = 20 * log10(x / (1 + x));
			if (fabs(middle) > 0.01 || fabs(side - due) > 0.05)
				fail_msg("%u Hz, %g Hz: middle %.3f dB, side %.3f dB, not %.3f dB",
					effect_rates[r], frequency, middle, side, due);
		}
	}
}

/* Middle and side are in phase: above the corner, what is left stays left. */
static void test_in_phase(void **unused)
{
	double middle, side;
	(void)unused;
	run_left(48000, 1000, &middle, &side);
	double leak = tone_level(right + FRAMES / 2, FRAMES / 2, 1000.0 / 48000);
	print_message("left at 1 kHz, heard on the right: %.1f dB\n", leak);
	assert_true(leak < -70);
	run_left(48000, 120, &middle, &side); /* -6 dB of side, in phase: 3/4 and 1/4 */
	assert_true(fabs(tone_level(left + FRAMES / 2, FRAMES / 2, 120.0 / 48000) - 20 * log10(0.75)) < 0.05);
	assert_true(
		fabs(tone_level(right + FRAMES / 2, FRAMES / 2, 120.0 / 48000) - 20 * log10(0.25)) < 0.05);
}

static void test_mono(void **unused)
{
	struct width_settings s = {200, 120};
	struct processor *processor = effect_make(&width_type, &s, 1);
	(void)unused;
	fill_noise(left, FRAMES, 1);
	memcpy(right, left, sizeof(left));
	run_cut(processor, left, NULL, FRAMES, 1000);
	assert_memory_equal(left, right, sizeof(left));
	processor_destroy(processor);
}

static void test_robust(void **unused)
{
	struct width_settings s = {150, 120};
	(void)unused;
	effect_check(&width_type, &s, 2);
	s.mono_below_hz = 30000;
	effect_check_refused(&width_type, &s, 2, "mono_below");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_mono_below),
		cmocka_unit_test(test_in_phase),
		cmocka_unit_test(test_mono),
		cmocka_unit_test(test_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tone: how far its design brings a spectrum toward a target, and how far it never goes. */
#include "mastering/tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static double thirds[LONGTERM_THIRDS], target[LONGTERM_THIRDS];

/* Pink noise has as much in every third octave. */
static void make(double slope_db, double bump_db)
{
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double octaves = log2(longterm_third_hz(t) / 1000);
		thirds[t] = 1e-4;
		target[t] = slope_db * octaves + bump_db * exp(-octaves * octaves / 4);
	}
}

/* Pink noise ends within 0.7 dB of a curve in reach and broader than the octave that is smoothed over, from
 * 100 Hz to 8 kHz, their means aside. */
static void pink_noise_reaches_a_curve(void **state)
{
	(void)state;
	static const double cases[][2] = {{0.5, 0}, {-0.5, 0}, {0, 3}, {0, -3}, {0.4, -2}};
	static const uint32_t rates[] = {44100, 48000, 96000};
	for (size_t i = 0; i < 5 * 3; i++) {
		uint32_t rate = rates[i % 3];
		struct tone tone;
		double off[LONGTERM_THIRDS], mean = 0, count = 0;
		make(cases[i / 3][0], cases[i / 3][1]);
		tone_design(&tone, thirds, target, 4, rate);
		for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
			double hz = longterm_third_hz(t), in = hz > 99 && hz < 8100;
			off[t] = in ? tone_gain_db(&tone, hz, rate) - target[t] : NAN;
			mean += in ? off[t] : 0;
			count += in;
		}
		for (size_t t = 0; t < LONGTERM_THIRDS; t++)
			if (fabs(off[t] - mean / count) > 0.7)
				fail_msg("case %zu, %g Hz: %.2f dB off", i, longterm_third_hz(t),
					off[t] - mean / count);
	}
}

/* Nor anything between the bands, of targets smooth and jagged. */
static void nothing_goes_further_than_it_may(void **state)
{
	(void)state;
	static const double most[] = {0.12, 0.5, 2, 4}, slopes[] = {-12, -3, 0, 3, 12};
	static const uint32_t rates[] = {22050, 44100, 48000, 96000};
	for (size_t i = 0; i < 4 * 5 * 4 * 3; i++) {
		double may = most[i % 4], slope = slopes[i / 4 % 5];
		uint32_t rate = rates[i / 20 % 4];
		size_t jags = i / 80;
		struct tone tone;
		make(slope, 0);
		for (size_t t = 0; t < LONGTERM_THIRDS; t++)
			target[t] += jags == 1	 ? 20 * sin(0.9 * (double)t)
				     : jags == 2 ? (t / 5 % 2 ? 30 : -30)
						 : 0;
		tone_design(&tone, thirds, target, may, rate);
		assert_true(tone.count <= TONE_BANDS && (tone.count > 0 || (slope == 0 && jags == 0)));
		double furthest = 0;
		for (double hz = 1; hz < 0.49 * rate; hz *= 1.003)
			furthest = fmax(furthest, fabs(tone_gain_db(&tone, hz, rate)));
		if (furthest > may)
			fail_msg("%g dB an octave, jags %zu, at %u Hz: %.4f dB where %g may be", slope, jags,
				rate, furthest, may);
		/* It is not just held back as a whole. */
		if (slope == 12 && jags == 0)
			assert_true(furthest > may - 0.02);
	}
}

static void only_shape_counts_and_silence_is_left_alone(void **state)
{
	(void)state;
	struct tone tone;
	make(0, 0);
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		target[t] += 40;
	tone_design(&tone, thirds, target, 4, 48000);
	for (double hz = 20; hz < 20000; hz *= 1.3)
		assert_true(fabs(tone_gain_db(&tone, hz, 48000)) < 0.01);
	make(3, 0);
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		thirds[t] = 0;
	tone_design(&tone, thirds, target, 4, 48000);
	for (double hz = 20; hz < 20000; hz *= 1.3)
		assert_true(fabs(tone_gain_db(&tone, hz, 48000)) < 0.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pink_noise_reaches_a_curve),
		cmocka_unit_test(nothing_goes_further_than_it_may),
		cmocka_unit_test(only_shape_counts_and_silence_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What every colouring processor is held to, whatever its sound: cuts, reset, broken samples, silence. */
#ifndef WOODSHED_TESTS_EFFECTS_H
#define WOODSHED_TESTS_EFFECTS_H

#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint32_t effect_rates[] = {44100, 48000, 88200, 96000, 176400, 192000};

static inline struct processor *effect_make_at(
	const struct processor_type *type, const void *settings, uint32_t rate, uint32_t channels)
{
	struct processor_format format = {.rate = rate, .channels = channels, .tempo_bpm = 120};
	struct processor *processor = NULL;
	struct error e = {""};
	if (processor_create(&processor, type, settings, &format, &e) < 0)
		fail_msg("%s", e.text);
	return processor;
}

static inline struct processor *effect_make(
	const struct processor_type *type, const void *settings, uint32_t channels)
{
	return effect_make_at(type, settings, 48000, channels);
}

/* The same bits however the signal is cut, and after a reset as when new. */
static inline void effect_check_cuts(const struct processor_type *type, const void *settings)
{
	enum { FRAMES = 20000 };
	static const size_t cuts[] = {1, 7, 64, 1000};
	static double expected[2][FRAMES], samples[2][FRAMES];
	for (uint32_t channels = 1; channels <= 2; channels++) {
		struct processor *processor = effect_make(type, settings, channels);
		fill_noise(expected[0], FRAMES, 1);
		fill_noise(expected[1], FRAMES, 2);
		run_cut(processor, expected[0], channels == 2 ? expected[1] : NULL, FRAMES, BLOCK_FRAMES);
		for (size_t c = 0; c < COUNT(cuts); c++) {
			fill_noise(samples[0], FRAMES, 1);
			fill_noise(samples[1], FRAMES, 2);
			processor_reset(processor);
			run_cut(processor, samples[0], channels == 2 ? samples[1] : NULL, FRAMES, cuts[c]);
			assert_memory_equal(samples[0], expected[0], sizeof(samples[0]));
			assert_memory_equal(samples[1], expected[1], sizeof(samples[1]));
		}
		processor_destroy(processor);
	}
}

/* A burst of what no sample should be, then sound: all finite from first to last, at every rate. */
static inline void effect_check_broken(const struct processor_type *type, const void *settings)
{
	enum { FRAMES = 9600 };
	static const double broken[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, -1e-310, 1e30};
	static double samples[2][FRAMES];
	for (size_t r = 0; r < COUNT(effect_rates); r++) {
		struct processor *processor = effect_make_at(type, settings, effect_rates[r], 2);
		for (int c = 0; c < 2; c++) {
			fill_noise(samples[c], FRAMES, 1 + (unsigned)c);
			for (size_t i = 0; i < 100; i++)
				samples[c][200 + i] = broken[i % COUNT(broken)];
		}
		run_cut(processor, samples[0], samples[1], FRAMES, BLOCK_FRAMES);
		for (int i = 0; i < FRAMES; i++)
			assert_true(isfinite(samples[0][i]) && isfinite(samples[1][i]));
		processor_destroy(processor);
	}
}

/* After `seconds` of silence behind sound only exact zeros are left, and never was there a denormal. */
static inline void effect_check_silence(
	const struct processor_type *type, const void *settings, unsigned seconds)
{
	enum { FRAMES = 48000 };
	static double samples[2][FRAMES];
	struct processor *processor = effect_make(type, settings, 2);
	fill_noise(samples[0], FRAMES, 1);
	fill_noise(samples[1], FRAMES, 2);
	run_cut(processor, samples[0], samples[1], FRAMES, BLOCK_FRAMES);
	for (unsigned s = 0; s <= seconds; s++) {
		memset(samples, 0, sizeof(samples));
		run_cut(processor, samples[0], samples[1], FRAMES, BLOCK_FRAMES);
		for (int i = 0; i < 2 * FRAMES; i++)
			assert_int_not_equal(fpclassify(samples[i % 2][i / 2]), FP_SUBNORMAL);
	}
	for (int i = 0; i < 2 * FRAMES; i++)
		assert_true(samples[i % 2][i / 2] == 0);
	processor_destroy(processor);
}

static inline void effect_check(const struct processor_type *type, const void *settings, unsigned seconds)
{
	effect_check_cuts(type, settings);
	effect_check_broken(type, settings);
	effect_check_silence(type, settings, seconds);
}

/* That `settings` are refused with a message that names `word`. */
static inline void effect_check_refused(
	const struct processor_type *type, const void *settings, uint32_t channels, const char *word)
{
	struct processor_format format = {.rate = 48000, .channels = channels};
	struct processor *processor = NULL;
	struct error e = {""};
	assert_true(processor_create(&processor, type, settings, &format, &e) < 0);
	if (!strstr(e.text, word))
		fail_msg("\"%s\" does not say %s", e.text, word);
}

/* In dB: the sine of `frequency` (cycles a sample) in `samples`, under a Blackman-Harris window. */
static inline double tone_level(const double *samples, size_t count, double frequency)
{
	double re = 0, im = 0, sum = 0;
	for (size_t i = 0; i < count; i++) {
		double t = 2 * M_PI * (double)i / (double)count;
		double w = 0.35875 - 0.48829 * cos(t) + 0.14128 * cos(2 * t) - 0.01168 * cos(3 * t);
		re += w * samples[i] * cos(2 * M_PI * frequency * (double)i);
		im += w * samples[i] * sin(2 * M_PI * frequency * (double)i);
		sum += w / 2;
	}
	return 20 * log10(hypot(re, im) / sum + 1e-20);
}

static inline double rms_of(const double *samples, size_t count)
{
	double power = 0;
	for (size_t i = 0; i < count; i++)
		power += samples[i] * samples[i] / (double)count;
	return sqrt(power);
}

static inline double mean_of(const double *samples, size_t count)
{
	double mean = 0;
	for (size_t i = 0; i < count; i++)
		mean += samples[i] / (double)count;
	return mean;
}

#endif

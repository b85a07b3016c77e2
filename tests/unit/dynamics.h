/* What every dynamics processor is held to, whatever it does: cuts, reset, one gain for both sides, broken
 * samples, keys. */
#ifndef WOODSHED_TESTS_DYNAMICS_H
#define WOODSHED_TESTS_DYNAMICS_H

#include "tests/unit/harness.h"
#include "tests/unit/processing.h"

static const uint32_t dynamics_rates[] = {44100, 48000, 96000, 192000};

static inline struct processor *dynamics_make(
	const struct processor_type *type, const void *settings, uint32_t rate, uint32_t channels)
{
	struct processor_format format = {.rate = rate, .channels = channels};
	struct processor *processor = NULL;
	struct error e = {""};
	if (processor_create(&processor, type, settings, &format, &e) < 0)
		fail_msg("%s", e.text);
	return processor;
}

static inline double from_db(double db)
{
	return pow(10, db / 20);
}

static inline double to_db(double gain)
{
	return 20 * log10(gain);
}

static inline double level_of(const double *samples, size_t count)
{
	double power = 0;
	for (size_t i = 0; i < count; i++)
		power += samples[i] * samples[i] / (double)count;
	return 10 * log10(power);
}

/* Bursts between silences, so that all ways through a processor are gone. */
static inline void fill_bursts(double *samples, size_t count, unsigned seed)
{
	fill_noise(samples, count, seed);
	for (size_t i = 0; i < count; i++)
		samples[i] *= i / 9000 % 3 == 0 ? 1.8 : i / 9000 % 3 == 1 ? 0.02 : 0;
}

/* As run_cut, with a mono key. */
static inline void run_keyed(struct processor *p, double *samples, double *key, size_t frames, size_t cut)
{
	for (size_t i = 0; i < frames; i += cut) {
		uint32_t n = (uint32_t)(frames - i < cut ? frames - i : cut);
		struct block block = {1, n, {samples + i}}, listened = {1, n, {key + i}};
		processor_process_keyed(p, &block, &listened);
	}
}

enum { DYNAMICS_FRAMES = 100000 };

/* The same bits however the signal is cut, and after a reset as when new. */
static inline void dynamics_check_cuts(const struct processor_type *type, const void *settings)
{
	static const size_t cuts[] = {1, 7, 64, 100, 1024};
	static double expected[2][DYNAMICS_FRAMES], samples[2][DYNAMICS_FRAMES];
	struct processor *processor = dynamics_make(type, settings, 48000, 2);
	fill_bursts(expected[0], DYNAMICS_FRAMES, 1);
	fill_bursts(expected[1], DYNAMICS_FRAMES, 2);
	run_cut(processor, expected[0], expected[1], DYNAMICS_FRAMES, 1000);
	for (size_t c = 0; c < TABLE_SIZE(cuts); c++) {
		fill_bursts(samples[0], DYNAMICS_FRAMES, 1);
		fill_bursts(samples[1], DYNAMICS_FRAMES, 2);
		processor_reset(processor);
		run_cut(processor, samples[0], samples[1], DYNAMICS_FRAMES, cuts[c]);
		assert_memory_equal(samples, expected, sizeof(samples));
	}
	processor_destroy(processor);
}

/* The place between the sides stays: one gain for both, within what rounding does. */
static inline void dynamics_check_linked(const struct processor_type *type, const void *settings)
{
	static double left[DYNAMICS_FRAMES], right[DYNAMICS_FRAMES];
	struct processor *processor = dynamics_make(type, settings, 48000, 2);
	fill_bursts(left, DYNAMICS_FRAMES, 1);
	for (size_t i = 0; i < DYNAMICS_FRAMES; i++)
		right[i] = left[i] / 8;
	run_cut(processor, left, right, DYNAMICS_FRAMES, BLOCK_FRAMES);
	for (size_t i = 0; i < DYNAMICS_FRAMES; i++)
		assert_true(fabs(right[i] - left[i] / 8) <= 1e-15);
	processor_destroy(processor);
}

/* A burst of what no sample should be is forgotten: seconds later the sound is what it would have been. At
 * every rate, without a denormal. */
static inline void dynamics_check_broken(const struct processor_type *type, const void *settings)
{
	static const double broken[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, -1e-310, 1e30};
	enum { SOUND = 20000, REST = 1200000 };
	static double samples[REST], expected[SOUND];
	for (size_t r = 0; r < TABLE_SIZE(dynamics_rates); r++) {
		struct processor *processor = dynamics_make(type, settings, dynamics_rates[r], 1);
		fill_noise(expected, SOUND, 1);
		run_cut(processor, expected, NULL, SOUND, BLOCK_FRAMES);
		processor_reset(processor);
		memset(samples, 0, sizeof(samples));
		for (size_t i = 0; i < 100; i++)
			samples[200 + i] = broken[i % TABLE_SIZE(broken)];
		run_cut(processor, samples, NULL, REST, BLOCK_FRAMES);
		for (size_t i = 10000; i < REST; i++)
			assert_true(samples[i] == 0);
		fill_noise(samples, SOUND, 1);
		run_cut(processor, samples, NULL, SOUND, BLOCK_FRAMES);
		for (size_t i = 0; i < SOUND; i++)
			assert_true(fabs(samples[i] - expected[i]) < 1e-6);
		processor_destroy(processor);
	}
}

/* An impulse comes out exactly as late as the processor says. */
static inline void dynamics_check_latency(
	const struct processor_type *type, const void *settings, double latency_s)
{
	for (size_t r = 0; r < TABLE_SIZE(dynamics_rates); r++) {
		static double samples[20000];
		struct processor *processor = dynamics_make(type, settings, dynamics_rates[r], 1);
		size_t latency = processor_latency(processor);
		assert_int_equal(latency, lround(latency_s * dynamics_rates[r]));
		memset(samples, 0, sizeof(samples));
		samples[100] = 0.5;
		run_cut(processor, samples, NULL, TABLE_SIZE(samples), 300);
		for (size_t i = 0; i < 100 + latency; i++)
			assert_true(samples[i] == 0);
		assert_true(samples[100 + latency] != 0);
		processor_destroy(processor);
	}
}

static inline void dynamics_check_refused(
	const struct processor_type *type, const void *settings, uint32_t channels, const char *message)
{
	struct processor_format format = {.rate = 44100, .channels = channels};
	struct processor *processor = NULL;
	struct error e = {""};
	assert_true(processor_create(&processor, type, settings, &format, &e) < 0);
	assert_null(processor);
	assert_string_equal(e.text, message);
}

static inline void dynamics_check(const struct processor_type *type, const void *settings)
{
	dynamics_check_cuts(type, settings);
	dynamics_check_linked(type, settings);
	dynamics_check_broken(type, settings);
}

#endif

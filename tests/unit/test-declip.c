/* declip: what a converter cut off is drawn nearer to what it was, never below the ceiling, and nothing else
 * is touched. */
#include "editing/processors.h"
#include "tests/unit/player.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* What is nearer to the ceiling may count as cut off. */
#define NEAR 1e-4

enum { RATE = PLAYER_RATE, FRAMES = 6 * RATE };

static const struct processor_format mono = {.rate = RATE, .channels = 1};

static double clean[FRAMES], clipped[FRAMES], out[FRAMES];

static struct processor *make(double ceiling_db)
{
	struct declip_settings settings = {.ceiling_db = ceiling_db};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &declip_type, &settings, &mono, &e), 0);
	return processor;
}

static void analyse(struct processor *processor, double *samples)
{
	for (int i = 0; i < FRAMES; i += 1000) {
		struct block block = {1, 1000, {samples + i}};
		processor_analyse(processor, &block, NULL);
	}
	processor_conclude(processor);
}

/* Held notes of eight harmonics that swell and fade, in C minor: what is cut off has a shape to be found. */
static void sing(unsigned seed)
{
	static const int scale[] = {0, 3, 7, 10, 12, 15};
	srand(seed);
	memset(clean, 0, sizeof(clean));
	for (int start = 0; start < FRAMES; start += RATE / 2) {
		double hz = 131 * pow(2, scale[rand() % 6] / 12.0);
		for (int h = 1; h <= 8; h++) {
			double phase = 2 * M_PI * uniform();
			for (int i = start; i < start + RATE / 2 && i < FRAMES; i++)
				clean[i] += 0.3 / h * sin(M_PI * (i - start) / (RATE / 2)) *
					    sin(2 * M_PI * hz * h * i / RATE + phase);
		}
	}
	for (int i = 0; i < FRAMES; i++)
		clean[i] += 1e-4 * (uniform() - 0.5);
}

static double peak_of_clean(void)
{
	double peak = 0;
	for (int i = 0; i < FRAMES; i++)
		peak = fmax(peak, fabs(clean[i]));
	return peak;
}

/* As a converter of 24 bits gives it: cut off at `ceiling`. */
static void convert(double gain, double ceiling)
{
	for (int i = 0; i < FRAMES; i++) {
		clean[i] *= gain;
		clipped[i] = round(fmax(fmin(clean[i], ceiling), -ceiling) * 8388608) / 8388608;
	}
}

static double note(const struct processor *processor, const char *name)
{
	struct processor_note notes[PROCESSOR_NOTES];
	size_t count = processor_notes(processor, notes);
	for (size_t i = 0; i < count; i++)
		if (strcmp(notes[i].name, name) == 0)
			return notes[i].value;
	return NAN;
}

static void run(struct processor *processor)
{
	memcpy(out, clipped, sizeof(out));
	run_cut(processor, out, NULL, FRAMES, 700);
}

/* Error of what was clipped against what was played, before over after, in dB. */
static double gain_of(uint32_t latency, double ceiling)
{
	double before = 0, after = 0;
	for (int i = 0; i + (int)latency < FRAMES; i++) {
		double mended = out[i + (int)latency];
		if (fabs(clipped[i]) < ceiling - NEAR) {
			assert_true(mended == clipped[i]);
			continue;
		}
		assert_true(fabs(mended) >= ceiling - NEAR && mended * clipped[i] > 0);
		before += (clipped[i] - clean[i]) * (clipped[i] - clean[i]);
		after += (mended - clean[i]) * (mended - clean[i]);
	}
	return 10 * log10(before / after);
}

static void test_peaks_come_back(void **state)
{
	(void)state;
	static const double ceilings[] = {1 - 1 / 8388608.0, 0.5};
	for (unsigned song = 0; song < 4; song++) {
		double ceiling = ceilings[song % 2];
		sing(40 + song);
		convert(1.6 * ceiling / peak_of_clean(), ceiling);
		struct processor *processor = make(NAN);
		analyse(processor, clipped);
		run(processor);
		double gain_db = gain_of(processor_latency(processor), ceiling);
		print_message("%u: %.1f dB nearer, %.0f peaks, %.0f left\n", song, gain_db,
			note(processor, "peaks"), note(processor, "left_as_they_are"));
		assert_true(gain_db > 6);
		assert_true(note(processor, "peaks") > 20);
		assert_true(note(processor, "highest_dbfs") > 20 * log10(ceiling) + 0.5);
		processor_destroy(processor);
	}
}

static void test_what_is_not_clipped_passes_bit_for_bit(void **state)
{
	(void)state;
	play(clean, FRAMES, 60, 4);
	convert(1, 1);
	struct processor *processor = make(NAN);
	analyse(processor, clipped);
	run(processor);
	uint32_t latency = processor_latency(processor);
	assert_memory_equal(out + latency, clipped, (FRAMES - latency) * sizeof(*out));
	assert_true(note(processor, "applied") == 0);
	processor_destroy(processor);
}

/* A square wave stands at its peak on purpose: longer than anything that could be drawn. */
static void test_long_runs_are_left(void **state)
{
	(void)state;
	for (int i = 0; i < FRAMES; i++)
		clipped[i] = i / 300 % 2 ? 0.5 : -0.5;
	struct processor *processor = make(NAN);
	analyse(processor, clipped);
	run(processor);
	uint32_t latency = processor_latency(processor);
	assert_memory_equal(out + latency, clipped, (FRAMES - latency) * sizeof(*out));
	assert_true(note(processor, "left_as_they_are") == note(processor, "peaks"));
	processor_destroy(processor);
}

static void test_a_ceiling_that_is_named_needs_no_analysis(void **state)
{
	(void)state;
	sing(9);
	convert(0.8 / peak_of_clean(), 0.5);
	struct processor *processor = make(20 * log10(0.5) - 0.001);
	run(processor);
	assert_true(gain_of(processor_latency(processor), 0.5) > 6);
	processor_destroy(processor);
}

static void test_cuts_and_resets_do_not_matter(void **state)
{
	(void)state;
	static double other[FRAMES];
	sing(7);
	convert(0.8 / peak_of_clean(), 0.5);
	struct processor *processor = make(NAN);
	analyse(processor, clipped);
	run(processor);
	processor_reset(processor);
	memcpy(other, clipped, sizeof(other));
	run_cut(processor, other, NULL, FRAMES, 37);
	assert_memory_equal(out, other, sizeof(out));
	processor_destroy(processor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peaks_come_back),
		cmocka_unit_test(test_what_is_not_clipped_passes_bit_for_bit),
		cmocka_unit_test(test_long_runs_are_left),
		cmocka_unit_test(test_a_ceiling_that_is_named_needs_no_analysis),
		cmocka_unit_test(test_cuts_and_resets_do_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

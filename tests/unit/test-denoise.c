/* denoise: steady noise goes down by what was asked for, music keeps its spectrum; and the overlap-add under
 * it gives back what it got. */
#include "audio/overlap.h"
#include "editing/processors.h"
#include "tests/unit/processing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { RATE = 48000, FRAMES = 12 * RATE, QUIET = 2 * RATE, SIZE = 2048, BINS = SIZE / 2 + 1 };

static void leave(void *data, struct spectrum_bin *bins, size_t count)
{
	(void)data;
	(void)bins;
	(void)count;
}

static void test_overlap_gives_back_what_it_got(void **state)
{
	(void)state;
	static double samples[RATE], before[RATE], other[RATE];
	struct overlap *overlap;
	struct error e;
	fill_noise(samples, RATE, 3);
	memcpy(before, samples, sizeof(before));
	memcpy(other, samples, sizeof(other));
	assert_int_equal(overlap_create(&overlap, SIZE, leave, NULL, &e), 0);
	assert_int_equal(overlap_latency(overlap), SIZE);
	overlap_run(overlap, samples, RATE);
	for (int i = 0; i + SIZE < RATE; i++)
		assert_true(fabs(samples[i + SIZE] - before[i]) < 1e-6);
	overlap_reset(overlap);
	for (int i = 0; i < RATE; i += 77)
		overlap_run(overlap, other + i, RATE - i < 77 ? (size_t)(RATE - i) : 77);
	assert_memory_equal(samples, other, sizeof(samples));
	overlap_destroy(overlap);
	assert_int_equal(overlap_create(&overlap, 100, leave, NULL, &e), -EINVAL);
}

/* Decaying chords for a second and a half of each two; the first two seconds are silent, as before a song. */
static void fill_music(double *samples)
{
	static const double hz[] = {110, 277.2, 440, 1318.5, 3520};
	memset(samples, 0, FRAMES * sizeof(*samples));
	for (int i = QUIET; i < FRAMES; i++) {
		double t = (double)(i % (2 * RATE)) / RATE;
		for (int k = 0; k < 5 && t < 1.5; k++)
			samples[i] += 0.12 * exp(-t) * sin(2 * M_PI * hz[k] * i / RATE);
	}
}

static double power(const double *samples, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += samples[i] * samples[i];
	return sum / (double)count;
}

static struct processor *make(double reduce_db)
{
	static const struct processor_format format = {.rate = RATE, .channels = 1};
	struct denoise_settings settings = {.reduce_db = reduce_db};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &denoise_type, &settings, &format, &e), 0);
	return processor;
}

static bool analyse(struct processor *processor, double *samples)
{
	for (int i = 0; i < FRAMES; i += 1000) {
		struct block block = {.channels = 1, .frames = 1000, .channel = {samples + i}};
		processor_analyse(processor, &block, NULL);
	}
	processor_conclude(processor);
	struct processor_note notes[PROCESSOR_NOTES];
	assert_int_equal(processor_notes(processor, notes), 3);
	return notes[0].value == 1;
}

/* Power around a partial (Goertzel). */
static double partial(const double *samples, size_t count, double hz)
{
	double re = 0, im = 0;
	for (size_t i = 0; i < count; i++) {
		re += samples[i] * cos(2 * M_PI * hz * (double)i / RATE);
		im += samples[i] * sin(2 * M_PI * hz * (double)i / RATE);
	}
	return re * re + im * im;
}

static double music[FRAMES], noisy[FRAMES], out[FRAMES];

static void fill_noisy(double level)
{
	fill_music(music);
	fill_noise(noisy, FRAMES, 9);
	for (int i = 0; i < FRAMES; i++)
		noisy[i] = noisy[i] * level + music[i];
}

static void test_noise_goes_and_music_stays(void **state)
{
	(void)state;
	static const double hz[] = {110, 277.2, 440, 1318.5, 3520};
	static const double asked[] = {6, 9, 12};
	for (int n = 0; n < 3; n++) {
		fill_noisy(0.01); /* -51 dBFS */
		struct processor *processor = make(asked[n]);
		assert_true(analyse(processor, noisy));
		memcpy(out, noisy, sizeof(out));
		run_cut(processor, out, NULL, FRAMES, 480);
		uint32_t latency = processor_latency(processor);
		double quiet =
			10 * log10(power(out + latency + RATE / 2, RATE) / power(noisy + RATE / 2, RATE));
		assert_true(quiet < -(asked[n] - 0.5) && quiet > -(asked[n] + 0.5));
		for (int k = 0; k < 5; k++) {
			double is = partial(out + latency + QUIET, RATE, hz[k]);
			double was = partial(noisy + QUIET, RATE, hz[k]);
			assert_true(fabs(10 * log10(is / was)) < 0.5);
		}
		double loud = 10 * log10(power(out + latency + QUIET, RATE) / power(music + QUIET, RATE));
		assert_true(fabs(loud) < 0.2);
		processor_destroy(processor);
	}
}

static void expect_untouched(double *samples)
{
	struct processor *processor = make(12);
	assert_false(analyse(processor, samples));
	memcpy(out, samples, sizeof(out));
	run_cut(processor, out, NULL, FRAMES, 480);
	uint32_t latency = processor_latency(processor);
	assert_memory_equal(out + latency, samples, (FRAMES - latency) * sizeof(*out));
	processor_destroy(processor);
}

/* Nothing to learn from: the sound is left as it is, bit for bit. */
static void test_without_silence_nothing_is_touched(void **state)
{
	(void)state;
	fill_noise(noisy, FRAMES, 4);
	expect_untouched(noisy);
	memset(noisy, 0, sizeof(noisy));
	expect_untouched(noisy);
	fill_music(noisy); /* digital silence between the chords */
	for (int i = 0; i < QUIET; i++)
		noisy[i] = 0;
	expect_untouched(noisy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap_gives_back_what_it_got),
		cmocka_unit_test(test_noise_goes_and_music_stays),
		cmocka_unit_test(test_without_silence_nothing_is_touched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

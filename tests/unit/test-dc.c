/* dc: an offset goes, at once and whole; music stays. */
#include "editing/processors.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RATE = 48000, FRAMES = 48000 };

static const struct dc_settings settings = {.frequency_hz = 5};

static struct processor *make(void)
{
	static const struct processor_format format = {.rate = RATE, .channels = 1};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &dc_type, &settings, &format, &e), 0);
	return processor;
}

static void analyse(struct processor *processor, double *samples, size_t frames)
{
	struct block block = {.channels = 1, .frames = BLOCK_FRAMES, .channel = {samples}};
	for (size_t i = 0; i + BLOCK_FRAMES <= frames; i += BLOCK_FRAMES) {
		block.channel[0] = samples + i;
		processor_analyse(processor, &block, NULL);
	}
	processor_conclude(processor);
}

static double mean(const double *samples, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += samples[i];
	return sum / (double)count;
}

static void test_offset_goes_without_a_step(void **state)
{
	(void)state;
	static double samples[FRAMES];
	struct processor *processor = make();
	fill_sine(samples, FRAMES, 0.1, 440, RATE);
	for (int i = 0; i < FRAMES; i++)
		samples[i] += 0.05;
	analyse(processor, samples, FRAMES);
	struct processor_note notes[PROCESSOR_NOTES];
	assert_int_equal(processor_notes(processor, notes), 1);
	assert_string_equal(notes[0].name, "offset_dbfs");
	assert_float_equal((float)notes[0].value, 20 * log10f(0.05F), 0.1F);
	run_cut(processor, samples, NULL, FRAMES, 100);
	assert_true(fabs(samples[0]) < 2e-3);
	assert_true(fabs(mean(samples, FRAMES)) < 1e-4);
	processor_destroy(processor);
}

static void test_music_stays(void **state)
{
	(void)state;
	static double samples[FRAMES], before[FRAMES];
	struct processor *processor = make();
	fill_sine(samples, FRAMES, 0.5, 100, RATE);
	memcpy(before, samples, sizeof(before));
	run_cut(processor, samples, NULL, FRAMES, 333);
	double power = 0, was = 0;
	for (int i = FRAMES / 2; i < FRAMES; i++) {
		power += samples[i] * samples[i];
		was += before[i] * before[i];
	}
	assert_true(fabs(10 * log10(power / was)) < 0.02);
	processor_destroy(processor);
}

static void test_silence_ends_in_zero(void **state)
{
	(void)state;
	static double samples[FRAMES * 4];
	struct processor *processor = make();
	samples[0] = 1;
	run_cut(processor, samples, NULL, FRAMES * 4, BLOCK_FRAMES);
	assert_true(samples[FRAMES * 4 - 1] == 0);
	processor_destroy(processor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offset_goes_without_a_step),
		cmocka_unit_test(test_music_stays),
		cmocka_unit_test(test_silence_ends_in_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

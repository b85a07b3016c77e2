/* hum: planted hum goes by 30 dB under music, whatever its frequency does; music is not taken for hum. */
#include "editing/processors.h"
#include "tests/unit/player.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FRAMES = 40 * PLAYER_RATE, SETTLED = PLAYER_RATE };

static double music[FRAMES], hum[FRAMES], out[FRAMES];

static struct processor *make(uint32_t rate)
{
	static const struct hum_settings settings = {.fundamental = HUM_AUTO, .harmonics = 24};
	struct processor_format format = {.rate = rate, .channels = 1};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &hum_type, &settings, &format, &e), 0);
	return processor;
}

/* Ten harmonics of a fundamental that wanders by `swing` hertz over the song. */
static void fill_hum(double hz, double swing, double level, double rate)
{
	double phase = 0;
	for (int i = 0; i < FRAMES; i++) {
		hum[i] = 0;
		for (int h = 1; h <= 10; h++)
			hum[i] += level / h * sin(h * phase + h * h);
		phase += 2 * M_PI / rate * (hz + swing * sin(2 * M_PI * i / FRAMES));
	}
}

static size_t run(struct processor *processor, struct processor_note notes[static PROCESSOR_NOTES])
{
	for (int i = 0; i + 960 <= FRAMES; i += 960) {
		struct block block = {.channels = 1, .frames = 960, .channel = {out + i}};
		processor_analyse(processor, &block, NULL);
	}
	processor_conclude(processor);
	run_cut(processor, out, NULL, FRAMES, 1000);
	return processor_notes(processor, notes);
}

/* Power of what is left of the hum, and of the hum, in dB. */
static double reduction_db(void)
{
	double left = 0, was = 0;
	for (int i = SETTLED; i < FRAMES; i++) {
		left += (out[i] - music[i]) * (out[i] - music[i]);
		was += hum[i] * hum[i];
	}
	return 10 * log10(left / was);
}

static void test_hum_goes(void **state)
{
	(void)state;
	static const struct {
		double hz, swing, level;
		uint32_t rate;
	} cases[] = {{50, 0, 0.02, 48000}, {50.04, 0.02, 0.02, 48000}, {59.97, 0.02, 0.02, 44100},
		{49.95, 0.01, 0.03, 96000}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct processor_note notes[PROCESSOR_NOTES];
		struct processor *processor = make(cases[i].rate);
		play(music, FRAMES, 82.4 * (1 + 0.3 * (double)i), 500 + (unsigned)i);
		fill_hum(cases[i].hz, cases[i].swing, cases[i].level, cases[i].rate);
		for (int n = 0; n < FRAMES; n++) {
			music[n] *= 0.5;
			out[n] = music[n] + hum[n];
		}
		assert_int_equal(run(processor, notes), 4);
		assert_true(fabs(notes[1].value - cases[i].hz) < 0.01);
		assert_true(reduction_db() < -30);
		processor_destroy(processor);
	}
}

static void expect_untouched(void)
{
	struct processor_note notes[PROCESSOR_NOTES];
	struct processor *processor = make(PLAYER_RATE);
	memcpy(out, music, sizeof(out));
	assert_int_equal(run(processor, notes), 1);
	assert_true(notes[0].value == 0);
	assert_memory_equal(out, music, sizeof(out));
	processor_destroy(processor);
}

static void test_music_is_no_hum(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		play(music, FRAMES, 49 << i, 600 + i);
		expect_untouched();
	}
	fill_noise(music, FRAMES, 5);
	expect_untouched();
	/* A low G of an organ that is held all the time. */
	for (int i = 0; i < FRAMES; i++)
		music[i] = 0.2 * sin(2 * M_PI * 49 * i / PLAYER_RATE) +
			   0.1 * sin(2 * M_PI * 98 * i / PLAYER_RATE);
	expect_untouched();
	memset(music, 0, sizeof(music));
	expect_untouched();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hum_goes),
		cmocka_unit_test(test_music_is_no_hum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

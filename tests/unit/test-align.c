/* align: planted delays are found to the frame under bleed and noise; unrelated tracks stay where they are.
 */
#include "editing/processors.h"
#include "tests/unit/player.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RATE = 48000, FRAMES = 10 * RATE, MOST = 2000 /* frames a source reaches back */ };

/* What a microphone hears of a source: `later` frames later, with two reflections. */
static void hear(double *microphone, const double *source, int later, double gain)
{
	for (int i = MOST + 500; i < FRAMES; i++)
		microphone[i] += gain * (source[i - later] + 0.2 * source[i - later - 131] -
						0.1 * source[i - later - 389]);
}

static void hiss(double *microphone, double level)
{
	for (int i = 0; i < FRAMES; i++)
		microphone[i] += level * (uniform() - 0.5);
}

struct found {
	double applied, delay_ms, turned, decisiveness, coherence, sum_gain_db;
};

static struct processor *analysed(double *reference, double *other, struct found *found)
{
	static const struct align_settings settings = {.to = (char *)"close", .within_s = 0.02};
	static const struct processor_format format = {.rate = RATE, .channels = 1};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &align_type, &settings, &format, &e), 0);
	for (int i = 0; i < FRAMES; i += 1000) {
		struct block block = {.channels = 1, .frames = 1000, .channel = {other + i}};
		struct block key = {.channels = 1, .frames = 1000, .channel = {reference + i}};
		processor_analyse(processor, &block, &key);
	}
	processor_conclude(processor);
	struct processor_note notes[PROCESSOR_NOTES];
	assert_int_equal(processor_notes(processor, notes), 6);
	*found = (struct found){notes[0].value, notes[1].value, notes[2].value, notes[3].value,
		notes[4].value, notes[5].value};
	return processor;
}

static double source[FRAMES], spill[FRAMES], one[FRAMES], two[FRAMES];

static void silence(void)
{
	memset(one, 0, sizeof(one));
	memset(two, 0, sizeof(two));
}

static void test_planted_delays(void **state)
{
	(void)state;
	static const int delays[] = {10, -10, 48, 113, -240, 301, 480, -600, 864};
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		struct found found;
		bool turned = i % 2;
		play(source, FRAMES, 110, 10 + (unsigned)i);
		play(spill, FRAMES, 196, 50 + (unsigned)i);
		silence();
		hear(one, source, MOST / 2, 1);
		hear(two, source, MOST / 2 + delays[i], turned ? -0.7 : 0.7);
		hear(one, spill, 300, 0.06);
		hear(two, spill, 20, 0.06);
		hiss(one, 0.01);
		hiss(two, 0.01);
		struct processor *processor = analysed(one, two, &found);
		assert_true(found.applied == 1);
		assert_true(fabs(found.delay_ms * RATE / 1000 - delays[i]) <= 1);
		assert_true(found.turned == turned);
		processor_destroy(processor);
	}
}

static void test_unrelated_tracks_stay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct found found;
		play(source, FRAMES, 110, 100 + i);
		play(spill, FRAMES, i % 2 ? 220 : 147, 200 + i); /* on the same beats, of the same scale */
		silence();
		hear(one, source, 0, 1);
		hear(one, spill, 240, i < 3 ? 0 : 0.06);
		hear(two, spill, 0, 1);
		hear(two, source, 310, i < 3 ? 0 : 0.06);
		hiss(one, 0.01);
		hiss(two, 0.01);
		struct processor *processor = analysed(one, two, &found);
		assert_true(found.applied == 0);
		processor_destroy(processor);
	}
}

/* Two instruments, and a third one loud in both microphones: its delay is none of theirs. */
static void test_bleed_of_a_third_is_not_followed(void **state)
{
	(void)state;
	static double third[FRAMES];
	for (unsigned i = 0; i < 4; i++) {
		struct found found;
		play(source, FRAMES, 110, 300 + i);
		play(spill, FRAMES, 147, 400 + i);
		play(third, FRAMES, 82, 500 + i);
		silence();
		hear(one, source, 0, 1);
		hear(one, third, 0, 0.25);
		hear(two, spill, 0, 1);
		hear(two, third, 300, 0.25);
		hiss(one, 0.001);
		hiss(two, 0.001);
		struct processor *processor = analysed(one, two, &found);
		assert_true(found.applied == 0);
		processor_destroy(processor);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_delays),
		cmocka_unit_test(test_unrelated_tracks_stay),
		cmocka_unit_test(test_bleed_of_a_third_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* declick: planted clicks are found and filled in, attacks are left alone, and so is everything else. */
#include "common/median.h"
#include "editing/autoregression.h"
#include "editing/processors.h"
#include "tests/unit/player.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { RATE = PLAYER_RATE, FRAMES = 12 * RATE, MOST = 300, NEAR = 24 /* half a millisecond */ };

static const struct processor_format mono = {.rate = RATE, .channels = 1};

static double clean[FRAMES], clicked[FRAMES], out[FRAMES];

static struct plant {
	int at, length;
} plants[MOST];

static struct processor *make(void)
{
	static const struct declick_settings settings = {.threshold = 6};
	struct processor *processor;
	struct error e;
	assert_int_equal(processor_create(&processor, &declick_type, &settings, &mono, &e), 0);
	return processor;
}

static void hiss(double *samples, double level)
{
	for (int i = 0; i < FRAMES; i++)
		samples[i] += level * (uniform() - 0.5);
}

/* Bursts of one to twelve samples, every 100 to 300 ms, of 8 to 30 % of full scale. */
static int plant_clicks(void)
{
	int count = 0;
	memcpy(clicked, clean, sizeof(clean));
	for (int at = RATE / 2; at < FRAMES - RATE / 2 && count < MOST;
		at += RATE / 10 + rand() % (RATE / 5)) {
		struct plant *plant = &plants[count++];
		*plant = (struct plant){at, 1 + rand() % 12};
		for (int i = 0; i < plant->length; i++)
			clicked[at + i] += (rand() % 2 ? 1 : -1) * (0.08 + 0.22 * uniform());
	}
	return count;
}

static double power_at(const double *x, const double *y, int from, int count)
{
	double sum = 0;
	for (int i = from; i < from + count; i++)
		sum += (x[i] - y[i]) * (x[i] - y[i]);
	return sum;
}

/* Places where `out` differs from `in` farther from what was planted than NEAR. */
static int strays(const double *in, uint32_t latency, int count)
{
	int next = 0, found = 0, last = -1000;
	for (int i = 0; i + (int)latency < FRAMES; i++) {
		if (out[i + (int)latency] == in[i])
			continue;
		while (next < count && plants[next].at + plants[next].length + NEAR < i)
			next++;
		if (next < count && i >= plants[next].at - NEAR)
			continue;
		found += i - last > 200;
		last = i;
	}
	return found;
}

static void test_planted_clicks_are_filled_in(void **state)
{
	(void)state;
	int planted = 0, mended = 0, stray = 0;
	for (unsigned song = 0; song < 3; song++) {
		play(clean, FRAMES, 98 << song, 300 + song);
		hiss(clean, 0.002);
		int count = plant_clicks();
		struct processor *processor = make();
		memcpy(out, clicked, sizeof(out));
		run_cut(processor, out, NULL, FRAMES, 500 + song);
		int latency = (int)processor_latency(processor);
		for (int i = 0; i < count; i++) {
			double was = power_at(clicked, clean, plants[i].at, plants[i].length);
			double is = power_at(out + latency, clean, plants[i].at, plants[i].length);
			mended += is < was / 4; /* 6 dB */
		}
		planted += count;
		stray += strays(clicked, (uint32_t)latency, count);
		struct processor_note notes[PROCESSOR_NOTES];
		assert_int_equal(processor_notes(processor, notes), 2);
		processor_destroy(processor);
	}
	assert_true(planted > 150);
	assert_true(mended >= 0.9 * planted);
	assert_true(stray <= 1); /* in half a minute */
}

static void test_music_without_clicks_passes_bit_for_bit(void **state)
{
	(void)state;
	for (unsigned song = 0; song < 3; song++) {
		play(clean, FRAMES, 98 << song, 400 + song);
		hiss(clean, 0.0005);
		struct processor *processor = make();
		memcpy(out, clean, sizeof(out));
		run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
		uint32_t latency = processor_latency(processor);
		assert_memory_equal(out + latency, clean, (FRAMES - latency) * sizeof(*out));
		processor_destroy(processor);
	}
}

static void test_cuts_do_not_matter(void **state)
{
	(void)state;
	static double other[FRAMES];
	play(clean, FRAMES, 130, 7);
	plant_clicks();
	memcpy(out, clicked, sizeof(out));
	memcpy(other, clicked, sizeof(other));
	struct processor *processor = make();
	run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
	processor_reset(processor);
	run_cut(processor, other, NULL, FRAMES, 37);
	assert_memory_equal(out, other, sizeof(out));
	processor_destroy(processor);
}

/* A gap in a sum of sines is filled as it was. */
static void test_interpolation(void **state)
{
	(void)state;
	enum { COUNT = 1000, GAP = 24, AT = 500 };
	double samples[COUNT], before[COUNT];
	bool unknown[COUNT] = {false};
	struct autoregression model;
	for (int i = 0; i < COUNT; i++)
		before[i] = samples[i] = 0.4 * sin(0.05 * i) + 0.2 * sin(0.31 * i + 1) + 0.1 * sin(1.1 * i);
	for (int i = AT; i < AT + GAP; i++) {
		samples[i] = 0;
		unknown[i] = true;
	}
	autoregression_fit(&model, before, COUNT);
	assert_true(autoregression_fill(&model, samples, unknown, COUNT));
	for (int i = AT; i < AT + GAP; i++)
		assert_true(fabs(samples[i] - before[i]) < 0.01);
	memset(unknown + 100, true, AR_GAP_MOST + 1);
	assert_false(autoregression_fill(&model, samples, unknown, COUNT));
}

static void test_median(void **state)
{
	(void)state;
	double values[101];
	for (size_t count = 1; count <= 101; count++) {
		for (size_t i = 0; i < count; i++)
			values[i] = (double)(i * 37 % count);
		double middle = median(values, count);
		size_t below = 0, same = 0;
		for (size_t i = 0; i < count; i++) {
			below += values[i] < middle;
			same += values[i] == middle;
		}
		assert_true(below <= count / 2 && below + same > count / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_clicks_are_filled_in),
		cmocka_unit_test(test_music_without_clicks_passes_bit_for_bit),
		cmocka_unit_test(test_cuts_do_not_matter),
		cmocka_unit_test(test_interpolation),
		cmocka_unit_test(test_median),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

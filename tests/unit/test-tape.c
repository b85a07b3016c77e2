#include "recorder/tape.h"

#include "tests/unit/harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST_CYCLE = 512 };

static struct tape make_tape(uint32_t channels, uint64_t frames)
{
	struct tape tape = {0};
	struct error e = {""};
	if (tape_init(&tape, channels, frames, &e) < 0)
		fail_msg("%s", e.text);
	return tape;
}

static float sample_of(uint64_t frame, uint32_t channel)
{
	return (float)((frame * 8 + channel) % 1000003);
}

/* One cycle of `frames` frames that carry their own numbers; `silent` is a channel without a buffer. */
static void record(struct tape *tape, uint64_t position, uint32_t frames, uint32_t silent)
{
	float samples[8][MOST_CYCLE];
	const float *channels[8];
	for (uint32_t c = 0; c < tape->channels; c++) {
		for (uint32_t i = 0; i < frames; i++)
			samples[c][i] = sample_of(position + i, c);
		channels[c] = c == silent ? NULL : samples[c];
	}
	struct cycle cycle = {.frames = frames, .rate = 48000, .position = position};
	tape_record(tape, &cycle, channels);
}

/* How many of the samples that the stamp speaks of are not what `record` put there. */
static uint64_t wrong_samples(const struct tape *tape, const struct stamp *stamp, uint32_t silent)
{
	uint64_t wrong = 0;
	for (uint32_t c = 0; c < tape->channels; c++) {
		for (uint64_t done = 0, run; done < stamp->cycle.frames; done += run) {
			const float *samples =
				tape_samples(tape, c, stamp->tape + done, stamp->cycle.frames - done, &run);
			for (uint64_t i = 0; i < run; i++) {
				float expected =
					c == silent ? 0 : sample_of(stamp->cycle.position + done + i, c);
				wrong += !(samples[i] == expected);
			}
		}
	}
	return wrong;
}

static void test_wraps(void **state)
{
	(void)state;
	static const struct {
		uint32_t channels, cycle, silent;
		uint64_t size;
	} cases[] = {
		{1, 64, UINT32_MAX, 64},   /* one cycle fills it */
		{1, 100, UINT32_MAX, 333}, /* odd: the stamps behind the samples must stay aligned */
		{3, 77, UINT32_MAX, 501}, {8, 512, UINT32_MAX, 1024},
		{2, 96, 1, 1000}, /* a NULL channel is silence, across the seam too */
	};
	for (size_t k = 0; k < TABLE_SIZE(cases); k++) {
		struct tape tape = make_tape(cases[k].channels, cases[k].size);
		uint64_t position = 0;
		for (uint64_t mark = 0; mark < 50; mark++, position += cases[k].cycle) {
			record(&tape, position, cases[k].cycle, cases[k].silent);
			assert_int_equal(ring_filled(&tape.marks), mark + 1);
			const struct stamp *stamp = tape_stamp(&tape, mark);
			assert_int_equal(stamp->tape, position);
			assert_int_equal(stamp->lost, 0);
			assert_int_equal(wrong_samples(&tape, stamp, cases[k].silent), 0);
			ring_release(&tape.samples, position + cases[k].cycle);
			ring_release(&tape.marks, mark + 1);
		}
		tape_finish(&tape);
	}
}

static void test_full_tape_counts_what_it_lost(void **state)
{
	(void)state;
	struct tape tape = make_tape(2, 1000);
	for (uint64_t i = 0; i < 7; i++) /* 3 fit, 4 do not */
		record(&tape, i * 300, 300, UINT32_MAX);
	assert_int_equal(ring_filled(&tape.marks), 3);
	assert_int_equal(ring_filled(&tape.samples), 900);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(wrong_samples(&tape, tape_stamp(&tape, i), UINT32_MAX), 0);
	ring_release(&tape.samples, 300);
	ring_release(&tape.marks, 1);
	record(&tape, 7 * 300, 300, UINT32_MAX);
	const struct stamp *stamp = tape_stamp(&tape, 3);
	assert_int_equal(stamp->lost, 4 * 300);
	assert_int_equal(stamp->tape, 900);
	assert_int_equal(wrong_samples(&tape, stamp, UINT32_MAX), 0);
	ring_release(&tape.samples, 900);
	ring_release(&tape.marks, 3);
	record(&tape, 8 * 300, 300, UINT32_MAX);
	assert_int_equal(tape_stamp(&tape, 4)->lost, 0); /* told once */
	tape_finish(&tape);
}

/* Cycles far shorter than the stamps were sized for fill the marks before the samples. */
static void test_full_marks_count_too(void **state)
{
	(void)state;
	struct tape tape = make_tape(1, 64000);
	uint64_t marks = tape.marks.size;
	for (uint64_t i = 0; i < marks + 5; i++)
		record(&tape, i, 1, UINT32_MAX);
	assert_int_equal(ring_filled(&tape.marks), marks);
	ring_release(&tape.samples, 10);
	ring_release(&tape.marks, 10);
	record(&tape, marks + 5, 1, UINT32_MAX);
	assert_int_equal(tape_stamp(&tape, marks)->lost, 5);
	tape_finish(&tape);
}

static void test_more_memory_than_there_is(void **state)
{
	(void)state;
	struct tape tape = {0};
	struct error e = {""};
	assert_int_equal(tape_init(&tape, 64, UINT64_C(1) << 48, &e), -ENOMEM);
	assert_non_null(strstr(e.text, "64 channels"));
	tape_finish(&tape); /* nothing to give back */
}

enum { HAMMERED = 20000 };

struct hammer {
	struct tape tape;
	_Atomic bool done;
};

static void *hammer(void *data)
{
	struct hammer *work = data;
	uint64_t position = 0;
	for (uint32_t i = 0; i < HAMMERED; i++) {
		uint32_t frames = i % 97 + 1;
		record(&work->tape, position, frames, UINT32_MAX);
		position += frames;
		if (i % 8 == 0)
			sched_yield();
	}
	atomic_store(&work->done, true);
	return NULL;
}

/* Whatever finds room comes whole, and what does not is told: nothing slips. */
static void test_two_threads(void **state)
{
	(void)state;
	struct hammer work = {.tape = make_tape(3, 2001)};
	struct tape *tape = &work.tape;
	pthread_t producer;
	assert_int_equal(pthread_create(&producer, NULL, hammer, &work), 0);
	uint64_t next = 0, wrong = 0, mark = 0;
	for (bool last = false; !last; sched_yield()) {
		last = atomic_load(&work.done);
		uint64_t filled = ring_filled(&tape->marks);
		for (; mark < filled; mark++) {
			const struct stamp *stamp = tape_stamp(tape, mark);
			wrong += wrong_samples(tape, stamp, UINT32_MAX);
			wrong += stamp->cycle.position != next + stamp->lost;
			next = stamp->cycle.position + stamp->cycle.frames;
			ring_release(&tape->samples, stamp->tape + stamp->cycle.frames);
			ring_release(&tape->marks, mark + 1);
		}
	}
	pthread_join(producer, NULL);
	assert_true(mark > 0);
	assert_int_equal(wrong, 0);
	tape_finish(tape);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_full_tape_counts_what_it_lost),
		cmocka_unit_test(test_full_marks_count_too),
		cmocka_unit_test(test_more_memory_than_there_is),
		cmocka_unit_test(test_two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

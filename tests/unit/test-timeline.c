/* The timeline against an interface that counts its own truth: every stretch of the real world is made here
 * as stamps, and what the timeline says of it must be exact where positions tell, and within a frame where
 * only time does. */
#include "recorder/timeline.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

#include <math.h>

/* A simulated driver. */
struct driver {
	uint32_t rate, quantum, clock_id;
	double ppm, jitter; /* jitter: of a cycle */
	uint64_t frame;	    /* of the real world */
	uint64_t position;  /* as the driver counts */
	uint32_t random;
};

static double random_of(struct driver *driver)
{
	driver->random = driver->random * 1664525U + 1013904223U;
	return (double)driver->random / UINT32_MAX * 2 - 1;
}

static int64_t nsec_of(const struct driver *driver, double frame)
{
	return CLOCK_NSEC_PER_SEC + llround(frame * 1e9 / (driver->rate * (1 + driver->ppm * 1e-6)));
}

static struct stamp next_stamp(struct driver *driver)
{
	double wobble = driver->jitter * random_of(driver) * driver->quantum;
	struct stamp stamp = {.cycle = {.frames = driver->quantum,
				      .rate = driver->rate,
				      .clock_id = driver->clock_id,
				      .position = driver->position,
				      .nsec = nsec_of(driver, (double)driver->frame + wobble)}};
	driver->frame += driver->quantum;
	driver->position += driver->quantum;
	return stamp;
}

static struct driver new_driver(uint32_t rate)
{
	return (struct driver){.rate = rate, .quantum = 1024, .clock_id = 7, .position = 5000, .random = 1};
}

/* What happens between two cycles. */
struct event {
	const char *name;
	uint64_t lost;	   /* frames of the real world */
	int64_t counted;   /* by which the driver's position moved meanwhile */
	uint64_t ring;	   /* of them, frames that found no room on the tape */
	uint32_t clock_id; /* 0: as before */
	uint32_t quantum;  /* 0: as before */
	bool overrun, relinked;
	enum gap_cause cause;
	uint64_t silence;
	uint64_t tolerance;
};

static const struct event events[] = {
	{"nothing"},
	{"a missed cycle", 1024, 1024, .cause = GAP_MISSED, .silence = 1024},
	{"37 missed cycles", 37888, 37888, .cause = GAP_MISSED, .silence = 37888},
	{"part of a cycle", 100, 100, .cause = GAP_MISSED, .silence = 100},
	{"an overrun that only the time shows", 1024, 0, .cause = GAP_OVERRUN, .silence = 1024,
		.tolerance = 1},
	{"a long one", 50000, 0, .cause = GAP_OVERRUN, .silence = 50000, .tolerance = 1},
	{"an overrun with its flag", 2048, 2048, .overrun = true, .cause = GAP_OVERRUN, .silence = 2048},
	{"a flag and only time", 512, 0, .overrun = true, .cause = GAP_OVERRUN, .silence = 512,
		.tolerance = 1},
	{"a flag without loss", .overrun = true},
	{"a full tape", 4096, 4096, .ring = 4096, .cause = GAP_RING, .silence = 4096},
	{"unplugged for two seconds", 96000, -4000, .relinked = true, .cause = GAP_UNPLUGGED,
		.silence = 96000, .tolerance = 1},
	{"unplugged, and back on another clock", 96000, 123456, .clock_id = 9, .relinked = true,
		.cause = GAP_UNPLUGGED, .silence = 96000, .tolerance = 1},
	{"linked again at once", .relinked = true},
	{"another driver, nothing lost", 0, 777777, .clock_id = 8},
	{"another driver, something lost", 3000, 777777, .clock_id = 8, .cause = GAP_DRIVER, .silence = 3000,
		.tolerance = 1},
	{"a count that starts anew", 2000, -5000, .cause = GAP_DRIVER, .silence = 2000, .tolerance = 1},
	{"a count that starts anew far away", 2000, INT64_C(1) << 45, .cause = GAP_DRIVER, .silence = 2000,
		.tolerance = 1},
	{"a shorter quantum", .quantum = 256},
	{"a longer quantum", .quantum = 8192},
	{"a shorter quantum after a loss", 1024, 1024, .quantum = 64, .cause = GAP_MISSED, .silence = 1024},
	{"cycles of one quantum missed, then another", 2048, 0, .quantum = 256, .cause = GAP_OVERRUN,
		.silence = 2048, .tolerance = 1},
};

static void happen(struct driver *driver, const struct event *event)
{
	driver->frame += event->lost;
	driver->position = (uint64_t)((int64_t)driver->position + event->counted);
	if (event->clock_id)
		driver->clock_id = event->clock_id;
	if (event->quantum)
		driver->quantum = event->quantum;
}

/* Cycles with nothing between them; true when each followed the one before. */
static bool runs_on(struct timeline *timeline, struct driver *driver, uint64_t frame, int cycles)
{
	bool right = true;
	for (int i = 0; i < cycles; i++) {
		struct stamp stamp = next_stamp(driver);
		struct timeline_step step = timeline_advance(timeline, &stamp);
		right = right && step.silence == 0 && step.frame == frame;
		frame += stamp.cycle.frames;
	}
	return right && timeline->frames == frame;
}

static void try_event(const struct event *event, uint32_t rate)
{
	struct timeline timeline;
	struct driver driver = new_driver(rate);
	timeline_init(&timeline, rate);
	bool before = runs_on(&timeline, &driver, 0, 20);
	happen(&driver, event);
	struct stamp stamp = next_stamp(&driver);
	stamp.lost = event->ring;
	stamp.cycle.overrun = event->overrun;
	stamp.cycle.relinked = event->relinked;
	struct timeline_step step = timeline_advance(&timeline, &stamp);
	uint64_t error =
		step.silence > event->silence ? step.silence - event->silence : event->silence - step.silence;
	if (!before || error > event->tolerance || (step.silence > 0 && step.cause != event->cause) ||
		step.frame != 20 * 1024 + step.silence)
		fail_msg("%s at %u Hz: %llu frames of silence (%s) before frame %llu", event->name, rate,
			(unsigned long long)step.silence, gap_cause_name(step.cause),
			(unsigned long long)step.frame);
	if (!runs_on(&timeline, &driver, timeline.frames, 20))
		fail_msg("%s at %u Hz: what follows does not run on", event->name, rate);
}

static const uint32_t rates[] = {44100, 48000, 96000};

static void test_events(void **state)
{
	(void)state;
	for (size_t r = 0; r < TABLE_SIZE(rates); r++)
		for (size_t i = 0; i < TABLE_SIZE(events); i++)
			try_event(&events[i], rates[r]);
}

static void test_first_stamp_is_frame_0(void **state)
{
	(void)state;
	static const struct cycle firsts[] = {
		{.frames = 1024, .rate = 48000},
		{.frames = 64, .rate = 48000, .position = UINT64_C(1) << 40, .nsec = 1, .clock_id = 3},
		{.frames = 512, .rate = 48000, .position = 9, .nsec = INT64_C(1) << 60, .relinked = true},
		{.frames = 512, .rate = 48000, .position = 9, .nsec = 5, .overrun = true},
	};
	for (size_t i = 0; i < TABLE_SIZE(firsts); i++) {
		struct timeline timeline;
		timeline_init(&timeline, 48000);
		struct stamp stamp = {.cycle = firsts[i], .lost = 4000};
		struct timeline_step step = timeline_advance(&timeline, &stamp);
		assert_int_equal(step.silence, 0);
		assert_int_equal(step.frame, 0);
		assert_int_equal(timeline.frames, firsts[i].frames);
	}
}

/* Drivers' times wander; only a whole cycle more is a loss. */
static void test_jitter_is_no_gap(void **state)
{
	(void)state;
	static const uint32_t quanta[] = {64, 256, 1024, 8192};
	for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
		for (size_t q = 0; q < TABLE_SIZE(quanta); q++) {
			struct timeline timeline;
			struct driver driver = new_driver(rates[r]);
			driver.quantum = quanta[q];
			driver.jitter = 0.2;
			driver.ppm = 150;
			timeline_init(&timeline, rates[r]);
			assert_true(runs_on(&timeline, &driver, 0, 20000));
		}
	}
}

static void test_ppm(void **state)
{
	(void)state;
	static const double crystals[] = {0, 12.4, -40, 100, -250};
	for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
		for (size_t i = 0; i < TABLE_SIZE(crystals); i++) {
			struct timeline timeline;
			struct driver driver = new_driver(rates[r]);
			driver.ppm = crystals[i];
			timeline_init(&timeline, rates[r]);
			runs_on(&timeline, &driver, 0, 10);
			assert_true(timeline_ppm(&timeline) == 0); /* too early to tell */
			runs_on(&timeline, &driver, timeline.frames, (int)(60 * rates[r] / 1024));
			assert_true(fabs(timeline_ppm(&timeline) - crystals[i]) < 0.01);
			/* Frames missed are frames of that crystal. */
			driver.frame += 1024;
			driver.position += 1024;
			struct stamp stamp = next_stamp(&driver);
			timeline_advance(&timeline, &stamp);
			assert_true(fabs(timeline_ppm(&timeline) - crystals[i]) < 0.01);
		}
	}
}

/* Another clock is judged by itself alone, and taken for the last one until it can be. */
static void test_ppm_starts_anew(void **state)
{
	(void)state;
	static const struct event *const fresh[] = {&events[5], &events[10], &events[13], &events[15]};
	for (size_t i = 0; i < TABLE_SIZE(fresh); i++) {
		struct timeline timeline;
		struct driver driver = new_driver(48000);
		driver.ppm = 90;
		timeline_init(&timeline, 48000);
		runs_on(&timeline, &driver, 0, 1000);
		happen(&driver, fresh[i]);
		struct stamp stamp = next_stamp(&driver);
		stamp.cycle.relinked = fresh[i]->relinked;
		timeline_advance(&timeline, &stamp);
		if (fabs(timeline_ppm(&timeline) - 90) > 0.1)
			fail_msg("%s: %.3f ppm", fresh[i]->name, timeline_ppm(&timeline));
		/* And again, before anyone can tell. */
		runs_on(&timeline, &driver, timeline.frames, 10);
		happen(&driver, fresh[i]);
		stamp = next_stamp(&driver);
		stamp.cycle.relinked = fresh[i]->relinked;
		timeline_advance(&timeline, &stamp);
		assert_true(fabs(timeline_ppm(&timeline) - 90) < 0.1);
		timeline.known_ppm = -1000; /* of no use any more */
		runs_on(&timeline, &driver, timeline.frames, 1000);
		assert_true(fabs(timeline_ppm(&timeline) - 90) < 0.1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_first_stamp_is_frame_0),
		cmocka_unit_test(test_jitter_is_no_gap),
		cmocka_unit_test(test_ppm),
		cmocka_unit_test(test_ppm_starts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the time base and the warp make of clock logs: positions are compared with those of the crystals that
 * wrote the logs. */
#include "tests/unit/crystals.h"

#include "audio/warp.h"

#define HOUR 3600.0
#define HOUR_FRAMES (3600 * (uint64_t)CRYSTAL_RATE)

/* The largest distance in frames between where the warp says that `other` was and where it was, looked at
 * every second. */
static double worst(const struct warp *warp, const struct crystal *take, const struct crystal *other,
	double from_s, double to_s)
{
	double most = 0;
	for (double s = from_s; s <= to_s; s++) {
		double frame = s * CRYSTAL_RATE;
		double truth = crystal_frame(other, crystal_time(take, frame));
		most = fmax(most, fabs(frame + warp_shift(warp, frame) - truth));
	}
	return most;
}

static struct warp warp_of(const struct notes *take, const struct notes *other, uint64_t frames)
{
	struct timebase *a = timebase_create(take->points, take->count, CRYSTAL_RATE);
	struct timebase *b = timebase_create(other->points, other->count, CRYSTAL_RATE);
	struct warp warp = warp_between(a, b, CRYSTAL_RATE, frames);
	timebase_destroy(a);
	timebase_destroy(b);
	return warp;
}

static void test_an_hour(void **state)
{
	(void)state;
	/* A note is the median of a second's cycles: jitter of 100 us a cycle leaves some 10 us of it. */
	static const struct {
		const char *name;
		struct crystal take, other;
		double jitter_s, allowed; /* frames */
	} cases[] = {
		{"exact clocks", {60, 0, 0}, {-40, 0, 0.00001}, 0, 0.001},
		{"the other way round", {-40, 0, 0}, {60, 0, 0}, 0, 0.001},
		{"far apart", {200, 0, 5}, {-200, 0, 5.000005}, 0, 0.001},
		{"jitter", {60, 0, 0}, {-40, 0, 0.00001}, 10e-6, 0.35},
		{"warming up", {60, 0.002, 0}, {-40, -0.004, 0}, 0, 0.1},
		{"warming up with jitter", {60, 0.002, 0}, {-40, -0.004, 0}, 5e-6, 0.3},
		{"one crystal", {12, 0, 0}, {12, 0, 0}, 0, 0.001},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct notes take = {0}, other = {0};
		note_every_second(&take, &cases[i].take, 1, 0.5, HOUR, cases[i].jitter_s);
		note_every_second(&other, &cases[i].other, 1, 0.5, HOUR, cases[i].jitter_s);
		struct warp warp = warp_of(&take, &other, HOUR_FRAMES);
		double off = worst(&warp, &cases[i].take, &cases[i].other, 0, HOUR);
		print_message("%-24s %.4f frames off at most\n", cases[i].name, off);
		if (!(off <= cases[i].allowed))
			fail_msg("%s: %.4f frames off", cases[i].name, off);
		warp_finish(&warp);
		free(take.points);
		free(other.points);
	}
}

static void test_ppm(void **state)
{
	(void)state;
	static const struct {
		double ppm, seconds, jitter_s, allowed;
	} cases[] = {
		{0, 20, 0, 0.001},
		{60, 20, 0, 0.001},
		{-40, HOUR, 100e-6, 0.01},
		{150, 60, 100e-6, 2},
		{12.5, 3, 0, 0.01},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct notes notes = {0};
		struct crystal crystal = {.ppm = cases[i].ppm};
		note_every_second(&notes, &crystal, 1, 0, cases[i].seconds, cases[i].jitter_s);
		double ppm = timebase_ppm(notes.points, notes.count, CRYSTAL_RATE);
		if (!(fabs(ppm - cases[i].ppm) <= cases[i].allowed))
			fail_msg("%g ppm over %g s: found %.4f", cases[i].ppm, cases[i].seconds, ppm);
		free(notes.points);
	}
}

static void test_too_little_to_tell(void **state)
{
	(void)state;
	struct clock_point points[] = {{1, 0, 5000}, {1, 48000, 1000005000}};
	assert_true(isnan(timebase_ppm(points, 0, CRYSTAL_RATE)));
	assert_true(isnan(timebase_ppm(points, 1, CRYSTAL_RATE)));
	assert_true(isnan(timebase_ppm(points, 2, CRYSTAL_RATE)));
	assert_null(timebase_create(points, 0, CRYSTAL_RATE));
	/* One note alone still says where the frames lie. */
	struct timebase *one = timebase_create(points, 1, CRYSTAL_RATE);
	assert_true(fabs(timebase_lead(one, 1e6)) < 1);
	assert_int_equal(timebase_origin(one), 5000);
	timebase_destroy(one);
}

/* A quarter of the notes is late by up to 20 ms, as on a machine that stalls. */
static void test_outliers(void **state)
{
	(void)state;
	struct crystal take = {.ppm = 60}, other = {.ppm = -40};
	struct notes a = {0}, b = {0};
	note_every_second(&a, &take, 1, 0.5, HOUR, 2e-6);
	note_every_second(&b, &other, 1, 0.5, HOUR, 2e-6);
	uint32_t random = 9;
	for (size_t i = 0; i < b.count; i++)
		if (i % 4 == 1)
			b.points[i].nsec += (int64_t)(10e6 * (1 + chance(&random)));
	assert_true(fabs(timebase_ppm(b.points, b.count, CRYSTAL_RATE) + 40) < 0.01);
	struct warp warp = warp_of(&a, &b, HOUR_FRAMES);
	double off = worst(&warp, &take, &other, 0, HOUR);
	print_message("outliers: %.4f frames off at most\n", off);
	assert_true(off < 0.3);
	warp_finish(&warp);
	free(a.points);
	free(b.points);
}

/* After a gap that was measured by time alone, the frames lie a little beside where they were: each side is
 * put right by its own notes, and only around the gap is there a transition. */
static void test_stretches(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double late_frames; /* the second stretch is put so much too late on the timeline */
		uint64_t gap_frames;
		double clear_s; /* from the gap, before it is exact again */
	} cases[] = {
		{"a gap", 4.6, 48000, 0.001},
		{"a short gap", -3.2, 512, 0.011},
		{"another driver without a gap", 5, 0, 0.011},
		{"a quantum too many", 1024, 0, 0.05},
		{"nothing moved", 0, 1024, 0.001},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct crystal take = {.ppm = 60}, before = {.ppm = -40}, after = before;
		/* Its frames are counted `late_frames` too far: at the same time it is further on. */
		after.start_s -= cases[i].late_frames / CRYSTAL_RATE;
		struct notes a = {0}, b = {0};
		double from = 300 + (double)cases[i].gap_frames / CRYSTAL_RATE;
		note_every_second(&a, &take, 1, 0.5, 600, 0);
		note_every_second(&b, &before, 1, 0, 300, 0);
		note_every_second(&b, &after, 2, from + 1.0 / CRYSTAL_RATE, 600, 0);
		struct warp warp = warp_of(&a, &b, 600 * CRYSTAL_RATE);
		double clear = cases[i].clear_s + 0.04; /* what 100 ppm make of 300 s */
		double first = worst(&warp, &take, &before, 0, 300 - clear);
		double off = fmax(worst(&warp, &take, &before, 300 - clear, 300 - clear),
			worst(&warp, &take, &after, from + clear, 600));
		print_message("%-30s %.4f frames off at most\n", cases[i].name, fmax(first, off));
		if (!(fmax(first, off) < 0.02))
			fail_msg("%s: %.4f, %.4f frames off", cases[i].name, first, off);
		warp_finish(&warp);
		free(a.points);
		free(b.points);
	}
}

/* Whatever the log says, positions never run backwards. */
static void test_a_position_never_runs_backwards(void **state)
{
	(void)state;
	for (double late = -3000; late <= 3000; late += 1000) {
		struct crystal take = {.ppm = 60}, moved = {.ppm = 60, .start_s = -late / CRYSTAL_RATE};
		struct crystal other = {.ppm = -40};
		struct notes a = {0}, b = {0};
		note_every_second(&a, &take, 1, 0, 30, 0);
		note_every_second(&a, &moved, 2, 30.01, 60, 0);
		note_every_second(&b, &other, 1, 0, 60, 0);
		struct warp warp = warp_of(&a, &b, 60 * CRYSTAL_RATE);
		double last = -INFINITY;
		for (double frame = 0; frame < 60 * CRYSTAL_RATE; frame += 8) {
			double position = frame + warp_shift(&warp, frame);
			assert_true(position > last);
			assert_true(position - last < 24 || frame == 0);
			last = position;
		}
		warp_finish(&warp);
		free(a.points);
		free(b.points);
	}
}

static void test_idle(void **state)
{
	(void)state;
	static const struct {
		struct crystal take, other;
		bool idle;
	} cases[] = {
		{{12, 0, 0}, {12, 0, 0}, true},
		{{12, 0, 0}, {12, 0, 0.9 / CRYSTAL_RATE}, true}, /* placed to the frame, as it can be */
		{{12, 0, 0}, {12, 0, 5.0 / CRYSTAL_RATE}, false},
		{{12, 0, 0}, {12.1, 0, 0}, false},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct notes a = {0}, b = {0};
		note_every_second(&a, &cases[i].take, 1, 0, 60, 0);
		note_every_second(&b, &cases[i].other, 1, 0, 60, 0);
		struct warp warp = warp_of(&a, &b, 60 * CRYSTAL_RATE);
		assert_int_equal(warp_is_idle(&warp), cases[i].idle);
		double ppm = cases[i].other.ppm - cases[i].take.ppm;
		assert_true(fabs(warp_ppm(&warp, 60 * CRYSTAL_RATE) - ppm) < 0.01);
		warp_finish(&warp);
		free(a.points);
		free(b.points);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_hour),
		cmocka_unit_test(test_ppm),
		cmocka_unit_test(test_too_little_to_tell),
		cmocka_unit_test(test_outliers),
		cmocka_unit_test(test_stretches),
		cmocka_unit_test(test_a_position_never_runs_backwards),
		cmocka_unit_test(test_idle),
	};
	return cmocka_run_group_tests_name("timebase", tests, NULL, NULL);
}

/* From cycles to notes: a second's jitter averages out, a new clock begins a new stretch, and two interfaces'
 * notes put their frames together again. */
#include "tests/unit/crystals.h"

#include "audio/warp.h"
#include "recorder/pace.h"

struct simulation {
	struct crystal crystal;
	double jitter_s; /* of each cycle */
	double late_s;	 /* of one cycle in fifty */
	uint32_t quantum;
	uint32_t random;
};

static void run(struct simulation *sim, struct pace *pace, uint64_t from, uint64_t to, bool new_clock)
{
	for (uint64_t frame = from; frame < to; frame += sim->quantum) {
		double late = sim->jitter_s * chance(&sim->random);
		if (sim->random % 50 == 0)
			late += sim->late_s;
		double time = 1000 + crystal_time(&sim->crystal, (double)frame) + late;
		struct cycle cycle = {
			.frames = sim->quantum, .rate = CRYSTAL_RATE, .nsec = (int64_t)llround(time * 1e9)};
		pace_add(pace, &cycle, frame, new_clock && frame == from);
	}
}

static struct pace *new_pace(void)
{
	struct pace *pace = memory_new(sizeof(*pace));
	pace_init(pace, CRYSTAL_RATE);
	return pace;
}

static double error_of(const struct simulation *sim, const struct clock_point *note)
{
	return (double)note->nsec * 1e-9 - 1000 - crystal_time(&sim->crystal, (double)note->frame);
}

static void test_one_note_a_second(void **state)
{
	(void)state;
	static const struct {
		struct simulation sim;
		double allowed_s;
	} cases[] = {
		{{.crystal = {60, 0, 0}, .quantum = 256}, 3e-9},
		{{.crystal = {-200, 0, 0}, .quantum = 1024}, 3e-9},
		{{.crystal = {60, 0, 0}, .quantum = 33}, 3e-9},
		{{.crystal = {60, 0, 0}, .quantum = 16}, 3e-9}, /* more cycles than one note takes */
		{{.crystal = {60, 0, 0}, .quantum = 256, .jitter_s = 100e-6}, 40e-6},
		{{.crystal = {60, 0, 0}, .quantum = 256, .jitter_s = 20e-6, .late_s = 50e-3}, 10e-6},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct simulation sim = cases[i].sim;
		struct pace *pace = new_pace();
		run(&sim, pace, 0, 30 * CRYSTAL_RATE, true);
		assert_in_range(pace->count, 28, 100);
		for (uint64_t n = 1; n < pace->count; n++)
			if (!(fabs(error_of(&sim, &pace->notes[n])) <= cases[i].allowed_s))
				fail_msg("case %zu: note %llu is off by %g s", i, (unsigned long long)n,
					error_of(&sim, &pace->notes[n]));
		assert_true(fabs(pace_ppm(pace) - sim.crystal.ppm) < 1);
		free(pace);
	}
}

static void test_stretches(void **state)
{
	(void)state;
	struct simulation sim = {.crystal = {60, 0, 0}, .quantum = 256};
	struct pace *pace = new_pace();
	run(&sim, pace, 0, 256 * 1000, true);
	run(&sim, pace, 256 * 2000, 256 * 3000, false); /* counted on: the same line */
	run(&sim, pace, 256 * 4000, 256 * 4001, true);
	run(&sim, pace, 256 * 5000, 256 * 6000, true);
	uint32_t last = 0;
	int64_t first[4] = {0}, end[4] = {0};
	for (uint64_t n = 0; n < pace->count; n++) {
		const struct clock_point *note = &pace->notes[n];
		assert_true(n == 0 || note->frame > pace->notes[n - 1].frame);
		assert_in_range(note->stretch, 1, 3);
		if (note->stretch != last)
			first[note->stretch] = note->frame;
		end[note->stretch] = note->frame;
		last = note->stretch;
	}
	/* It is known how far each reaches. */
	assert_int_equal(first[1], 0);
	assert_int_equal(end[1], 256 * 3000 - 1);
	assert_int_equal(first[2], 256 * 4000);
	assert_int_equal(end[2], 256 * 4001 - 1);
	assert_int_equal(first[3], 256 * 5000);
	free(pace);
}

static void test_a_flush_with_nothing_new(void **state)
{
	(void)state;
	struct simulation sim = {.crystal = {60, 0, 0}, .quantum = 256};
	struct pace *pace = new_pace();
	pace_flush(pace);
	assert_int_equal(pace->count, 0);
	assert_true(pace_ppm(pace) == 0);
	run(&sim, pace, 0, 2560, true);
	pace_flush(pace);
	uint64_t count = pace->count;
	pace_flush(pace);
	assert_int_equal(pace->count, count);
	free(pace);
}

/* An hour at +60 and -40 ppm with 100 us of jitter on every cycle, and late ones: 17280 frames of drift. */
static void test_an_hour(void **state)
{
	(void)state;
	struct simulation sims[2] = {
		{.crystal = {60, 0, 0}, .jitter_s = 100e-6, .late_s = 3e-3, .quantum = 512, .random = 3},
		{.crystal = {-40, 0, 0.2e-6},
			.jitter_s = 100e-6,
			.late_s = 3e-3,
			.quantum = 256,
			.random = 5},
	};
	struct timebase *timebases[2];
	/* Longer than the notes that are kept, as the recorder takes them out meanwhile. */
	for (int i = 0; i < 2; i++) {
		struct pace *pace = new_pace();
		struct clock_point *points = memory_array(8000, sizeof(*points));
		size_t count = 0;
		for (int minute = 0; minute < 60; minute++) {
			uint64_t from = (uint64_t)minute * 60 * CRYSTAL_RATE;
			run(&sims[i], pace, from, from + 60 * (uint64_t)CRYSTAL_RATE, minute == 0);
			for (; count < pace->count; count++)
				points[count] = pace->notes[count % PACE_NOTES];
		}
		double ppm = timebase_ppm(points, count, CRYSTAL_RATE);
		print_message("%+.0f ppm: found %+.4f\n", sims[i].crystal.ppm, ppm);
		assert_true(fabs(ppm - sims[i].crystal.ppm) < 0.01);
		timebases[i] = timebase_create(points, count, CRYSTAL_RATE);
		free(points);
		free(pace);
	}
	uint64_t frames = 3600 * (uint64_t)CRYSTAL_RATE;
	struct warp warp = warp_between(timebases[0], timebases[1], CRYSTAL_RATE, frames);
	double most = 0;
	for (uint64_t frame = 0; frame <= frames; frame += CRYSTAL_RATE) {
		double truth = crystal_frame(&sims[1].crystal, crystal_time(&sims[0].crystal, (double)frame));
		most = fmax(most, fabs((double)frame + warp_shift(&warp, (double)frame) - truth));
	}
	print_message("%.3f frames apart at most, of %.0f\n", most, -warp_shift(&warp, (double)frames));
	assert_true(most < 0.5);
	warp_finish(&warp);
	timebase_destroy(timebases[0]);
	timebase_destroy(timebases[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_note_a_second),
		cmocka_unit_test(test_stretches),
		cmocka_unit_test(test_a_flush_with_nothing_new),
		cmocka_unit_test(test_an_hour),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}

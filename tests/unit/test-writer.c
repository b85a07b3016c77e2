/* The writer over a tape that the test feeds (writer-bench.h), on a disk that does what it is told. */
#include "tests/unit/writer-bench.h"

/* ---- the table ---- */

struct scene {
	const char *name;
	struct step steps[8];
	int64_t origin; /* the world's frame */
	uint64_t frames;
	size_t fed_before; /* steps that are history when the take begins */
	struct take_gap gaps[4];
	size_t gap_count;
	bool unplugged; /* at the end of the steps */
};

static const struct scene scenes[] = {
	{"all in the past", {{PLAY, 96000}}, 1234, 50000, 1},
	{"all to come", {{PLAY, 96000}}, 0, 90000, 0},
	{"pre-roll, and on", {{PLAY, 48000}, {PLAY, 48000}}, 20001, 60000, 1},
	{"begins in the future", {{PLAY, 48000}, {PLAY, 96000}}, 60000, 40000, 1},
	{"one frame", {{PLAY, 48000}}, 777, 1, 1},
	{"before the first cycle", {{PLAY, 48000}}, -3000, 30000, 1, {{0, 3000, GAP_UNPLUGGED}}, 1},
	{"missed cycles", {{PLAY, 5000}, {MISS, 1000}, {PLAY, 5000}, {MISS, 3000}, {PLAY, 20000}}, 500, 25000,
		3, {{4500, 1000, GAP_MISSED}, {10500, 3000, GAP_MISSED}}, 2},
	{"an overrun", {{PLAY, 5000}, {OVERRUN, 2000}, {PLAY, 30000}}, 0, 30000, 0,
		{{5000, 2000, GAP_OVERRUN}}, 1},
	{"a full tape", {{PLAY, 5000}, {FULL_TAPE, 4000}, {PLAY, 30000}}, 0, 30000, 0,
		{{5000, 4000, GAP_RING}}, 1},
	{"unplugged and back", {{PLAY, 9000}, {UNPLUG, 50001}, {PLAY, 30000}}, 0, 80000, 0,
		{{9000, 50001, GAP_UNPLUGGED}}, 1},
	{"another driver", {{PLAY, 9000}, {NEW_DRIVER, 501}, {PLAY, 30000}}, 0, 30000, 0,
		{{9000, 501, GAP_DRIVER}}, 1},
	{"another rate, and back", {{PLAY, 9000}, {OTHER_RATE, 4001}, {PLAY, 30000}}, 0, 30000, 0,
		{{9000, 4001, GAP_DRIVER}}, 1},
	{"another rate to the end", {{PLAY, 9000}, {OTHER_RATE, 20000}}, 0, 20000, 0,
		{{9000, 11000, GAP_DRIVER}}, 1, true},
	{"begins within a gap", {{PLAY, 9000}, {MISS, 10000}, {PLAY, 30000}}, 12000, 20000, 3,
		{{0, 7000, GAP_UNPLUGGED}}, 1},
	{"ends within a gap", {{PLAY, 9000}, {MISS, 10000}, {PLAY, 30000}}, 1000, 12000, 3,
		{{8000, 4000, GAP_MISSED}}, 1},
	{"every cause",
		{{PLAY, 3000}, {MISS, 1}, {PLAY, 3333}, {OVERRUN, 1000}, {PLAY, 7}, {UNPLUG, 20000},
			{PLAY, 30000}},
		0, 50000, 0, {{3000, 1, GAP_MISSED}, {6334, 1000, GAP_OVERRUN}, {7341, 20000, GAP_UNPLUGGED}},
		3},
	{"unplugged at the end", {{PLAY, 30000}}, 1000, 60000, 0, {{29000, 31000, GAP_UNPLUGGED}}, 1, true},
	{"unplugged after pre-roll", {{PLAY, 30000}}, 1000, 60000, 1, {{29000, 31000, GAP_UNPLUGGED}}, 1,
		true},
	{"never there", {{0}}, 5, 200000, 0, {{0, 200000, GAP_UNPLUGGED}}, 1, true},
};

static void run_scene(struct bench *bench, const struct scene *scene)
{
	static int number;
	struct taken taken;
	char name[32];
	snprintf(name, sizeof(name), "scene%d", number++);
	plan(bench, &taken, name, scene->origin);
	feed(bench, scene->steps, scene->fed_before);
	if (scene->steps[0].frames == 0)
		atomic_store(&bench->live, false);
	/* What lies on the tape may be written before anyone can say where it ends. */
	taken.part.limit = scene->fed_before > 0 ? scene->frames : 0;
	writer_begin(bench->writer, &taken.part);
	if (scene->fed_before == 0)
		writer_end(bench->writer, &taken.part, scene->frames);
	feed(bench, scene->steps + scene->fed_before, TABLE_SIZE(scene->steps) - scene->fed_before);
	if (scene->unplugged)
		atomic_store(&bench->live, false);
	wait_for(bench, 1, 0);
	check_taken(bench, &taken, scene->origin, scene->frames);
	assert_int_equal(taken.part.gap_count, scene->gap_count);
	for (size_t i = 0; i < scene->gap_count; i++) {
		assert_int_equal(taken.part.gaps[i].frame, scene->gaps[i].frame);
		assert_int_equal(taken.part.gaps[i].frames, scene->gaps[i].frames);
		assert_string_equal(
			gap_cause_name(taken.part.gaps[i].cause), gap_cause_name(scene->gaps[i].cause));
	}
	free_taken(&taken);
}

static void test_scenes(void **state)
{
	for (size_t i = 0; i < TABLE_SIZE(scenes); i++) {
		struct bench *bench = make_bench(*state, i % 3 == 2 ? 16 : 24, 5);
		/* Long ago is for what never comes; what is fed while the writer runs shall not be late. */
		if (!scenes[i].unplugged || scenes[i].steps[scenes[i].fed_before].frames > 0)
			bench->base_ns = clock_monotonic_ns();
		print_message("%s\n", scenes[i].name);
		run_scene(bench, &scenes[i]);
		free_bench(bench);
	}
}

/* ---- several takes ---- */

/* Three takes told of at once: the second begins with the frame after the first, whatever the time says. */
static void test_parts_queue(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken first, second, third;
	feed(bench, &(struct step){PLAY, 3 * RATE}, 1);
	plan(bench, &first, "first", 1000);
	plan(bench, &second, "second", 50007);
	plan(bench, &third, "third", 100001);
	second.part.follows = true;
	first.part.limit = 49000;
	second.part.limit = 10001;
	third.part.limit = 43000;
	writer_begin(bench->writer, &first.part);
	writer_begin(bench->writer, &second.part);
	writer_begin(bench->writer, &third.part);
	wait_for(bench, 3, 0);
	check_taken(bench, &first, 1000, 49000);
	check_taken(bench, &second, 50000, 10001);
	check_taken(bench, &third, 100001, 43000);
	free_taken(&first);
	free_taken(&second);
	free_taken(&third);
	free_bench(bench);
}

/* Where nothing was placed before, a part that follows goes by the time. */
static void test_follows_nothing(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken first, second;
	atomic_store(&bench->live, false);
	plan(bench, &first, "first", 0);
	writer_begin(bench->writer, &first.part);
	writer_end(bench->writer, &first.part, 10000);
	wait_for(bench, 1, 0);
	atomic_store(&bench->live, true);
	feed(bench, &(struct step){PLAY, RATE}, 1);
	plan(bench, &second, "second", 10000);
	second.part.follows = true;
	second.part.limit = 30000;
	writer_begin(bench->writer, &second.part);
	wait_for(bench, 2, 0);
	check_taken(bench, &second, 10000, 30000);
	free_taken(&first);
	free_taken(&second);
	free_bench(bench);
}

/* An end that is told too late: what is written stays. */
static void test_end_in_the_past_of_the_writer(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken taken;
	plan(bench, &taken, "late", 0);
	writer_begin(bench->writer, &taken.part);
	/* Silence is told once its frames are written, so 6000 are. */
	feed(bench, (struct step[]){{PLAY, 5000}, {MISS, 1000}, {PLAY, 1}}, 3);
	wait_for(bench, 0, 1000);
	writer_end(bench->writer, &taken.part, 17);
	wait_for(bench, 1, 1000);
	assert_in_range(taken.part.frames, 6000, 6001);
	check_taken(bench, &taken, 0, taken.part.frames);
	free_taken(&taken);
	free_bench(bench);
}

/* A gap is told when it is found, though nobody asks for a sync in the next hour. */
static void test_gap_is_told_unasked(void **state)
{
	struct bench *bench = make_bench_that_syncs(*state, 24, 5, 3600);
	struct taken taken;
	plan(bench, &taken, "news", 0);
	writer_begin(bench->writer, &taken.part);
	feed(bench, (struct step[]){{PLAY, 5000}, {MISS, 1000}, {PLAY, 100}}, 3);
	wait_for(bench, 0, 1000);
	writer_end(bench->writer, &taken.part, 6000);
	wait_for(bench, 1, 1000);
	check_taken(bench, &taken, 0, taken.part.frames);
	free_taken(&taken);
	free_bench(bench);
}

/* The silence of an absence is written while it lasts, and is one gap all the same. */
static void test_long_absence(void **state)
{
	struct bench *bench = make_bench(*state, 24, 0);
	struct taken taken;
	atomic_store(&bench->live, false);
	plan(bench, &taken, "absent", 0);
	taken.part.count = 1;
	writer_begin(bench->writer, &taken.part);
	wait_for(bench, 0, 90 * RATE); /* of the 100 s since then */
	pthread_mutex_lock(&bench->lock);
	assert_true(bench->silence < 100 * RATE);
	pthread_mutex_unlock(&bench->lock);
	writer_end(bench->writer, &taken.part, 99 * RATE + 24007);
	wait_for(bench, 1, 99 * RATE + 24007);
	assert_int_equal(taken.part.frames, 99 * RATE + 24007);
	assert_int_equal(taken.part.gap_count, 1);
	assert_int_equal(taken.part.gaps[0].frames, 99 * RATE + 24007);
	check_track(bench, &taken.plans[0], 0, 99 * RATE + 24007);
	free_taken(&taken);
	free_bench(bench);
}

/* A folder that takes its time costs no frame, though the tape would keep but a second. */
static void test_holds(void **state)
{
	struct bench *bench = make_bench(*state, 24, 0);
	struct taken taken, later;
	writer_hold(bench->writer, nsec_of(bench, 1000));
	writer_hold(bench->writer, nsec_of(bench, 5 * RATE));
	feed(bench, &(struct step){PLAY, 4 * RATE}, 1);
	plan(bench, &taken, "held", 1000);
	plan(bench, &later, "later", 5 * RATE); /* whose hold does not end with the first one's */
	taken.part.limit = 3 * RATE;
	writer_begin(bench->writer, &taken.part);
	writer_unhold(bench->writer);
	wait_for(bench, 1, 0);
	feed(bench, &(struct step){PLAY, 3 * RATE}, 1);
	later.part.limit = RATE;
	writer_begin(bench->writer, &later.part);
	writer_unhold(bench->writer);
	wait_for(bench, 2, 0);
	check_taken(bench, &taken, 1000, 3 * RATE);
	check_taken(bench, &later, 5 * RATE, RATE);
	free_taken(&taken);
	free_taken(&later);
	free_bench(bench);
}

/* Ending in the middle of a take leaves whole files. */
static void test_destroyed_while_recording(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken taken, waiting;
	plan(bench, &taken, "cut", 0);
	plan(bench, &waiting, "waiting", 0);
	writer_begin(bench->writer, &taken.part);
	writer_begin(bench->writer, &waiting.part);
	feed(bench, (struct step[]){{PLAY, 5000}, {MISS, 1000}, {PLAY, 1}}, 3);
	wait_for(bench, 0, 1000);
	writer_destroy(bench->writer);
	bench->writer = NULL;
	assert_int_equal(bench->done, 0);
	assert_in_range(taken.part.frames, 6000, 6001);
	check_taken(bench, &taken, 0, taken.part.frames);
	assert_int_equal(access(waiting.path[0], F_OK), -1);
	free_taken(&taken);
	free_bench(bench);
}

/* A syncer that hangs in a sync asks for nothing: what comes is encoded all the same, and the tape given
 * back.
 */
static void test_goes_on_unasked(void **state)
{
	struct bench *bench = make_bench_that_syncs(*state, 24, 0, 3600);
	struct taken taken;
	plan(bench, &taken, "unasked", 0);
	writer_begin(bench->writer, &taken.part);
	feed(bench, (struct step[]){{PLAY, RATE / 2}, {MISS, 1000}, {PLAY, RATE}}, 3);
	wait_for(bench, 0, 1000);
	/* The end asks by itself. */
	feed(bench, &(struct step){PLAY, RATE / 10}, 1);
	writer_end(bench->writer, &taken.part, 3 * RATE / 2 + 1000 + 77);
	wait_for(bench, 1, 1000);
	check_taken(bench, &taken, 0, 3 * RATE / 2 + 1000 + 77);
	free_taken(&taken);
	free_bench(bench);
}

/* ---- looking ---- */

static void test_figures(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct writer_status status;
	double peak[CHANNELS], rms[CHANNELS];
	uint64_t clipped[CHANNELS];
	writer_status(bench->writer, &status);
	assert_int_equal(status.rate, 0);
	writer_levels(bench->writer, peak, rms, clipped);
	assert_true(isinf(peak[0]) && isinf(rms[0]));
	float loud[QUANTUM], soft[QUANTUM];
	for (size_t i = 0; i < QUANTUM; i++) {
		loud[i] = i % 2 ? 0.5F : -0.5F;
		soft[i] = NAN; /* no number is no level */
	}
	for (uint64_t i = 0; i < 100; i++) {
		struct cycle cycle = {
			QUANTUM, 96000, 1, i * QUANTUM, .nsec = nsec_of(bench, (int64_t)i * 500)};
		tape_record(&bench->tape, &cycle, (const float *[CHANNELS]){loud, soft, NULL});
	}
	struct taken taken; /* its end is the event that says that all has been seen */
	plan(bench, &taken, "figures", 0);
	for (int i = 0; i < MOST_TRACKS; i++)
		taken.plans[i].rate = 96000;
	taken.part.limit = 50 * QUANTUM;
	writer_begin(bench->writer, &taken.part);
	wait_for(bench, 1, 0);
	/* What a round found is public at the end of it. */
	do
		writer_status(bench->writer, &status);
	while (status.rate == 0);
	assert_int_equal(status.rate, 96000);
	assert_int_equal(status.newest_rate, 96000);
	assert_int_equal(status.oldest_ns, nsec_of(bench, 0));
	assert_int_equal(status.gaps, 0);
	writer_levels(bench->writer, peak, rms, clipped);
	assert_true(fabs(peak[0] + 6.0206) < 0.001 && fabs(rms[0] + 6.0206) < 0.001);
	assert_true(isinf(peak[1]) && isinf(peak[2]) && isinf(rms[1]));
	assert_int_equal(clipped[0], 0);
	assert_int_equal(taken.part.results[0].clipped, 0);
	assert_true(fabs(taken.part.results[0].peak_dbfs + 6.0206) < 0.001);
	assert_true(isinf(taken.part.results[1].peak_dbfs));
	/* What was measured last is no news for ever. */
	for (int64_t until = clock_monotonic_ns() + DEADLINE_S * CLOCK_NSEC_PER_SEC; !isinf(peak[0]);) {
		assert_true(clock_monotonic_ns() < until);
		writer_levels(bench->writer, peak, rms, clipped);
	}
	assert_true(isinf(rms[0]));
	free_taken(&taken);
	free_bench(bench);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_scenes),
		harness_in_folder(test_parts_queue),
		harness_in_folder(test_follows_nothing),
		harness_in_folder(test_end_in_the_past_of_the_writer),
		harness_in_folder(test_gap_is_told_unasked),
		harness_in_folder(test_long_absence),
		harness_in_folder(test_holds),
		harness_in_folder(test_destroyed_while_recording),
		harness_in_folder(test_goes_on_unasked),
		harness_in_folder(test_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A real writer over a tape that the test feeds. The world's frames are numbered; each sample says its
 * number, and the feeder remembers which frames it ever recorded. Whatever happens, frame i of a take must be
 * the world's frame origin + i if that was captured, and exact silence if not. */
#include "recorder/writer.h"

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/ramp.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

enum { RATE = 48000, CHANNELS = 3, QUANTUM = 1000, TAPE_S = 8, MOST_FRAMES = 12 * RATE };

#define DEADLINE_S 20

struct bench {
	char *folder;
	struct tape tape;
	_Atomic bool live;
	struct syncer *syncer;
	struct writer *writer;
	uint32_t bits;

	/* The feeder. */
	int64_t base_ns;   /* when the world's frame 0 was: long ago */
	uint64_t frame;	   /* the world's next */
	uint64_t position; /* the driver's count */
	uint32_t clock_id;
	bool *captured; /* of MOST_FRAMES */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	int done;
	uint64_t silence; /* frames told by on_gap */
};

static void on_gap(void *data, const struct take_gap *gap)
{
	struct bench *bench = data;
	pthread_mutex_lock(&bench->lock);
	bench->silence += gap->frames;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* The ramp wraps, and is no sound: what is made of that is test-suspect's. */
static void on_suspect(void *data, const struct take_suspect *loss)
{
	(void)data, (void)loss;
}

static void on_done(void *data)
{
	struct bench *bench = data;
	pthread_mutex_lock(&bench->lock);
	bench->done++;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* Waits until so many parts are done and so much silence was told. */
static void wait_for(struct bench *bench, int done, uint64_t silence)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	int result = 0;
	pthread_mutex_lock(&bench->lock);
	while (result == 0 && (bench->done < done || bench->silence < silence))
		result = pthread_cond_timedwait(&bench->changed, &bench->lock, &until);
	pthread_mutex_unlock(&bench->lock);
	assert_int_equal(result, 0);
}

static void on_sync_error(void *data, const struct error *e)
{
	(void)data;
	fail_msg("%s", e->text);
}

static struct bench *make_bench_that_syncs(
	char *folder, uint32_t bits, double pre_roll_s, double sync_every_s)
{
	struct bench *bench = memory_new(sizeof(*bench));
	struct error e;
	bench->folder = folder;
	bench->bits = bits;
	bench->base_ns = clock_monotonic_ns() - 100 * CLOCK_NSEC_PER_SEC;
	bench->position = 77777;
	bench->clock_id = 5;
	bench->captured = memory_array(MOST_FRAMES, sizeof(bool));
	pthread_mutex_init(&bench->lock, NULL);
	pthread_cond_init(&bench->changed, NULL);
	atomic_init(&bench->live, true);
	assert_int_equal(tape_init(&bench->tape, CHANNELS, TAPE_S * RATE, &e), 0);
	assert_int_equal(syncer_create(&bench->syncer, sync_every_s, on_sync_error, NULL, &e), 0);
	struct writer_config config = {
		.tape = &bench->tape,
		.live = &bench->live,
		.syncer = bench->syncer,
		.pre_roll_s = pre_roll_s,
		.on_gap = on_gap,
		.on_suspect = on_suspect,
		.on_done = on_done,
		.data = bench,
	};
	assert_int_equal(writer_create(&bench->writer, &config, &e), 0);
	return bench;
}

static struct bench *make_bench(char *folder, uint32_t bits, double pre_roll_s)
{
	return make_bench_that_syncs(folder, bits, pre_roll_s, 0.01);
}

static void free_bench(struct bench *bench)
{
	writer_destroy(bench->writer);
	syncer_destroy(bench->syncer);
	tape_finish(&bench->tape);
	pthread_cond_destroy(&bench->changed);
	pthread_mutex_destroy(&bench->lock);
	free(bench->captured);
	free(bench);
}

static int64_t nsec_of(const struct bench *bench, int64_t frame)
{
	return bench->base_ns + (frame * CLOCK_NSEC_PER_SEC + RATE / 2) / RATE;
}

/* ---- the feeder ---- */

enum kind { PLAY, MISS, OVERRUN, UNPLUG, FULL_TAPE, NEW_DRIVER, OTHER_RATE };

struct step {
	enum kind kind;
	uint32_t frames; /* of the world */
};

static void record(struct bench *bench, uint32_t frames, bool relinked)
{
	float samples[CHANNELS][QUANTUM];
	const float *channels[CHANNELS];
	struct cycle cycle = {.frames = frames,
		.rate = RATE,
		.clock_id = bench->clock_id,
		.position = bench->position,
		.nsec = nsec_of(bench, (int64_t)bench->frame),
		.relinked = relinked};
	for (uint32_t c = 0; c < CHANNELS; c++) {
		for (uint32_t i = 0; i < frames; i++)
			samples[c][i] = ramp_sample(bench->frame + i, c, bench->bits);
		channels[c] = samples[c];
	}
	memset(bench->captured + bench->frame, true, frames);
	tape_record(&bench->tape, &cycle, channels);
	bench->frame += frames;
	bench->position += frames;
}

/* So many frames of the world at another rate, whose own are twice as many. */
static void stray(struct bench *bench, uint32_t frames)
{
	static const float noise[2 * QUANTUM];
	const float *channels[CHANNELS] = {noise, noise, noise};
	struct cycle cycle = {.rate = 2 * RATE, .clock_id = bench->clock_id};
	for (uint32_t done = 0; done < frames; done += cycle.frames / 2) {
		cycle.frames = 2 * (frames - done < QUANTUM ? frames - done : QUANTUM);
		cycle.position = bench->position + 2 * done;
		cycle.nsec = nsec_of(bench, (int64_t)(bench->frame + done));
		tape_record(&bench->tape, &cycle, channels);
	}
	bench->position += 2 * frames;
}

static void play(struct bench *bench, uint32_t frames, bool relinked)
{
	while (frames > 0) {
		uint32_t cycle = frames < QUANTUM ? frames : QUANTUM;
		record(bench, cycle, relinked);
		frames -= cycle;
		relinked = false;
	}
}

static void feed(struct bench *bench, const struct step *steps, size_t count)
{
	bool relinked = false;
	for (size_t i = 0; i < count && steps[i].frames > 0; i++) {
		if (steps[i].kind == PLAY) {
			play(bench, steps[i].frames, relinked);
			relinked = false;
			continue;
		}
		if (steps[i].kind == OTHER_RATE)
			stray(bench, steps[i].frames);
		bench->frame += steps[i].frames;
		if (steps[i].kind == MISS || steps[i].kind == FULL_TAPE)
			bench->position += steps[i].frames;
		if (steps[i].kind == FULL_TAPE)
			bench->tape.lost += steps[i].frames; /* as tape_record counts it */
		if (steps[i].kind == NEW_DRIVER) {
			bench->clock_id++;
			bench->position = 11;
		}
		relinked = steps[i].kind == UNPLUG;
	}
}

/* ---- takes ---- */

enum { MOST_TRACKS = 3 };

struct taken {
	struct take_part part;
	struct track_plan plans[MOST_TRACKS];
	char path[MOST_TRACKS][512];
};

/* Mono tracks of every channel but the last, and a stereo one of the last and the first. */
static void plan(struct bench *bench, struct taken *taken, const char *name, int64_t origin)
{
	static const uint32_t channels[MOST_TRACKS][TRACK_CHANNELS] = {{0, 0}, {1, 0}, {2, 0}};
	*taken = (struct taken){
		.part = {.plans = taken->plans, .count = MOST_TRACKS, .origin_ns = nsec_of(bench, origin)}};
	for (int i = 0; i < MOST_TRACKS; i++) {
		snprintf(taken->path[i], sizeof(taken->path[i]), "%s/%s-%d.flac", bench->folder, name, i);
		taken->plans[i] = (struct track_plan){.index = i + 1,
			.name = taken->path[i],
			.path = taken->path[i],
			.channels = i == 2 ? 2 : 1,
			.rate = RATE,
			.bits = bench->bits};
		memcpy(taken->plans[i].channel, channels[i], sizeof(channels[i]));
	}
}

static void free_taken(struct taken *taken)
{
	take_part_finish(&taken->part);
}

static void check_track(
	const struct bench *bench, const struct track_plan *plan, int64_t origin, uint64_t frames)
{
	struct ramp_file file = ramp_load(plan->path);
	assert_int_equal(file.frames, frames);
	assert_int_equal(file.format.channels, plan->channels);
	assert_int_equal(file.format.bits, bench->bits);
	assert_int_equal(file.format.rate, RATE);
	for (uint32_t c = 0; c < plan->channels; c++) {
		for (uint64_t i = 0; i < frames; i++) {
			int64_t world = origin + (int64_t)i;
			bool there = world >= 0 && world < MOST_FRAMES && bench->captured[world];
			int32_t expected =
				there ? ramp_value((uint64_t)world, plan->channel[c], bench->bits) : 0;
			if (file.channel[c][i] != expected)
				fail_msg("%s: channel %u, frame %llu is %d, not %d", plan->path, c,
					(unsigned long long)i, file.channel[c][i], expected);
		}
	}
	ramp_free(&file);
}

static void check_taken(const struct bench *bench, const struct taken *taken, int64_t origin, uint64_t frames)
{
	uint64_t silence = 0;
	assert_int_equal(taken->part.frames, frames);
	for (size_t i = 0; i < taken->part.gap_count; i++)
		silence += taken->part.gaps[i].frames;
	assert_int_equal(taken->part.captured + silence, frames);
	for (int i = 0; i < MOST_TRACKS; i++) {
		assert_string_equal(taken->part.results[i].error, "");
		assert_int_equal(taken->part.results[i].frames, frames);
		check_track(bench, &taken->plans[i], origin, frames);
	}
}

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
		if (!scenes[i].unplugged)
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

/* ---- faults ---- */

static void test_file_that_cannot_be_made(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken taken;
	plan(bench, &taken, "faults", 0);
	snprintf(taken.path[0], sizeof(taken.path[0]), "%s/no/such/folder.flac", (char *)*state);
	harness_put(taken.path[1], "there already", 13);
	feed(bench, &(struct step){PLAY, RATE}, 1);
	taken.part.limit = 30000;
	writer_begin(bench->writer, &taken.part);
	wait_for(bench, 1, 0);
	assert_non_null(strstr(taken.part.results[0].error, "folder.flac"));
	assert_non_null(strstr(taken.part.results[1].error, strerror(EEXIST)));
	assert_int_equal(taken.part.results[0].frames, 0);
	assert_string_equal(taken.part.results[2].error, "");
	assert_int_equal(taken.part.frames, 30000);
	check_track(bench, &taken.plans[2], 0, 30000);
	size_t size;
	char *kept = harness_get(taken.path[1], &size);
	assert_int_equal(size, 13);
	free(kept);
	free_taken(&taken);
	free_bench(bench);
}

/* A disk that takes no more: the file is whole as far as it goes, and the manifest can say how far. */
static void test_full_disk(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken taken;
	struct rlimit before, small = {100000, RLIM_INFINITY};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	plan(bench, &taken, "full", 0);
	/* A ramp packs too well to fill anything. */
	uint32_t random = 1;
	for (int i = 0; i < 3 * RATE / QUANTUM; i++) {
		float noise[QUANTUM];
		for (size_t k = 0; k < QUANTUM; k++) {
			random = random * 1664525U + 1013904223U;
			noise[k] = (float)random / 4294967296.0F - 0.5F;
		}
		struct cycle cycle = {
			QUANTUM, RATE, 1, (uint64_t)i * QUANTUM, .nsec = nsec_of(bench, i * QUANTUM)};
		tape_record(&bench->tape, &cycle, (const float *[CHANNELS]){noise, noise, noise});
	}
	taken.part.limit = 2 * RATE;
	writer_begin(bench->writer, &taken.part);
	wait_for(bench, 1, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (int i = 0; i < MOST_TRACKS; i++) {
		struct ramp_file file = ramp_load(taken.path[i]);
		assert_non_null(strstr(taken.part.results[i].error, strerror(EFBIG)));
		assert_true(file.frames > 10000 && file.frames < 2 * RATE);
		assert_int_equal(taken.part.results[i].frames, file.frames);
		ramp_free(&file);
	}
	free_taken(&taken);
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
		harness_in_folder(test_long_absence),
		harness_in_folder(test_holds),
		harness_in_folder(test_file_that_cannot_be_made),
		harness_in_folder(test_full_disk),
		harness_in_folder(test_destroyed_while_recording),
		harness_in_folder(test_goes_on_unasked),
		harness_in_folder(test_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

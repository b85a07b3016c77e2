/* A real writer over a tape that the test feeds. The world's frames are numbered; each sample says its
 * number, and the feeder remembers which frames it ever recorded. Whatever happens, frame i of a take must be
 * the world's frame origin + i if that was captured, and exact silence if not. */
#ifndef WOODSHED_TESTS_UNIT_WRITER_BENCH_H
#define WOODSHED_TESTS_UNIT_WRITER_BENCH_H

#include "recorder/writer.h"

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/ramp.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

enum { RATE = 48000, CHANNELS = 3, QUANTUM = 1000, TAPE_S = 8, MOST_FRAMES = 12 * RATE, MOST_TROUBLE = 1000 };

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
	struct track_trouble trouble[MOST_TROUBLE];
	int trouble_count;
};

static inline void on_gap(void *data, const struct take_gap *gap)
{
	struct bench *bench = data;
	pthread_mutex_lock(&bench->lock);
	bench->silence += gap->frames;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* What the disk did; a test without a bad one expects nothing of it. */
static inline void on_trouble(void *data, const struct track_trouble *trouble)
{
	struct bench *bench = data;
	pthread_mutex_lock(&bench->lock);
	assert_true(bench->trouble_count < MOST_TROUBLE);
	bench->trouble[bench->trouble_count++] = *trouble;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* The ramp wraps, and is no sound: what is made of that is test-suspect's. */
static inline void on_suspect(void *data, const struct take_suspect *loss)
{
	(void)data, (void)loss;
}

static inline void on_done(void *data)
{
	struct bench *bench = data;
	pthread_mutex_lock(&bench->lock);
	bench->done++;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* Waits until so many parts are done and so much silence was told. */
static inline void wait_for(struct bench *bench, int done, uint64_t silence)
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

static inline struct bench *make_bench_that_syncs(
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
	assert_int_equal(syncer_create(&bench->syncer, sync_every_s, &e), 0);
	struct writer_config config = {
		.tape = &bench->tape,
		.live = &bench->live,
		.syncer = bench->syncer,
		.pre_roll_s = pre_roll_s,
		.on_gap = on_gap,
		.on_suspect = on_suspect,
		.on_trouble = on_trouble,
		.on_done = on_done,
		.data = bench,
	};
	assert_int_equal(writer_create(&bench->writer, &config, &e), 0);
	return bench;
}

static inline struct bench *make_bench(char *folder, uint32_t bits, double pre_roll_s)
{
	return make_bench_that_syncs(folder, bits, pre_roll_s, 0.01);
}

static inline void free_bench(struct bench *bench)
{
	writer_destroy(bench->writer);
	syncer_destroy(bench->syncer);
	tape_finish(&bench->tape);
	pthread_cond_destroy(&bench->changed);
	pthread_mutex_destroy(&bench->lock);
	free(bench->captured);
	free(bench);
}

static inline int64_t nsec_of(const struct bench *bench, int64_t frame)
{
	return bench->base_ns + (frame * CLOCK_NSEC_PER_SEC + RATE / 2) / RATE;
}

/* ---- the feeder ---- */

enum kind { PLAY, MISS, OVERRUN, UNPLUG, FULL_TAPE, NEW_DRIVER, OTHER_RATE };

struct step {
	enum kind kind;
	uint32_t frames; /* of the world */
};

static inline void record(struct bench *bench, uint32_t frames, bool relinked)
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
static inline void stray(struct bench *bench, uint32_t frames)
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

static inline void play(struct bench *bench, uint32_t frames, bool relinked)
{
	while (frames > 0) {
		uint32_t cycle = frames < QUANTUM ? frames : QUANTUM;
		record(bench, cycle, relinked);
		frames -= cycle;
		relinked = false;
	}
}

static inline void feed(struct bench *bench, const struct step *steps, size_t count)
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
static inline void plan(struct bench *bench, struct taken *taken, const char *name, int64_t origin)
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

static inline void free_taken(struct taken *taken)
{
	take_part_finish(&taken->part);
}

static inline void check_track(
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

static inline void check_taken(
	const struct bench *bench, const struct taken *taken, int64_t origin, uint64_t frames)
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

#endif

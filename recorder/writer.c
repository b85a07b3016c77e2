#include "recorder/writer.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/clock-file.h"
#include "recorder/level.h"
#include "recorder/pace.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* The capture thread may not make a system call, so nobody wakes the writer: it looks this often. */
#define POLL_NS (CLOCK_NSEC_PER_SEC / 100)

/* How long after its end a live interface may owe a take its last frames before silence stands for them. */
#define OWED_NS (10 * CLOCK_NSEC_PER_SEC)

/* Kept on the tape beyond the pre-roll: between the decision to begin and the writer's next look time passes.
 */
#define SLACK_NS CLOCK_NSEC_PER_SEC

/* Two crystals' drift over the longest take. */
#define DRIFT_NS (5 * CLOCK_NSEC_PER_SEC)

/* Silence for an interface that is away is written in steps of STEP_S, AWAY_S behind the clock: in one go at
 * its return, that of an hour would keep the writer from the tape for longer than the tape waits. */
#define AWAY_S 1.0
#define STEP_S 10.0

enum { RUN_FRAMES = 16384 }; /* encoded at once: what a track does in one go stays in the cache */

/* Where a stamp was put on the timeline. */
struct place {
	uint64_t frame;
	enum gap_cause cause; /* of the silence before it, if there is any */
};

/* What the take that is running needs, on the writer's thread. */
struct take_run {
	struct take_part *part;
	struct track **tracks;
	uint64_t mark;	 /* next stamp to encode */
	uint64_t offset; /* frames of it that are done */
	struct clock_file *clock;
};

/* Where the last take ended. */
struct past {
	bool placed;
	int64_t end; /* on the timeline */
};

struct writer {
	struct writer_config config;
	pthread_t thread;

	/* The thread's own. */
	struct timeline timeline;
	struct pace pace;
	struct place *places; /* one a slot of the tape's marks */
	uint64_t seen;	      /* marks */
	uint64_t released;    /* marks */
	struct take_run run;
	struct past past;
	int64_t keep_ns;     /* needed by takes that have not been placed yet; INT64_MAX: nothing */
	struct level *fresh; /* levels of what was observed in this round */
	uint64_t fresh_frames;

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	bool stopping;
	struct take_part *waiting; /* to begin, oldest first */
	int holds;
	int64_t held_from_ns; /* while there are holds */
	struct writer_status status;
	uint64_t newest_frame; /* on the timeline, at status.newest_ns */
	struct level *levels;  /* since the last look */
	uint64_t level_frames;
};

static void measure_levels(struct writer *writer, const struct stamp *stamp)
{
	for (uint32_t c = 0; c < writer->config.tape->channels; c++)
		level_measure(&writer->fresh[c], writer->config.tape, c, stamp->tape, stamp->cycle.frames);
	writer->fresh_frames += stamp->cycle.frames;
}

/* Places the cycles that came since the last round. */
static void observe(struct writer *writer, uint64_t *gap_frames, uint64_t *gaps)
{
	struct tape *tape = writer->config.tape;
	uint64_t filled = ring_filled(&tape->marks);
	for (; writer->seen < filled; writer->seen++) {
		const struct stamp *stamp = tape_stamp(tape, writer->seen);
		if (!writer->timeline.rate) {
			timeline_init(&writer->timeline, stamp->cycle.rate);
			pace_init(&writer->pace, stamp->cycle.rate);
		}
		struct timeline_step step = timeline_advance(&writer->timeline, stamp);
		writer->places[writer->seen % tape->marks.size] = (struct place){step.frame, step.cause};
		pace_add(&writer->pace, &stamp->cycle, step.frame, step.new_clock);
		*gap_frames += step.silence;
		*gaps += step.silence > 0;
		measure_levels(writer, stamp);
	}
}

static bool run_placed(const struct writer *writer)
{
	return writer->run.part && atomic_load(&writer->run.part->placed);
}

static const struct place *place_of(const struct writer *writer, uint64_t mark)
{
	return &writer->places[mark % writer->config.tape->marks.size];
}

/* The timeline's frame at `nsec`, from the stamp before it, or the oldest there is. */
static int64_t timeline_frame_at(const struct writer *writer, int64_t nsec)
{
	uint64_t low = writer->released, high = writer->seen;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (tape_stamp(writer->config.tape, middle)->cycle.nsec <= nsec)
			low = middle;
		else
			high = middle;
	}
	const struct stamp *stamp = tape_stamp(writer->config.tape, low);
	double seconds = (double)(nsec - stamp->cycle.nsec) / (double)CLOCK_NSEC_PER_SEC;
	return (int64_t)place_of(writer, low)->frame + llround(seconds * writer->timeline.rate);
}

static void place_take(struct writer *writer)
{
	struct take_run *run = &writer->run;
	if (atomic_load(&run->part->placed) || writer->seen == writer->released)
		return;
	/* By the time, a sample might be lost between two takes, or be in both. */
	run->part->origin = run->part->follows && writer->past.placed
				    ? writer->past.end
				    : timeline_frame_at(writer, run->part->origin_ns);
	atomic_store(&run->part->placed, true);
	run->mark = writer->released;
	run->offset = 0;
}

/* Silence that continues a gap makes that longer. */
static void note_gap(struct take_part *part, const struct take_gap *gap)
{
	struct take_gap *last = part->gap_count > 0 ? &part->gaps[part->gap_count - 1] : NULL;
	if (last && last->cause == gap->cause && last->frame + last->frames == gap->frame) {
		last->frames += gap->frames;
		return;
	}
	part->gaps = memory_grow(part->gaps, part->gap_count + 1, sizeof(*part->gaps));
	part->gaps[part->gap_count++] = *gap;
}

static void add_silence(struct writer *writer, uint64_t frames, enum gap_cause cause)
{
	struct take_part *part = writer->run.part;
	struct take_gap gap = {.frame = part->frames, .frames = frames, .cause = cause};
	note_gap(part, &gap);
	for (size_t i = 0; i < part->count; i++)
		track_add_silence(writer->run.tracks[i], frames);
	part->frames += frames;
	writer->config.on_gap(writer->config.data, &gap);
}

/* Moves the cursor over `frames` frames, but not past the stamp it is in. */
static void skip(struct take_run *run, const struct stamp *stamp, uint64_t frames)
{
	uint64_t rest = stamp->cycle.frames - run->offset;
	run->offset += frames < rest ? frames : rest;
	if (run->offset == stamp->cycle.frames) {
		run->mark++;
		run->offset = 0;
	}
}

/* Frames from the cursor on that lie without a gap, at most `most`; moves the cursor past them. */
static uint64_t take_run_of(struct writer *writer, uint64_t most)
{
	struct take_run *run = &writer->run;
	uint64_t frames = 0;
	while (run->mark < writer->seen && frames < most) {
		const struct stamp *stamp = tape_stamp(writer->config.tape, run->mark);
		int64_t at = (int64_t)(place_of(writer, run->mark)->frame + run->offset) - run->part->origin;
		if (at != (int64_t)(run->part->frames + frames))
			break;
		uint64_t rest = stamp->cycle.frames - run->offset;
		uint64_t step = rest < most - frames ? rest : most - frames;
		frames += step;
		skip(run, stamp, step);
	}
	return frames;
}

/* Encodes what has come, up to frame `end` of the take. */
static void encode(struct writer *writer, uint64_t end)
{
	struct take_run *run = &writer->run;
	struct take_part *part = run->part;
	while (run->mark < writer->seen && part->frames < end) {
		const struct stamp *stamp = tape_stamp(writer->config.tape, run->mark);
		const struct place *place = place_of(writer, run->mark);
		int64_t at = (int64_t)(place->frame + run->offset) - run->part->origin;
		uint64_t position = stamp->tape + run->offset;
		uint64_t owed = end - part->frames;
		if (at > (int64_t)part->frames) {
			uint64_t gap = (uint64_t)at - part->frames;
			/* What lies before the first cycle there is, is time without the interface. */
			enum gap_cause cause = part->captured == 0 ? GAP_UNPLUGGED : place->cause;
			add_silence(writer, gap < owed ? gap : owed, cause);
			continue;
		}
		if (at < (int64_t)part->frames) {
			skip(run, stamp, (uint64_t)((int64_t)part->frames - at));
			continue;
		}
		uint64_t frames = take_run_of(writer, owed < RUN_FRAMES ? owed : RUN_FRAMES);
		for (size_t i = 0; i < part->count; i++)
			track_add(run->tracks[i], writer->config.tape, position, frames);
		part->frames += frames;
		part->captured += frames;
	}
}

/* The take's frame that an interface that is away would play at `nsec`. */
static int64_t frame_of_absent(const struct writer *writer, int64_t nsec)
{
	const struct take_part *part = writer->run.part;
	const struct timeline *timeline = &writer->timeline;
	bool placed = run_placed(writer);
	int64_t from_ns = placed ? timeline->next_nsec : part->origin_ns;
	uint32_t rate = timeline->rate ? timeline->rate : part->plans[0].rate;
	int64_t frame = placed ? (int64_t)timeline->frames - part->origin : 0;
	return frame + llround((double)(nsec - from_ns) * rate / (double)CLOCK_NSEC_PER_SEC);
}

/* Silence for what will not come any more: the end of a take that is due, and the past of one that goes on.
 */
static void pad_if_away(struct writer *writer, uint64_t end)
{
	struct take_part *part = writer->run.part;
	if (part->frames >= end || writer->run.mark < writer->seen)
		return;
	int64_t now = clock_monotonic_ns();
	bool live = atomic_load_explicit(writer->config.live, memory_order_acquire);
	/* What came while we looked is no absence. */
	if (ring_filled(&writer->config.tape->marks) != writer->seen)
		return;
	if (end < INT64_MAX && frame_of_absent(writer, live ? now - OWED_NS : now) > (int64_t)end) {
		add_silence(writer, end - part->frames, GAP_UNPLUGGED);
		return;
	}
	int64_t past = frame_of_absent(writer, now - (int64_t)(AWAY_S * (double)CLOCK_NSEC_PER_SEC));
	int64_t step = (int64_t)(STEP_S * part->plans[0].rate);
	if (!live && past - (int64_t)part->frames >= step)
		add_silence(writer, (uint64_t)past - part->frames, GAP_UNPLUGGED);
}

static void begin_take(struct writer *writer, struct take_part *part)
{
	writer->run = (struct take_run){.part = part};
	writer->run.tracks = memory_array(part->count, sizeof(*writer->run.tracks));
	part->results = memory_array(part->count, sizeof(*part->results));
	for (size_t i = 0; i < part->count; i++)
		writer->run.tracks[i] = track_open(&part->plans[i], writer->config.syncer);
	writer->run.clock = clock_file_open(part->clock_path, writer->config.syncer);
	/* The files' names must survive a power cut as their bytes do. */
	struct error e;
	if (part->count > 0 && file_sync_folder_of(part->plans[0].path, &e) < 0)
		log_error("%s", e.text);
}

static void log_clock(struct writer *writer)
{
	if (run_placed(writer))
		clock_file_follow(writer->run.clock, &writer->pace, writer->run.part->origin);
}

/* Closes every file whole. */
static void close_tracks(struct writer *writer)
{
	struct take_part *part = writer->run.part;
	for (size_t i = 0; i < part->count; i++)
		track_close(writer->run.tracks[i], &part->results[i]);
	free(writer->run.tracks);
	pace_flush(&writer->pace);
	log_clock(writer);
	part->ppm = clock_file_close(writer->run.clock, writer->pace.rate);
}

static void finish_take(struct writer *writer)
{
	struct take_part *part = writer->run.part;
	close_tracks(writer);
	writer->past = (struct past){run_placed(writer), part->origin + (int64_t)part->frames};
	writer->run = (struct take_run){0};
	writer->config.on_done(writer->config.data);
}

/* A part that follows another begins at a frame, whose time its interface's crystal has moved. */
static int64_t needed_by(const struct take_part *part)
{
	return part->origin_ns - (part->follows ? DRIFT_NS : 0);
}

/* Gives back what neither the pre-roll nor the running take needs any more. */
static void release(struct writer *writer)
{
	struct tape *tape = writer->config.tape;
	if (writer->seen == 0)
		return;
	int64_t newest = tape_stamp(tape, writer->seen - 1)->cycle.nsec;
	int64_t keep_from =
		newest - (int64_t)(writer->config.pre_roll_s * (double)CLOCK_NSEC_PER_SEC) - SLACK_NS;
	if (writer->keep_ns < keep_from)
		keep_from = writer->keep_ns;
	if (writer->run.part && !run_placed(writer) && needed_by(writer->run.part) < keep_from)
		keep_from = needed_by(writer->run.part);
	/* The newest stamp stays, so that there is always one to tell the time by. */
	uint64_t limit =
		run_placed(writer) && writer->run.mark < writer->seen ? writer->run.mark : writer->seen - 1;
	while (writer->released < limit && tape_stamp(tape, writer->released + 1)->cycle.nsec <= keep_from)
		writer->released++;
	ring_release(&tape->samples, tape_stamp(tape, writer->released)->tape);
	ring_release(&tape->marks, writer->released);
}

static double backlog_percent(const struct writer *writer)
{
	const struct tape *tape = writer->config.tape;
	if (!run_placed(writer) || writer->run.mark >= writer->seen)
		return 0;
	double behind = (double)(ring_filled(&tape->samples) - tape_stamp(tape, writer->run.mark)->tape);
	double room = (double)tape->samples.size - writer->config.pre_roll_s * writer->timeline.rate;
	return room > 0 ? fmin(100, 100 * behind / room) : 100;
}

/* Makes this round's findings public. With the lock held. */
static void publish(struct writer *writer, uint64_t gap_frames, uint64_t gaps)
{
	const struct tape *tape = writer->config.tape;
	struct writer_status *status = &writer->status;
	status->gap_frames += gap_frames;
	status->gaps += gaps;
	status->ring_high_percent = fmax(status->ring_high_percent, backlog_percent(writer));
	status->ppm = pace_ppm(&writer->pace);
	status->rate = writer->timeline.rate;
	if (writer->seen > 0) {
		status->newest_rate = tape_stamp(tape, writer->seen - 1)->cycle.rate;
		status->oldest_ns = tape_stamp(tape, writer->released)->cycle.nsec;
		status->newest_ns = writer->timeline.next_nsec;
		writer->newest_frame = writer->timeline.frames;
	}
	for (uint32_t c = 0; c < tape->channels; c++)
		level_take(&writer->levels[c], &writer->fresh[c]);
	writer->level_frames += writer->fresh_frames;
	writer->fresh_frames = 0;
}

static void wait_a_while(struct writer *writer)
{
	int64_t due = clock_monotonic_ns() + POLL_NS;
	struct timespec when = {.tv_sec = due / CLOCK_NSEC_PER_SEC, .tv_nsec = due % CLOCK_NSEC_PER_SEC};
	if (!writer->stopping && !(writer->waiting && !writer->run.part))
		pthread_cond_timedwait(&writer->changed, &writer->lock, &when);
}

static void work(struct writer *writer)
{
	uint64_t end = atomic_load(&writer->run.part->end);
	place_take(writer);
	if (run_placed(writer))
		encode(writer, end);
	log_clock(writer);
	pad_if_away(writer, end);
	if (writer->run.part->frames >= end)
		finish_take(writer);
}

/* With the lock held. */
static int64_t needed_from(const struct writer *writer)
{
	int64_t from = writer->holds > 0 ? writer->held_from_ns : INT64_MAX;
	for (const struct take_part *part = writer->waiting; part; part = part->next)
		from = needed_by(part) < from ? needed_by(part) : from;
	return from;
}

static void *run(void *data)
{
	struct writer *writer = data;
	uint64_t gap_frames = 0, gaps = 0;
	pthread_mutex_lock(&writer->lock);
	while (!writer->stopping) {
		wait_a_while(writer);
		struct take_part *next = writer->run.part ? NULL : writer->waiting;
		if (next)
			writer->waiting = next->next;
		writer->keep_ns = needed_from(writer);
		pthread_mutex_unlock(&writer->lock);
		if (next)
			begin_take(writer, next);
		observe(writer, &gap_frames, &gaps);
		if (writer->run.part)
			work(writer);
		release(writer);
		pthread_mutex_lock(&writer->lock);
		publish(writer, gap_frames, gaps);
		gap_frames = gaps = 0;
	}
	pthread_mutex_unlock(&writer->lock);
	if (writer->run.part)
		close_tracks(writer);
	return NULL;
}

static void free_writer(struct writer *writer)
{
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer->places);
	free(writer->fresh);
	free(writer->levels);
	free(writer);
}

int writer_create(struct writer **writer, const struct writer_config *config, struct error *e)
{
	struct writer *made = memory_new(sizeof(*made));
	made->config = *config;
	made->keep_ns = INT64_MAX;
	made->places = memory_array(config->tape->marks.size, sizeof(*made->places));
	made->fresh = memory_array(config->tape->channels, sizeof(*made->fresh));
	made->levels = memory_array(config->tape->channels, sizeof(*made->levels));
	pthread_mutex_init(&made->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&made->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	int result = pthread_create(&made->thread, NULL, run, made);
	if (result != 0) {
		free_writer(made);
		return error_errno(e, result, "writer thread");
	}
	*writer = made;
	return 0;
}

void writer_destroy(struct writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	free_writer(writer);
}

void writer_status(struct writer *writer, struct writer_status *status)
{
	pthread_mutex_lock(&writer->lock);
	*status = writer->status;
	pthread_mutex_unlock(&writer->lock);
}

void writer_levels(struct writer *writer, double *peak_db, double *rms_db)
{
	pthread_mutex_lock(&writer->lock);
	for (uint32_t c = 0; c < writer->config.tape->channels; c++) {
		peak_db[c] = level_peak_db(&writer->levels[c]);
		rms_db[c] = level_rms_db(&writer->levels[c], writer->level_frames);
		writer->levels[c] = (struct level){0};
	}
	writer->level_frames = 0;
	pthread_mutex_unlock(&writer->lock);
}

void writer_hold(struct writer *writer, int64_t from_ns)
{
	pthread_mutex_lock(&writer->lock);
	if (writer->holds++ == 0 || from_ns < writer->held_from_ns)
		writer->held_from_ns = from_ns;
	pthread_mutex_unlock(&writer->lock);
}

void writer_unhold(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->holds--;
	pthread_mutex_unlock(&writer->lock);
}

void writer_begin(struct writer *writer, struct take_part *part)
{
	atomic_store(&part->end, part->limit ? part->limit : UINT64_MAX);
	part->next = NULL;
	pthread_mutex_lock(&writer->lock);
	struct take_part **last = &writer->waiting;
	while (*last)
		last = &(*last)->next;
	*last = part;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

uint64_t writer_frame_at(struct writer *writer, const struct take_part *part, int64_t nsec)
{
	if (!atomic_load(&part->placed))
		return 0;
	pthread_mutex_lock(&writer->lock);
	double seconds = (double)(nsec - writer->status.newest_ns) / (double)CLOCK_NSEC_PER_SEC;
	int64_t newest = (int64_t)writer->newest_frame - part->origin;
	int64_t frame = newest + llround(seconds * writer->status.rate);
	pthread_mutex_unlock(&writer->lock);
	return frame > 0 ? (uint64_t)frame : 0;
}

void writer_end(struct writer *writer, struct take_part *part, uint64_t frames)
{
	atomic_store(&part->end, frames);
	pthread_mutex_lock(&writer->lock);
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

#include "recorder/part.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long after its end a live interface may owe a take its last frames before silence stands for them. */
#define OWED_NS (10 * CLOCK_NSEC_PER_SEC)

/* Silence for an interface that is away is written in steps of STEP_S, AWAY_S behind the clock: in one go at
 * its return, that of an hour would keep the writer from the tape for longer than the tape waits. */
#define AWAY_S 1.0
#define STEP_S 10.0

/* Encoded without being asked, once there is so much. */
#define BACKLOG_S 1.0

bool part_placed(const struct writer *writer)
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
	if (part->gap_count == TAKE_GAPS_MOST)
		return;
	part->gaps = memory_grow(part->gaps, part->gap_count + 1, sizeof(*part->gaps));
	part->gaps[part->gap_count++] = *gap;
}

static void add_silence(struct writer *writer, uint64_t frames, enum gap_cause cause)
{
	struct take_part *part = writer->run.part;
	struct take_gap gap = {.frame = part->frames, .frames = frames, .cause = cause};
	note_gap(part, &gap);
	tracks_add_silence(writer->run.tracks, frames);
	part->frames += frames;
	writer->config.on_gap(writer->config.data, &gap);
}

/* For an interface that is away. */
static void pad(struct writer *writer, uint64_t frames, enum gap_cause cause)
{
	writer->silence.frames += frames;
	writer->silence.gaps += writer->silence.ahead == 0;
	writer->silence.ahead += frames;
	add_silence(writer, frames, cause);
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
		const struct place *place = place_of(writer, run->mark);
		int64_t at = (int64_t)(place->frame + run->offset) - run->part->origin;
		if (place->stray || at != (int64_t)(run->part->frames + frames))
			break;
		uint64_t rest = stamp->cycle.frames - run->offset;
		uint64_t step = rest < most - frames ? rest : most - frames;
		frames += step;
		skip(run, stamp, step);
	}
	return frames;
}

/* Before the first cycle of all, of which the timeline knows nothing. */
static void count_unheard(struct writer *writer, uint64_t frames)
{
	writer->silence.frames += frames;
	writer->silence.gaps += writer->run.part->frames == 0;
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
		if (place->stray) {
			skip(run, stamp, stamp->cycle.frames);
			continue;
		}
		if (at > (int64_t)part->frames) {
			uint64_t gap = (uint64_t)at - part->frames;
			/* What lies before the first cycle there is, is time without the interface. */
			enum gap_cause cause = part->captured == 0 ? GAP_UNPLUGGED : place->cause;
			gap = gap < owed ? gap : owed;
			if (place->frame == 0) /* The timeline counts from there on. */
				count_unheard(writer, gap);
			add_silence(writer, gap, cause);
			continue;
		}
		if (at < (int64_t)part->frames) {
			skip(run, stamp, (uint64_t)((int64_t)part->frames - at));
			continue;
		}
		uint64_t frames = take_run_of(writer, owed);
		tracks_add(run->tracks, position, frames);
		part->frames += frames;
		part->captured += frames;
	}
}

/* The take's frame that an interface that is away would play at `nsec`. */
static int64_t frame_of_absent(const struct writer *writer, int64_t nsec)
{
	const struct take_part *part = writer->run.part;
	const struct timeline *timeline = &writer->timeline;
	bool placed = part_placed(writer);
	int64_t from_ns = placed ? timeline->next_nsec : part->origin_ns;
	uint32_t rate = timeline->rate ? timeline->rate : part->plans[0].rate;
	int64_t frame = placed ? (int64_t)timeline->frames - part->origin : 0;
	/* As the timeline will measure it when the interface is back. */
	double own_rate = rate * (1 + timeline_ppm(timeline) * 1e-6);
	return frame + llround((double)(nsec - from_ns) * own_rate / (double)CLOCK_NSEC_PER_SEC);
}

/* Silence for what will not come any more: the end of a take that is due, and the past of one that goes on.
 */
static void pad_if_away(struct writer *writer, uint64_t end)
{
	struct take_part *part = writer->run.part;
	if (part->frames >= end || writer->run.mark < writer->seen)
		return;
	int64_t now = clock_monotonic_ns();
	/* At another rate it plays nothing that this take could hold. */
	bool live = atomic_load_explicit(writer->config.live, memory_order_acquire) && !writer->strayed;
	enum gap_cause cause = writer->strayed ? GAP_DRIVER : GAP_UNPLUGGED;
	/* What came while we looked is no absence. */
	if (ring_filled(&writer->config.tape->marks) != writer->seen)
		return;
	if (end < INT64_MAX && frame_of_absent(writer, live ? now - OWED_NS : now) > (int64_t)end) {
		pad(writer, end - part->frames, cause);
		return;
	}
	int64_t past = frame_of_absent(writer, now - (int64_t)(AWAY_S * (double)CLOCK_NSEC_PER_SEC));
	int64_t step = (int64_t)(STEP_S * part->plans[0].rate);
	if (!live && past - (int64_t)part->frames >= step)
		pad(writer, (uint64_t)past - part->frames, cause);
}

static void on_trouble(void *data, const struct track_trouble *trouble)
{
	struct writer *writer = data;
	const char *reserve = writer->run.part->reserve_path;
	/* Room for what is left of the take, and for closing it. Another writer may have been faster. */
	if (trouble->kind == TRACK_FULL && reserve && unlink(reserve) < 0 && errno != ENOENT)
		log_error("%s: %s", reserve, strerror(errno));
	writer->config.on_trouble(writer->config.data, trouble);
}

void part_begin(struct writer *writer, struct take_part *part)
{
	const struct track_room room = {
		.tape = writer->config.tape,
		.syncer = writer->config.syncer,
		.on_trouble = on_trouble,
		.data = writer,
	};
	writer->run = (struct take_run){.part = part};
	part->results = memory_array(part->count, sizeof(*part->results));
	writer->run.tracks = tracks_open(part->plans, part->count, &room);
	writer->run.clock = clock_file_open(part->clock_path, writer->config.syncer);
	/* The files' names must survive a power cut as their bytes do. */
	struct error e;
	if (part->count > 0 && file_sync_folder_of(part->plans[0].path, &e) < 0)
		log_error("%s", e.text);
}

static void log_clock(struct writer *writer)
{
	if (part_placed(writer))
		clock_file_follow(writer->run.clock, &writer->pace, writer->run.part->origin);
}

/* Closes every file whole. */
void part_close_tracks(struct writer *writer)
{
	struct take_part *part = writer->run.part;
	tracks_close(writer->run.tracks, part->results);
	pace_flush(&writer->pace);
	log_clock(writer);
	part->ppm = clock_file_close(writer->run.clock, writer->pace.rate);
}

static void finish_take(struct writer *writer)
{
	struct take_part *part = writer->run.part;
	part_close_tracks(writer);
	writer->past = (struct past){part_placed(writer), part->origin + (int64_t)part->frames};
	writer->run = (struct take_run){0};
	writer->config.on_done(writer->config.data);
}

/* Losses are found some time after they were played, and written some time after that: each is told once the
 * take has got there. */
static void tell_losses(struct writer *writer)
{
	struct take_run *run = &writer->run;
	const struct take_suspect *found;
	while ((found = watch_loss(&writer->watch, &run->losses))) {
		struct take_suspect loss = *found;
		int64_t at = (int64_t)loss.frame - run->part->origin;
		if (at >= (int64_t)run->part->frames)
			return;
		loss.frame = (uint64_t)at;
		if (at >= 0)
			writer->config.on_suspect(writer->config.data, &loss);
		run->losses++;
	}
}

/* Encoders are fetched into the cache for each round of theirs: few large ones are cheap. The syncer asks for
 * one each time; but it may hang in a sync, and a take's last frames wait for nobody. */
static bool is_due(const struct writer *writer, uint64_t end)
{
	const struct take_run *run = &writer->run;
	if (run->mark >= writer->seen)
		return true;
	uint64_t waiting =
		ring_filled(&writer->config.tape->samples) - tape_stamp(writer->config.tape, run->mark)->tape;
	return (double)waiting >= BACKLOG_S * writer->timeline.rate ||
	       (int64_t)writer->timeline.frames - run->part->origin >= (int64_t)end;
}

void part_work(struct writer *writer, bool asked)
{
	uint64_t end = atomic_load(&writer->run.part->end);
	place_take(writer);
	tracks_look(writer->run.tracks);
	if (part_placed(writer) && (asked || is_due(writer, end))) {
		encode(writer, end);
		tell_losses(writer);
	}
	log_clock(writer);
	pad_if_away(writer, end);
	tracks_flush(writer->run.tracks);
	if (writer->run.part->frames >= end)
		finish_take(writer);
}

void take_part_finish(struct take_part *part)
{
	for (size_t i = 0; part->results && i < part->count; i++)
		free(part->results[i].energy);
	free(part->results);
	free(part->gaps);
	part->results = NULL;
	part->gaps = NULL;
}

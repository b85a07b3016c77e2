#include "recorder/part.h"

#include "common/clock.h"
#include "common/condition.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/priority.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

/* The capture thread may not make a system call, so nobody wakes the writer: it looks this often, for levels
 * and gaps. While no take runs, a trigger waits for them; while one does, every look has its price. */
#define LOOK_NS (CLOCK_NSEC_PER_SEC / 40)
#define LOOK_IN_TAKE_NS (CLOCK_NSEC_PER_SEC / 10)

/* What was measured last stands for the present so long, for who asks more often than the writer looks. */
#define LEVELS_LAST_NS (CLOCK_NSEC_PER_SEC / 4)

/* Kept on the tape beyond the pre-roll: between the decision to begin and the writer's next look time passes.
 */
#define SLACK_NS CLOCK_NSEC_PER_SEC

/* Two crystals' drift over the longest take. */
#define DRIFT_NS (5 * CLOCK_NSEC_PER_SEC)

static void measure_levels(struct writer *writer, const struct stamp *stamp)
{
	for (uint32_t c = 0; c < writer->config.tape->channels; c++)
		level_measure(&writer->fresh[c], writer->config.tape, c, stamp->tape, stamp->cycle.frames);
	writer->fresh_frames += stamp->cycle.frames;
}

/* An interface that is back at its rate goes on where time says, as after a change of drivers. */
static struct timeline_step advance(struct writer *writer, const struct stamp *stamp)
{
	if (!writer->strayed)
		return timeline_advance(&writer->timeline, stamp);
	struct stamp back = *stamp;
	back.cycle.relinked = true;
	struct timeline_step step = timeline_advance(&writer->timeline, &back);
	step.cause = GAP_DRIVER;
	writer->strayed = false;
	return step;
}

/* What the timeline says was lost before a cycle. */
static void count_silence(struct silence *silence, uint64_t frames)
{
	if (frames > silence->ahead)
		silence->frames += frames - silence->ahead;
	silence->gaps += frames > 0 && silence->ahead == 0;
	silence->ahead = 0;
}

/* Places the cycles that came since the last round. */
static void observe(struct writer *writer)
{
	struct tape *tape = writer->config.tape;
	uint64_t filled = ring_filled(&tape->marks);
	for (; writer->seen < filled; writer->seen++) {
		const struct stamp *stamp = tape_stamp(tape, writer->seen);
		struct place *place = &writer->places[writer->seen % tape->marks.size];
		measure_levels(writer, stamp);
		if (!writer->timeline.rate) {
			uint32_t rate =
				writer->run.part ? writer->run.part->plans[0].rate : stamp->cycle.rate;
			timeline_init(&writer->timeline, rate);
			pace_init(&writer->pace, rate);
			bearing_init(&writer->bearing, rate);
		}
		if (stamp->cycle.rate != writer->timeline.rate) {
			*place = (struct place){.frame = writer->timeline.frames, .stray = true};
			writer->strayed = true;
			continue;
		}
		struct timeline_step step = advance(writer, stamp);
		*place = (struct place){.frame = step.frame, .cause = step.cause};
		pace_add(&writer->pace, &stamp->cycle, step.frame, step.new_clock);
		bearing_add(&writer->bearing, (int64_t)step.frame, stamp->cycle.nsec, step.new_clock);
		count_silence(&writer->silence, step.silence);
		watch_cycle(&writer->watch, stamp, step.frame);
	}
}

/* A part that follows another begins at a frame, whose time its interface's crystal has moved. */
static int64_t needed_by(const struct take_part *part)
{
	return part->origin_ns - (part->follows ? DRIFT_NS : 0);
}

/* While a take runs, what was written just now stays for so long, since the disk may turn out not to keep it;
 * but not what was played before KEEP_MOST_NS: a disk that hangs needs the tape for what is to come. */
#define KEEP_NS (5 * CLOCK_NSEC_PER_SEC)
#define KEEP_MOST_NS (2 * KEEP_NS)

static int64_t unsafe_from(const struct writer *writer, int64_t newest)
{
	uint64_t mark = writer->run.mark < writer->seen ? writer->run.mark : writer->seen - 1;
	int64_t from = tape_stamp(writer->config.tape, mark)->cycle.nsec - KEEP_NS;
	return from < newest - KEEP_MOST_NS ? newest - KEEP_MOST_NS : from;
}

/* Gives back what neither the pre-roll nor the running take needs any more. */
static void release(struct writer *writer)
{
	struct tape *tape = writer->config.tape;
	if (writer->seen == writer->released)
		return;
	int64_t newest = tape_stamp(tape, writer->seen - 1)->cycle.nsec;
	int64_t keep_from =
		newest - (int64_t)(writer->config.pre_roll_s * (double)CLOCK_NSEC_PER_SEC) - SLACK_NS;
	if (writer->keep_ns < keep_from)
		keep_from = writer->keep_ns;
	if (part_placed(writer) && unsafe_from(writer, newest) < keep_from)
		keep_from = unsafe_from(writer, newest);
	if (writer->run.part && !part_placed(writer) && needed_by(writer->run.part) < keep_from)
		keep_from = needed_by(writer->run.part);
	/* The newest stamp stays, so that there is always one to tell the time by. */
	uint64_t limit =
		part_placed(writer) && writer->run.mark < writer->seen ? writer->run.mark : writer->seen - 1;
	while (writer->released < limit && tape_stamp(tape, writer->released + 1)->cycle.nsec <= keep_from)
		writer->released++;
	ring_release(&tape->samples, tape_stamp(tape, writer->released)->tape);
	ring_release(&tape->marks, writer->released);
	if (part_placed(writer))
		tracks_forget(writer->run.tracks, tape_stamp(tape, writer->released)->tape);
}

static double backlog_frames(const struct writer *writer)
{
	const struct tape *tape = writer->config.tape;
	if (!part_placed(writer) || writer->run.mark >= writer->seen)
		return 0;
	return (double)(ring_filled(&tape->samples) - tape_stamp(tape, writer->run.mark)->tape);
}

static double backlog_percent(const struct writer *writer)
{
	const struct tape *tape = writer->config.tape;
	double behind = backlog_frames(writer);
	double room = (double)tape->samples.size - writer->config.pre_roll_s * writer->timeline.rate;
	return room > 0 ? fmin(100, 100 * behind / room) : 100;
}

/* Makes this round's findings public. With the lock held. */
static void publish(struct writer *writer)
{
	const struct tape *tape = writer->config.tape;
	struct writer_status *status = &writer->status;
	status->rounds++;
	status->looked_ns = clock_monotonic_ns();
	status->gap_frames += writer->silence.frames;
	status->gaps += writer->silence.gaps;
	writer->silence.frames = writer->silence.gaps = 0;
	status->suspected = suspect_count(writer->watch.suspect);
	status->ring_high_percent = fmax(status->ring_high_percent, backlog_percent(writer));
	status->backlog_s = writer->timeline.rate ? backlog_frames(writer) / writer->timeline.rate : 0;
	status->unsafe_s = part_placed(writer)
				   ? status->backlog_s +
					     (double)tracks_unsafe(writer->run.tracks) / writer->timeline.rate
				   : 0;
	status->ppm = pace_ppm(&writer->pace);
	status->rate = writer->timeline.rate;
	if (writer->seen > writer->released) {
		status->newest_rate = tape_stamp(tape, writer->seen - 1)->cycle.rate;
		status->oldest_ns = tape_stamp(tape, writer->released)->cycle.nsec;
		status->newest_ns = writer->timeline.next_nsec;
		writer->newest_frame = writer->timeline.frames;
	}
	writer->has_line = bearing_read(&writer->bearing, &writer->line);
	for (uint32_t c = 0; c < tape->channels; c++)
		level_take(&writer->levels[c], &writer->fresh[c]);
	writer->level_frames += writer->fresh_frames;
	writer->fresh_frames = 0;
}

/* Whether something is to be done at once. With the lock held. */
static bool is_called(const struct writer *writer)
{
	return writer->stopping || writer->called || (writer->waiting && !writer->run.part);
}

/* With the lock held. */
static void wait_a_while(struct writer *writer)
{
	int64_t until = clock_monotonic_ns() + (writer->run.part ? LOOK_IN_TAKE_NS : LOOK_NS);
	while (!is_called(writer) &&
		condition_wait_until(&writer->changed, &writer->lock, until) != ETIMEDOUT) {
	}
	writer->called = false;
}

/* The syncer begins a round. */
static void on_ask(void *data)
{
	struct writer *writer = data;
	pthread_mutex_lock(&writer->lock);
	writer->asked = writer->called = true;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

/* With the lock held. */
static int64_t needed_from(const struct writer *writer)
{
	int64_t from = writer->holds > 0 ? writer->held_from_ns : INT64_MAX;
	for (const struct take_part *part = writer->waiting; part; part = part->next)
		from = needed_by(part) < from ? needed_by(part) : from;
	return from;
}

/* A part's turn has come. With the lock held. */
static void take_up(struct writer *writer, const struct take_part *part)
{
	writer->waiting = part->next;
	for (uint32_t c = 0; c < writer->config.tape->channels; c++)
		writer->levels[c].clipped = 0;
}

static void *run(void *data)
{
	struct writer *writer = data;
	bool news = false;
	priority_raise();
	pthread_mutex_lock(&writer->lock);
	while (!writer->stopping) {
		wait_a_while(writer);
		struct take_part *next = writer->run.part ? NULL : writer->waiting;
		if (next)
			take_up(writer, next);
		writer->keep_ns = needed_from(writer);
		bool asked = writer->asked;
		writer->asked = false;
		pthread_mutex_unlock(&writer->lock);
		if (next)
			part_begin(writer, next);
		uint64_t losses = writer->watch.found;
		observe(writer);
		/* What was lost is told once it is in the files, and somebody may want to know at once. */
		news = news || writer->silence.gaps > 0 || writer->watch.found > losses;
		if (writer->run.part) {
			part_work(writer, asked || news);
			news = false;
		}
		if (asked)
			syncer_supplied(writer->config.syncer, &writer->supplier);
		release(writer);
		pthread_mutex_lock(&writer->lock);
		publish(writer);
	}
	pthread_mutex_unlock(&writer->lock);
	if (writer->run.part)
		part_close_tracks(writer);
	return NULL;
}

static void free_writer(struct writer *writer)
{
	syncer_remove(writer->config.syncer, &writer->supplier);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	watch_finish(&writer->watch);
	free(writer->places);
	free(writer->fresh);
	free(writer->told);
	free(writer->levels);
	free(writer);
}

/* What a writer before this one left of another rate is nothing to this one. */
static void begin_at_newest_rate(struct writer *writer)
{
	struct tape *tape = writer->config.tape;
	uint64_t end = ring_filled(&tape->marks);
	uint64_t first = atomic_load_explicit(&tape->marks.released, memory_order_relaxed);
	for (uint64_t mark = first; mark < end; mark++)
		if (tape_stamp(tape, mark)->cycle.rate != tape_stamp(tape, end - 1)->cycle.rate)
			first = mark + 1;
	writer->seen = writer->released = first;
	if (first < end) {
		ring_release(&tape->samples, tape_stamp(tape, first)->tape);
		ring_release(&tape->marks, first);
	}
}

int writer_create(struct writer **writer, const struct writer_config *config, struct error *e)
{
	struct writer *made = memory_new(sizeof(*made));
	made->config = *config;
	made->keep_ns = INT64_MAX;
	begin_at_newest_rate(made);
	watch_init(&made->watch, config->tape);
	made->places = memory_array(config->tape->marks.size, sizeof(*made->places));
	made->fresh = memory_array(config->tape->channels, sizeof(*made->fresh));
	made->told = memory_array(config->tape->channels, sizeof(*made->told));
	made->levels = memory_array(config->tape->channels, sizeof(*made->levels));
	pthread_mutex_init(&made->lock, NULL);
	condition_init(&made->changed);
	made->supplier = (struct supplier){.ask = on_ask, .data = made};
	syncer_add(config->syncer, &made->supplier);
	int result = pthread_create(&made->thread, NULL, run, made);
	if (result != 0) {
		free_writer(made);
		return error_errno(e, result, "writer thread");
	}
	pthread_setname_np(made->thread, "writer");
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

void writer_levels(struct writer *writer, double *peak_db, double *rms_db, uint64_t *clipped)
{
	int64_t now = clock_monotonic_ns();
	pthread_mutex_lock(&writer->lock);
	bool fresh = writer->level_frames > 0;
	if (fresh || now - writer->told_ns > LEVELS_LAST_NS) {
		writer->told_ns = now;
		writer->told_frames = writer->level_frames;
		writer->level_frames = 0;
		for (uint32_t c = 0; c < writer->config.tape->channels; c++) {
			writer->told[c] = writer->levels[c];
			writer->levels[c] = (struct level){.clipped = writer->told[c].clipped};
		}
	}
	for (uint32_t c = 0; c < writer->config.tape->channels; c++) {
		peak_db[c] = level_peak_db(&writer->told[c]);
		rms_db[c] = level_rms_db(&writer->told[c], writer->told_frames);
		clipped[c] = writer->levels[c].clipped;
	}
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

bool writer_line(struct writer *writer, const struct take_part *part, struct bearing_line *line)
{
	if (!atomic_load(&part->placed))
		return false;
	pthread_mutex_lock(&writer->lock);
	bool known = writer->has_line;
	*line = writer->line;
	pthread_mutex_unlock(&writer->lock);
	line->frame -= (double)part->origin;
	return known;
}

void writer_end(struct writer *writer, struct take_part *part, uint64_t frames)
{
	atomic_store(&part->end, frames);
	pthread_mutex_lock(&writer->lock);
	writer->called = true;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

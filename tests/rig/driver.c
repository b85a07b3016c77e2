#include "tests/rig/driver.h"

#include "common/clock.h"
#include "recorder/clock-xrun.h"
#include "tests/rig/patience.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NEVER INT64_MAX
#define SETTLED 3U
#define OTHER_POSITION INT64_C(77777777)

struct driver {
	const struct options *options;
	const struct material *material;
	struct pw_loop *data_loop;
	struct spa_source *timer;

	/* All of these belong to the data thread. */
	struct pw_stream *stream; /* NULL while unplugged */
	bool listening;		  /* the graph runs us; else time passes and nobody hears it */
	struct spa_io_clock *clock;
	struct spa_io_position *position;
	struct crystal crystal;
	bool started;
	bool in_flight;	  /* a cycle was triggered and has not been completed */
	unsigned answers; /* completions since the last trigger */
	unsigned steady;  /* triggers in a row that were answered once */
	bool filled;	  /* this cycle's samples are queued */
	struct patience patience;
	int64_t frame;	   /* of the interface: the first one of the next cycle */
	int64_t counted;   /* clock.position of the next cycle */
	int64_t now_frame; /* first frame of this cycle */
	uint32_t now_frames;
	int64_t begin; /* the frame at which the material sounds; NEVER before SIGUSR1 */
	bool play_asked, said_playing, said_done, said_unplug, said_end;
	unsigned next_gap;
	uint32_t rate;	   /* that the clock tells */
	struct sink *sink; /* NULL: an input */

	struct notices notices;
};

static void arm(struct driver *d, int64_t ns)
{
	struct timespec at = {.tv_sec = ns / CLOCK_NSEC_PER_SEC, .tv_nsec = ns % CLOCK_NSEC_PER_SEC};
	pw_loop_update_timer(d->data_loop, d->timer, &at, NULL, true);
}

static int64_t frames_in(const struct driver *d, double seconds)
{
	return seconds < 0 ? NEVER : llround(seconds * (double)d->options->rate);
}

static void start_material(struct driver *d)
{
	d->begin = d->frame + frames_in(d, d->options->lead_silence_s);
	d->play_asked = d->said_playing = d->said_done = false;
}

static void retune(struct driver *d, int64_t rate)
{
	d->rate = (uint32_t)rate;
	crystal_retune(&d->crystal, rate, d->options->ppm, d->frame);
}

static void lapse(struct driver *d, const struct gap *gap)
{
	static const enum notice_kind notices[] = {[LAPSE_MISSED] = NOTICE_XRUN,
		[LAPSE_OVERRUN] = NOTICE_OVERRUN,
		[LAPSE_DRIVER] = NOTICE_DRIVER,
		[LAPSE_RATE] = NOTICE_RATE};
	notices_send(&d->notices, notices[gap->lapse], d->frame, gap->frames);
	if (gap->lapse == LAPSE_RATE) {
		retune(d, gap->frames);
		return;
	}
	d->frame += gap->frames;
	if (gap->lapse == LAPSE_MISSED)
		d->counted += gap->frames;
	if (gap->lapse == LAPSE_OVERRUN && d->clock)
		clock_add_xrun(d->clock, (uint64_t)gap->frames);
	if (gap->lapse == LAPSE_DRIVER)
		d->counted = OTHER_POSITION;
}

static void skip_gaps(struct driver *d)
{
	for (; d->next_gap < d->options->gap_count; d->next_gap++) {
		const struct gap *gap = &d->options->gaps[d->next_gap];
		if (gap->frame > d->frame)
			return;
		lapse(d, gap);
	}
}

static void say_what_plays(struct driver *d, int64_t end)
{
	if (!d->said_playing && d->begin < end) {
		d->said_playing = true;
		notices_send(&d->notices, NOTICE_PLAYING, d->begin, 0);
	}
	int64_t length = material_frames(d->material);
	if (!d->said_done && d->said_playing && length && !d->options->loop && d->begin + length <= end) {
		d->said_done = true;
		notices_send(&d->notices, NOTICE_DONE, d->begin + length, 0);
	}
}

/* The graph's quantum, that the server wrote here if another one holds than we asked for. From 1.x on it
 * writes what the next cycle shall have beside what this one has, and it is the driver who goes over to that.
 */
static uint32_t quantum(const struct driver *d)
{
	uint64_t duration = 0;
	if (d->position)
#if PW_CHECK_VERSION(1, 0, 0)
		duration = d->position->clock.target_duration;
#else
		duration = d->position->clock.duration;
#endif
	return duration >= 1 && duration <= 8192 ? (uint32_t)duration : (uint32_t)d->options->quantum;
}

static void write_clock(struct driver *d)
{
	struct spa_io_clock *clock = d->clock;
	if (!clock)
		return;
	snprintf(clock->name, sizeof(clock->name), "fake.%s", d->options->name);
	clock->flags = 0;
	clock->nsec = (uint64_t)crystal_ns(&d->crystal, d->now_frame);
	clock->next_nsec = (uint64_t)crystal_ns(&d->crystal, d->now_frame + d->now_frames);
	if (PW_CHECK_VERSION(1, 0, 0) || !d->options->any_rate)
		clock->rate = SPA_FRACTION(1, d->rate); /* where 0.3.65 writes what it turns to */
	clock->position = (uint64_t)d->counted;
	clock->duration = d->now_frames;
	clock->delay = 0;
	clock->rate_diff = 1 + d->options->ppm * 1e-6;
}

static void trigger(struct driver *d)
{
	d->in_flight = true;
	d->steady = d->answers == 1 ? d->steady + 1 : 0;
	d->answers = 0;
	patience_begin(&d->patience);
	/* Before the first cycle, when the converter has not asked for anything yet, `process` is not called.
	 */
	if (!d->sink)
		driver_process(d);
	if (pw_stream_trigger_process(d->stream) < 0)
		d->in_flight = false;
}

static void run_cycle(struct driver *d)
{
	if (d->play_asked)
		start_material(d);
	skip_gaps(d);
	d->now_frame = d->frame;
	d->now_frames = quantum(d);
	d->filled = false;
	write_clock(d);
	d->frame += d->now_frames;
	d->counted += d->now_frames;
	say_what_plays(d, d->frame);
	arm(d, crystal_ns(&d->crystal, d->frame));
	if (d->listening)
		trigger(d);
}

/* True when the plug is pulled or the time is over: no more cycles. */
static bool ends(struct driver *d)
{
	if (!d->said_end && d->frame >= frames_in(d, d->options->seconds)) {
		d->said_end = true;
		notices_send(&d->notices, NOTICE_END, d->frame, 0);
	}
	if (!d->said_unplug && d->frame >= frames_in(d, d->options->unplug_at_s)) {
		d->said_unplug = true;
		d->stream = NULL;
		notices_send(&d->notices, NOTICE_UNPLUG, d->frame, 0);
	}
	return d->said_end || !d->stream;
}

/* Time that passed unheard: what was missed before anyone listened is not in the FIFO. */
static void skip_unheard(struct driver *d)
{
	int64_t now = clock_monotonic_ns();
	while (d->stream && !d->listening && !ends(d) && crystal_ns(&d->crystal, d->frame) < now)
		run_cycle(d);
}

/* A driver that has just started, or that lost a follower in the middle of a cycle, does not hear of every
 * cycle's end. Until each trigger has its answer again, cycles follow the clock alone. */
static bool settled(const struct driver *d)
{
	return d->steady >= SETTLED || !d->listening;
}

static int64_t when_due(const struct driver *d)
{
	int64_t due = crystal_ns(&d->crystal, d->frame);
	int64_t pace = d->patience.trigger_ns + crystal_ns(&d->crystal, d->frame) -
		       crystal_ns(&d->crystal, d->now_frame);
	return settled(d) || due > pace ? due : pace;
}

static void run_if_due(struct driver *d)
{
	if (!d->stream || (settled(d) && d->in_flight) || d->said_end)
		return;
	int64_t due = when_due(d);
	if (clock_monotonic_ns() < due)
		arm(d, due);
	else if (!ends(d))
		run_cycle(d);
}

static void on_timer(void *data, uint64_t expirations)
{
	struct driver *d = data;
	(void)expirations;
	if (d->stream && d->in_flight && settled(d)) {
		if (clock_monotonic_ns() < d->patience.limit_ns) {
			arm(d, d->patience.limit_ns);
			return;
		}
		if (patience_is_whole(&d->patience))
			notices_send(&d->notices, NOTICE_STALLED, d->now_frame, 0);
		d->steady = 0;
	}
	run_if_due(d);
}

/* The main thread's calls run on the data thread, which owns all of it. */
typedef void (*call_fn)(struct driver *d, const void *argument);

struct call {
	call_fn fn;
	const void *argument;
};

static int run_call(
	struct spa_loop *loop, bool async, uint32_t seq, const void *data, size_t size, void *user)
{
	const struct call *call = data;
	(void)loop, (void)async, (void)seq, (void)size;
	call->fn(user, call->argument);
	return 0;
}

static void call_and_wait(struct driver *d, call_fn fn, const void *argument)
{
	struct call call = {fn, argument};
	pw_loop_invoke(d->data_loop, run_call, 0, &call, sizeof(call), true, d);
}

static void post_call(struct driver *d, call_fn fn)
{
	struct call call = {fn, NULL};
	pw_loop_invoke(d->data_loop, run_call, 0, &call, sizeof(call), false, d);
}

static void set_clock(struct driver *d, const void *clock)
{
	d->clock = *(struct spa_io_clock *const *)clock;
}

void driver_set_clock(struct driver *d, struct spa_io_clock *clock)
{
	call_and_wait(d, set_clock, &clock);
}

static void set_position(struct driver *d, const void *position)
{
	d->position = *(struct spa_io_position *const *)position;
}

void driver_set_position(struct driver *d, struct spa_io_position *position)
{
	call_and_wait(d, set_position, &position);
}

static void plug_first(struct driver *d)
{
	crystal_init(&d->crystal, d->rate, d->options->ppm, clock_monotonic_ns());
	d->started = true;
	if (!d->options->wait)
		start_material(d);
}

static void plug_again(struct driver *d)
{
	d->frame = crystal_frame(&d->crystal, clock_monotonic_ns());
	d->counted = 0;
	notices_send(&d->notices, NOTICE_RETURN, d->frame, 0);
}

static void plug(struct driver *d, const void *stream)
{
	d->stream = *(struct pw_stream *const *)stream;
	if (d->started)
		plug_again(d);
	else
		plug_first(d);
	run_if_due(d);
}

void driver_plug(struct driver *d, struct pw_stream *stream)
{
	call_and_wait(d, plug, &stream);
}

static void unplug(struct driver *d, const void *argument)
{
	(void)argument;
	d->stream = NULL;
	d->listening = d->in_flight = false;
	d->clock = NULL;
	d->position = NULL;
}

static void set_rate(struct driver *d, const void *rate)
{
	const uint32_t *hz = rate;
	if (*hz == d->rate)
		return;
	skip_unheard(d);
	if (d->started) {
		notices_send(&d->notices, NOTICE_RATE, d->frame, *hz);
		retune(d, *hz);
	}
	d->rate = *hz;
}

void driver_set_rate(struct driver *d, uint32_t rate)
{
	call_and_wait(d, set_rate, &rate);
}

void driver_unplug(struct driver *d)
{
	call_and_wait(d, unplug, NULL);
}

static void set_listening(struct driver *d, const void *listening)
{
	d->in_flight = false;
	d->steady = 0;
	skip_unheard(d);
	d->listening = *(const bool *)listening;
	run_if_due(d);
}

void driver_listen(struct driver *d, bool listening)
{
	call_and_wait(d, set_listening, &listening);
}

static void complete(struct driver *d, const void *argument)
{
	(void)argument;
	d->answers++;
	if (!d->in_flight)
		d->steady = 0;
	d->in_flight = false;
	if (settled(d))
		run_if_due(d);
}

void driver_done(struct driver *d)
{
	post_call(d, complete);
}

/* A cycle that is waited for already is not waited for past `limit_ns`. */
static void hurry(struct driver *d, int64_t limit_ns)
{
	if (d->in_flight && settled(d) && d->patience.limit_ns > limit_ns) {
		d->patience.limit_ns = limit_ns;
		arm(d, limit_ns);
	}
}

static void note_left(struct driver *d, const void *argument)
{
	(void)argument;
	hurry(d, patience_left(&d->patience));
}

static void note_joined(struct driver *d, const void *argument)
{
	(void)argument;
	hurry(d, patience_joined(&d->patience));
}

void driver_nudge(struct driver *d, bool joined)
{
	post_call(d, joined ? note_joined : note_left);
}

static void play(struct driver *d, const void *argument)
{
	(void)argument;
	d->play_asked = true;
}

void driver_play(struct driver *d)
{
	call_and_wait(d, play, NULL);
}

void driver_give(struct driver *d, struct sink *sink)
{
	d->sink = sink;
}

static void take_buffer(struct driver *d)
{
	struct pw_buffer *b = pw_stream_dequeue_buffer(d->stream);
	if (!b)
		return;
	const struct spa_data *plane = &b->buffer->datas[0];
	if (d->position && plane->data) {
		const struct spa_io_clock *clock = &d->position->clock;
		const char *at = (const char *)plane->data + plane->chunk->offset;
		sink_take(d->sink, clock->nsec, clock->next_nsec, (const float *)(const void *)at,
			plane->chunk->size / (uint32_t)sizeof(float));
	}
	pw_stream_queue_buffer(d->stream, b);
}

void driver_process(struct driver *d)
{
	if (d->sink && d->stream) {
		take_buffer(d);
		return;
	}
	if (d->filled || !d->stream)
		return;
	struct pw_buffer *b = pw_stream_dequeue_buffer(d->stream);
	if (!b)
		return;
	for (uint32_t c = 0; c < b->buffer->n_datas; c++) {
		struct spa_data *plane = &b->buffer->datas[c];
		plane->chunk->offset = 0;
		plane->chunk->stride = sizeof(float);
		plane->chunk->size = 0;
		if (!plane->data || plane->maxsize < d->now_frames * sizeof(float))
			continue;
		plane->chunk->size = d->now_frames * (uint32_t)sizeof(float);
		material_fill(
			d->material, c, d->now_frame, d->begin, d->now_frames, &d->crystal, plane->data);
	}
	b->size = d->now_frames;
	pw_stream_queue_buffer(d->stream, b);
	d->filled = true;
}

int driver_create(struct driver **driver, struct pw_context *context, const struct options *options,
	const struct material *material, notice_fn fn, void *data, struct error *e)
{
	struct driver *d = calloc(1, sizeof(*d));
	if (!d)
		return error_set(e, ENOMEM, "no memory");
	d->options = options;
	d->material = material;
	d->begin = NEVER;
	d->patience.whole_s = options->patience_s;
	d->rate = (uint32_t)options->rate;
	d->data_loop = pw_data_loop_get_loop(pw_context_get_data_loop(context));
	d->timer = pw_loop_add_timer(d->data_loop, on_timer, d);
	int res = notices_init(&d->notices, pw_context_get_main_loop(context), fn, data);
	if (!d->timer || res < 0) {
		driver_destroy(d);
		return error_set(e, ENOMEM, "no timer");
	}
	*driver = d;
	return 0;
}

static void remove_timer(struct driver *d, const void *argument)
{
	(void)argument;
	pw_loop_destroy_source(d->data_loop, d->timer);
}

void driver_destroy(struct driver *d)
{
	if (!d)
		return;
	if (d->timer)
		call_and_wait(d, remove_timer, NULL);
	notices_finish(&d->notices);
	free(d);
}

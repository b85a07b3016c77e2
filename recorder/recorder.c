#include "recorder/recorder.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "config/schema.h"
#include "recorder/listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a little in the future, so that no writer has written past it: a cycle, of 8192 frames at most, is on
 * the tape when its time begins. */
#define END_MARGIN_NS (CLOCK_NSEC_PER_SEC / 4)

/* A take without pre-roll has what came in just now all the same: who starts one wants all of it. Less than
 * what the tape holds in any case. */
#define REACH_BACK_NS (CLOCK_NSEC_PER_SEC / 2)

/* Nodes that nobody configured show their ports one after the other; this long without news, they are
 * complete. */
#define ADD_QUIET_NS (CLOCK_NSEC_PER_SEC / 4)

/* ---- state ---- */

void recorder_update_state(struct recorder *recorder)
{
	enum recorder_state state = RECORDER_IDLE;
	if (recorder->current)
		state = RECORDER_RECORDING;
	else if (recorder->closing)
		state = RECORDER_FINALIZING;
	else if (recorder->recording.start.when == START_ON_SIGNAL)
		state = RECORDER_ARMED;
	if (state != recorder->state) {
		recorder->state = state;
		recorder->since_ns = clock_utc_ns();
	}
	recorder->callbacks.changed(recorder->callbacks.data);
}

static void unlink_closing(struct recorder *recorder, struct transport *transport)
{
	for (struct transport **at = &recorder->closing; *at; at = &(*at)->next) {
		if (*at == transport) {
			*at = transport->next;
			return;
		}
	}
}

/* Settings that were read since, from the take that begins next on. */
static void use_settings(struct recorder *recorder)
{
	if (!recorder->reread)
		return;
	recorder->reread = false;
	recorder->recording = recorder->config.appliance->recording;
	if (recorder->trigger)
		recorder_new_trigger(recorder, recorder->trigger_tracks);
}

void recorder_move_to_closing(struct recorder *recorder)
{
	struct transport *transport = recorder->current;
	recorder->current = NULL;
	use_settings(recorder);
	recorder->post_roll_from = 0;
	transport->next = recorder->closing;
	recorder->closing = transport;
	count_end(recorder->count);
	recorder->count = NULL;
}

void recorder_on_begun(struct recorder *recorder, struct transport *transport)
{
	log_info("take %s started", transport->manifest.id);
	recorder->blocked = false;
	if (recorder->click && transport == recorder->current)
		recorder->count = count_begin(transport, recorder->session, recorder->loop,
			recorder->callbacks.alert, recorder->callbacks.data);
	recorder->callbacks.take_started(recorder->callbacks.data, &transport->manifest);
	if (recorder->resume_why[0]) {
		recorder->callbacks.alert(recorder->callbacks.data, recorder->resume_why);
		recorder->resume_why[0] = '\0';
	}
	recorder_update_state(recorder);
}

void recorder_tell_none(struct recorder *recorder, struct manifest *take, const char *why)
{
	char text[640];
	snprintf(text, sizeof(text), "no take could be made: %s", why);
	take->error = memory_text(text);
	take->state = TAKE_FAILED;
	recorder->callbacks.alert(recorder->callbacks.data, text);
	recorder->callbacks.take_stopped(recorder->callbacks.data, NULL, take);
}

void recorder_on_failed(struct recorder *recorder, struct transport *transport, const char *why)
{
	if (recorder->current == transport)
		recorder->current = NULL;
	else
		unlink_closing(recorder, transport);
	if (!recorder->current)
		use_settings(recorder);
	/* What it was to hold is in no take. */
	if (transport->ending && recorder->last_end_ns == transport->end_ns)
		recorder->last_end_ns = transport->after_ns;
	recorder->blocked = true;
	recorder_tell_none(recorder, &transport->manifest, why);
	transport_destroy(transport);
	recorder_update_state(recorder);
}

void recorder_on_closed(struct recorder *recorder, struct transport *transport)
{
	log_info("take %s closed: %.1f s", transport->manifest.id,
		(double)transport->manifest.frames / transport->manifest.rate);
	unlink_closing(recorder, transport);
	recorder->callbacks.take_stopped(recorder->callbacks.data, transport->folder, &transport->manifest);
	transport_destroy(transport);
	recorder_update_state(recorder);
}

/* ---- begin, end ---- */

/* The earliest moment that every running interface has on its tape, not before `wanted`. */
static int64_t reachable(const struct recorder *recorder, int64_t wanted)
{
	int64_t from = wanted > recorder->last_end_ns ? wanted : recorder->last_end_ns;
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct writer_status status = {0};
		if (!recorder->room.interfaces[i]->capturing)
			continue;
		writer_status(recorder->room.interfaces[i]->writer, &status);
		bool live = atomic_load(&recorder->room.interfaces[i]->capture.live);
		if (status.rate > 0 && live && status.oldest_ns > from)
			from = status.oldest_ns;
	}
	return from;
}

/* The take whose end is to be the next one's beginning. */
static const struct transport *ended_at(const struct recorder *recorder, int64_t nsec)
{
	const struct transport *last = recorder->closing;
	return last && last->ending && last->end_ns == nsec ? last : NULL;
}

/* Nobody is told yet. */
static int begin(struct recorder *recorder, const struct recorder_start *start, struct error *e)
{
	if (recorder->current)
		return error_set(e, EBUSY, "a take is being recorded already");
	int64_t now = clock_monotonic_ns();
	int64_t pre_roll = (int64_t)(recorder->recording.pre_roll_s * (double)CLOCK_NSEC_PER_SEC);
	struct transport_request request = {
		.session = recorder->session,
		.session_text = recorder->session_text,
		.takes = recorder->config.takes,
		.bits = recorder->recording.bit_depth,
		.origin_ns = reachable(
			recorder, start->follow ? recorder->last_end_ns
						: now - (start->pre_roll ? pre_roll : REACH_BACK_NS)),
		.seconds = start->seconds,
		.songs = &recorder->recording.songs,
		.title = start->title,
	};
	request.follows = ended_at(recorder, request.origin_ns);
	request.pre_roll_ns = start->pre_roll && request.origin_ns < now ? now - request.origin_ns : 0;
	int result =
		transport_begin(&recorder->current, recorder, &recorder->room, recorder->loop, &request, e);
	if (result < 0)
		return result;
	char *before = recorder->title; /* whose words may be the ones */
	recorder->title = start->title ? memory_text(start->title) : NULL;
	free(before);
	recorder->current->after_ns = recorder->last_end_ns;
	recorder->wanted_bytes = recorder->current->wanted_bytes;
	recorder->post_roll_from = 0;
	recorder->click = start->click;
	return 0;
}

int recorder_begin(struct recorder *recorder, const struct recorder_start *start, struct error *e)
{
	int result = begin(recorder, start, e);
	if (result == 0)
		recorder_update_state(recorder);
	return result;
}

void recorder_end_take_at(struct recorder *recorder, int64_t end_ns)
{
	recorder->last_end_ns = end_ns;
	transport_end(recorder->current, end_ns);
	recorder_move_to_closing(recorder);
	recorder_update_state(recorder);
}

void recorder_end_take(struct recorder *recorder, bool by_command)
{
	recorder->wait_for_quiet = by_command;
	recorder_end_take_at(recorder, clock_monotonic_ns() + END_MARGIN_NS);
}

int recorder_continue(struct recorder *recorder, struct error *e)
{
	bool heard = recorder->current->heard;
	recorder_end_take(recorder, false);
	int result = recorder_begin(recorder, &(struct recorder_start){.title = recorder->title}, e);
	if (result == 0)
		recorder->current->heard = heard;
	return result;
}

int recorder_end(struct recorder *recorder, struct error *e)
{
	bool resuming = recorder->resume_until_ns != 0;
	recorder->resume_until_ns = 0;
	if (recorder->current) {
		recorder_end_take(recorder, true);
		return 0;
	}
	recorder->resume_why[0] = '\0';
	if (!resuming)
		return error_set(e, EALREADY, "nothing is being recorded");
	recorder_update_state(recorder);
	return 0;
}

int recorder_save(struct recorder *recorder, const char *title, struct error *e)
{
	if (recorder->current || recorder->resume_until_ns != 0)
		return error_set(
			e, EBUSY, "a take is being recorded; what was played before is in it already");
	if (recorder->recording.pre_roll_s <= 0)
		return error_set(e, ENODATA, "nothing is kept to be saved: recording.pre_roll is 0 s");
	if (recorder->last_end_ns >= clock_monotonic_ns())
		return error_set(e, ENODATA, "nothing was played since the last take, which has just ended");
	/* Begun and ended in one: it never records, and no lamp lights up. */
	int result = begin(recorder, &(struct recorder_start){.pre_roll = true, .title = title}, e);
	if (result == 0)
		recorder_end_take(recorder, recorder->wait_for_quiet);
	return result;
}

int recorder_mark(struct recorder *recorder, const char *label, struct error *e)
{
	if (!recorder->current || !recorder->current->begun)
		return error_set(e, EALREADY, "nothing is being recorded");
	if (recorder->current->manifest.marker_count >= RECORDER_MARKERS_MOST)
		return error_set(
			e, EBUSY, "the take has %d markers, and gets no more", RECORDER_MARKERS_MOST);
	transport_mark(recorder->current, clock_monotonic_ns(), label);
	return 0;
}

/* ---- the source's news ---- */

/* Not from within the source's own callback: what it tells of changes while it tells. */
static void on_news(void *data)
{
	struct recorder *recorder = data;
	room_update(&recorder->room, recorder, false);
	recorder->callbacks.changed(recorder->callbacks.data);
}

static void on_quiet(void *data)
{
	struct recorder *recorder = data;
	if (!recorder->current)
		room_update(&recorder->room, recorder, true);
	if (!recorder->ready) {
		recorder->ready = true;
		recorder_update_state(recorder);
		recorder->callbacks.ready(recorder->callbacks.data);
	}
	recorder->callbacks.changed(recorder->callbacks.data);
}

static void on_source_changed(void *data)
{
	struct recorder *recorder = data;
	loop_set_timer(recorder->news, 1, 0);
	if (recorder->ready)
		loop_set_timer(recorder->quiet, ADD_QUIET_NS, 0);
}

static void on_source_ready(void *data)
{
	struct recorder *recorder = data;
	loop_set_timer(recorder->quiet, ADD_QUIET_NS, 0);
}

/* ---- making and ending ---- */

int recorder_create(struct recorder **recorder, struct loop *loop, const struct recorder_config *config,
	const struct recorder_callbacks *callbacks, struct error *e)
{
	struct recorder *made = memory_new(sizeof(*made));
	made->loop = loop;
	made->config = *config;
	made->recording = config->appliance->recording;
	made->callbacks = *callbacks;
	made->state = made->recording.start.when == START_ON_SIGNAL ? RECORDER_ARMED : RECORDER_IDLE;
	made->since_ns = clock_utc_ns();
	made->tick_ns = clock_monotonic_ns();
	made->room = (struct room){
		.appliance = config->appliance, .type = config->source, .memory_left = config->memory_left};
	made->tick = loop_add_timer(loop, recorder_listen, made);
	made->news = loop_add_timer(loop, on_news, made);
	made->quiet = loop_add_timer(loop, on_quiet, made);
	struct source_callbacks from_source = {
		.changed = on_source_changed, .ready = on_source_ready, .data = made};
	int result = syncer_create(&made->room.syncer, made->recording.sync_every_s, e);
	if (result == 0)
		result = config->source->open(&made->room.source, loop, &from_source, e);
	if (result < 0) {
		recorder_destroy(made);
		return result;
	}
	loop_set_timer(made->tick, 1, 0);
	*recorder = made;
	return 0;
}

void recorder_destroy(struct recorder *recorder)
{
	if (!recorder)
		return;
	count_end(recorder->count);
	recorder->count = NULL;
	room_finish(&recorder->room);
	if (recorder->room.source)
		recorder->config.source->close(recorder->room.source);
	syncer_destroy(recorder->room.syncer);
	if (recorder->current)
		recorder_move_to_closing(recorder);
	for (struct transport *take = recorder->closing, *next; take; take = next) {
		next = take->next;
		transport_destroy(take);
	}
	loop_remove(recorder->tick);
	loop_remove(recorder->news);
	loop_remove(recorder->quiet);
	trigger_destroy(recorder->trigger);
	free(recorder->title);
	free(recorder);
}

void recorder_set_session(struct recorder *recorder, const struct session *session, const char *text)
{
	recorder->session = session;
	recorder->session_text = text;
}

void recorder_reload(struct recorder *recorder, const struct appliance *appliance)
{
	const struct appliance *before = recorder->config.appliance;
	if (!schema_same_key(&appliance_record, "interfaces", before, appliance) ||
		before->recording.pre_roll_s != appliance->recording.pre_roll_s)
		recorder->stale = true;
	recorder->config.appliance = appliance;
	recorder->reread = true;
	if (!recorder->current)
		use_settings(recorder);
	recorder->recording.sync_every_s = appliance->recording.sync_every_s;
	syncer_set_period(recorder->room.syncer, appliance->recording.sync_every_s);
	room_reload(&recorder->room, appliance);
	recorder_update_state(recorder);
}

#include "recorder/recorder.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/transport.h"
#include "recorder/trigger.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS (CLOCK_NSEC_PER_SEC / 20)

/* Ends a little in the future, so that no writer has written past it whatever its clock. */
#define END_MARGIN_NS (CLOCK_NSEC_PER_SEC / 10)

/* Nodes that nobody configured show their ports one after the other; this long without news, they are
 * complete. */
#define ADD_QUIET_NS (CLOCK_NSEC_PER_SEC / 4)

struct recorder {
	struct loop *loop;
	struct recorder_config config;
	struct recording_config recording;
	struct recorder_callbacks callbacks;
	struct room room;
	const struct session *session;
	const char *session_text;
	struct loop_source *tick, *news, *quiet;
	bool ready;
	struct trigger *trigger;
	size_t trigger_tracks;
	bool wait_for_quiet;	/* stopped by command: what still sounds starts nothing */
	int64_t tick_ns;	/* of the last tick */
	int64_t post_roll_from; /* when silence was found; 0: not in post-roll */
	struct transport *current;
	struct transport *closing;
	int64_t last_end_ns; /* a take's pre-roll never reaches into the take before */
	enum recorder_state state;
	int64_t since_ns;
};

/* ---- state ---- */

static void update_state(struct recorder *recorder)
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

static void move_to_closing(struct recorder *recorder)
{
	struct transport *transport = recorder->current;
	recorder->current = NULL;
	recorder->post_roll_from = 0;
	transport->next = recorder->closing;
	recorder->closing = transport;
}

void recorder_on_begun(struct recorder *recorder, struct transport *transport)
{
	log_info("take %s started", transport->manifest.id);
	recorder->callbacks.take_started(recorder->callbacks.data, &transport->manifest);
	update_state(recorder);
}

void recorder_on_failed(struct recorder *recorder, struct transport *transport, const char *why)
{
	char text[640];
	snprintf(text, sizeof(text), "no take could be made: %s", why);
	if (recorder->current == transport)
		recorder->current = NULL;
	else
		unlink_closing(recorder, transport);
	transport->manifest.error = memory_text(text);
	transport->manifest.state = TAKE_FAILED;
	recorder->wait_for_quiet = true;
	recorder->callbacks.alert(recorder->callbacks.data, text);
	recorder->callbacks.take_stopped(recorder->callbacks.data, NULL, &transport->manifest);
	transport_destroy(transport);
	update_state(recorder);
}

void recorder_on_closed(struct recorder *recorder, struct transport *transport)
{
	log_info("take %s closed: %.1f s", transport->manifest.id,
		(double)transport->manifest.frames / transport->manifest.rate);
	unlink_closing(recorder, transport);
	recorder->callbacks.take_stopped(recorder->callbacks.data, transport->folder, &transport->manifest);
	transport_destroy(transport);
	update_state(recorder);
}

/* ---- what the writers say ---- */

struct note {
	struct room_interface *interface;
	struct take_gap gap;
};

static struct transport *take_of(struct recorder *recorder, const struct room_interface *interface)
{
	/* A writer has one part at a time, and takes end in the order in which they began: the oldest take
	 * that still waits for this interface is the one. */
	struct transport *oldest = NULL;
	for (struct transport *t = recorder->closing; t; t = t->next)
		for (size_t i = 0; i < t->count; i++)
			if (t->interfaces[i] == interface && !t->part_done[i])
				oldest = t;
	return oldest ? oldest : recorder->current;
}

static void on_gap(void *data)
{
	struct note *note = data;
	struct recorder *recorder = note->interface->recorder;
	struct transport *transport = take_of(recorder, note->interface);
	if (transport)
		transport_gap(transport, note->interface, &note->gap);
	recorder->callbacks.gap(recorder->callbacks.data, note->interface->name, &note->gap);
	free(note);
}

static void on_part_done(void *data)
{
	struct room_interface *interface = data;
	struct recorder *recorder = interface->recorder;
	struct transport *transport = take_of(recorder, interface);
	/* A take with a limit ends by itself. */
	if (transport == recorder->current) {
		recorder->last_end_ns = clock_monotonic_ns();
		move_to_closing(recorder);
	}
	transport_part_done(transport, interface);
	update_state(recorder);
}

void recorder_on_gap(void *data, const struct take_gap *gap)
{
	struct room_interface *interface = data;
	struct note *note = memory_new(sizeof(*note));
	*note = (struct note){.interface = interface, .gap = *gap};
	loop_post(interface->recorder->loop, on_gap, note, free);
}

void recorder_on_done(void *data)
{
	struct room_interface *interface = data;
	loop_post(interface->recorder->loop, on_part_done, interface, NULL);
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

int recorder_begin(struct recorder *recorder, const struct recorder_start *start, struct error *e)
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
		.origin_ns = reachable(recorder, start->pre_roll ? now - pre_roll : recorder->last_end_ns),
		.limit = start->frames,
		.follows = start->follows,
		.songs = &recorder->recording.songs,
		.title = start->title,
	};
	request.pre_roll_ns = start->pre_roll && request.origin_ns < now ? now - request.origin_ns : 0;
	int result =
		transport_begin(&recorder->current, recorder, &recorder->room, recorder->loop, &request, e);
	if (result < 0)
		return result;
	recorder->post_roll_from = 0;
	update_state(recorder);
	return 0;
}

static void end_take(struct recorder *recorder, bool by_command)
{
	recorder->last_end_ns = clock_monotonic_ns() + END_MARGIN_NS;
	recorder->wait_for_quiet = by_command;
	transport_end(recorder->current, recorder->last_end_ns);
	move_to_closing(recorder);
	update_state(recorder);
}

int recorder_end(struct recorder *recorder, struct error *e)
{
	if (!recorder->current)
		return error_set(e, EALREADY, "nothing is being recorded");
	end_take(recorder, true);
	return 0;
}

int recorder_mark(struct recorder *recorder, const char *label, struct error *e)
{
	if (!recorder->current || !recorder->current->begun)
		return error_set(e, EALREADY, "nothing is being recorded");
	transport_mark(recorder->current, clock_monotonic_ns(), label);
	return 0;
}

/* ---- listening ---- */

static void new_trigger(struct recorder *recorder, size_t tracks)
{
	struct trigger *before = recorder->trigger;
	recorder->trigger = trigger_create(&recorder->recording, tracks, before);
	recorder->trigger_tracks = tracks;
	trigger_destroy(before);
}

static void fit_trigger(struct recorder *recorder)
{
	size_t channels = 0;
	for (size_t i = 0; i < recorder->room.count; i++)
		channels += recorder->room.interfaces[i]->channels;
	if (!recorder->trigger || channels != recorder->trigger_tracks)
		new_trigger(recorder, channels);
}

static void feed_trigger(struct recorder *recorder, double seconds)
{
	double peaks[ROOM_MOST * SOURCE_MAX_CHANNELS];
	size_t count = 0;
	for (size_t i = 0; i < recorder->room.count; i++) {
		const struct room_interface *interface = recorder->room.interfaces[i];
		for (uint32_t c = 0; c < interface->channels && count < recorder->trigger_tracks; c++)
			peaks[count++] = interface->capturing ? interface->peak_db[c] : -INFINITY;
	}
	while (count < recorder->trigger_tracks)
		peaks[count++] = -INFINITY;
	trigger_feed(recorder->trigger, peaks, seconds);
}

static void begin_by_signal(struct recorder *recorder)
{
	struct error e;
	if (recorder_begin(recorder, &(struct recorder_start){.pre_roll = true}, &e) < 0) {
		recorder->callbacks.alert(recorder->callbacks.data, e.text);
		recorder->wait_for_quiet = true;
	}
}

/* Silence ends a take `post_roll` after it was found; a restart within that continues the take. */
static void watch_for_end(struct recorder *recorder, int64_t now, bool playing)
{
	struct transport *take = recorder->current;
	take->heard = take->heard || playing;
	if (recorder->recording.stop.when != STOP_ON_SILENCE || !take->heard || playing) {
		recorder->post_roll_from = 0;
		return;
	}
	if (recorder->post_roll_from == 0)
		recorder->post_roll_from = now;
	if (now - recorder->post_roll_from >=
		(int64_t)(recorder->recording.post_roll_s * (double)CLOCK_NSEC_PER_SEC))
		end_take(recorder, false);
}

static void watch_length(struct recorder *recorder, int64_t now)
{
	struct transport *take = recorder->current;
	double most = recorder->recording.max_length_s;
	if (!take || take->limit || (double)(now - take->origin_ns) / (double)CLOCK_NSEC_PER_SEC < most)
		return;
	bool playing = take->heard;
	end_take(recorder, false);
	struct error e;
	if (recorder_begin(recorder, &(struct recorder_start){.follows = true}, &e) < 0)
		log_error("%s", e.text);
	else
		recorder->current->heard = playing;
}

static void on_tick(void *data)
{
	struct recorder *recorder = data;
	int64_t now = clock_monotonic_ns();
	fit_trigger(recorder);
	room_read_levels(&recorder->room);
	feed_trigger(recorder, (double)(now - recorder->tick_ns) / (double)CLOCK_NSEC_PER_SEC);
	recorder->tick_ns = now;
	bool playing = trigger_playing(recorder->trigger);
	if (!playing)
		recorder->wait_for_quiet = false;
	if (recorder->current) {
		watch_for_end(recorder, now, playing);
		watch_length(recorder, now);
	} else if (playing && !recorder->wait_for_quiet &&
		   recorder->recording.start.when == START_ON_SIGNAL) {
		begin_by_signal(recorder);
	}
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
		update_state(recorder);
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

static void on_sync_error(void *data, const struct error *e)
{
	(void)data;
	log_error("%s", e->text);
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
	made->room = (struct room){.appliance = config->appliance, .type = config->source, .locked = true};
	made->tick = loop_add_timer(loop, on_tick, made);
	made->news = loop_add_timer(loop, on_news, made);
	made->quiet = loop_add_timer(loop, on_quiet, made);
	struct source_callbacks from_source = {
		.changed = on_source_changed, .ready = on_source_ready, .data = made};
	int result = syncer_create(&made->room.syncer, made->recording.sync_every_s, on_sync_error, made, e);
	if (result == 0)
		result = config->source->open(&made->room.source, loop, &from_source, e);
	if (result < 0) {
		recorder_destroy(made);
		return result;
	}
	loop_set_timer(made->tick, TICK_NS, TICK_NS);
	*recorder = made;
	return 0;
}

void recorder_destroy(struct recorder *recorder)
{
	if (!recorder)
		return;
	room_finish(&recorder->room);
	if (recorder->room.source)
		recorder->config.source->close(recorder->room.source);
	syncer_destroy(recorder->room.syncer);
	loop_remove(recorder->tick);
	loop_remove(recorder->news);
	loop_remove(recorder->quiet);
	trigger_destroy(recorder->trigger);
	free(recorder);
}

void recorder_set_session(struct recorder *recorder, const struct session *session, const char *text)
{
	recorder->session = session;
	recorder->session_text = text;
}

void recorder_reload(struct recorder *recorder, const struct appliance *appliance)
{
	recorder->recording = appliance->recording;
	recorder->config.appliance = appliance;
	recorder->room.appliance = appliance;
	new_trigger(recorder, recorder->trigger_tracks);
	update_state(recorder);
}

bool recorder_busy(const struct recorder *recorder)
{
	return recorder->current || recorder->closing;
}

/* ---- looking ---- */

void recorder_status(struct recorder *recorder, struct recorder_status *status)
{
	*status = (struct recorder_status){
		.state = recorder->state,
		.since_ns = recorder->since_ns,
		.realtime = recorder->config.source->realtime(recorder->room.source),
		.locked = recorder->room.locked,
	};
	const struct transport *take = recorder->current ? recorder->current : recorder->closing;
	if (take) {
		status->take = take->folder ? take->manifest.id : NULL;
		status->origin_ns = take->origin_ns;
		status->rate = take->manifest.rate;
	}
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct writer_status one = {0};
		if (recorder->room.interfaces[i]->capturing)
			writer_status(recorder->room.interfaces[i]->writer, &one);
		status->gaps += one.gaps;
		status->gap_frames += one.gap_frames;
		status->ring_high_percent = fmax(status->ring_high_percent, one.ring_high_percent);
	}
}

size_t recorder_interfaces(struct recorder *recorder, struct recorder_interface *interfaces, size_t most)
{
	for (size_t i = 0; i < recorder->room.count && i < most; i++) {
		struct room_interface *interface = recorder->room.interfaces[i];
		struct writer_status status = {0};
		if (interface->capturing)
			writer_status(interface->writer, &status);
		interfaces[i] = (struct recorder_interface){
			.name = interface->name,
			.node = interface->node,
			.channels = interface->channels,
			.live = interface->capturing && atomic_load(&interface->capture.live) &&
				status.rate > 0,
			.rate = status.rate,
			.ppm = status.ppm,
		};
	}
	return recorder->room.count;
}

static bool session_needs(const struct recorder *recorder, const struct room_interface *interface)
{
	const struct track_config *tracks = recorder->session->tracks.items;
	size_t length = strlen(interface->name);
	for (size_t i = 0; i < recorder->session->tracks.count; i++) {
		char *const *inputs = tracks[i].input.items;
		for (size_t k = 0; k < tracks[i].input.count; k++)
			if (strncmp(inputs[k], interface->name, length) == 0 && inputs[k][length] == '/')
				return true;
	}
	return recorder->session->tracks.count == 0;
}

bool recorder_missing(struct recorder *recorder, struct error *e)
{
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct room_interface *interface = recorder->room.interfaces[i];
		struct writer_status status = {0};
		if (interface->capturing)
			writer_status(interface->writer, &status);
		if (!session_needs(recorder, interface) ||
			(atomic_load(&interface->capture.live) && status.rate > 0))
			continue;
		error_set(e, ENODEV, "interface %s is not there: no running node matches %s", interface->name,
			interface->node);
		return true;
	}
	if (recorder->room.count > 0)
		return false;
	error_set(e, ENODEV, "no interface is there to record");
	return true;
}

size_t recorder_levels(struct recorder *recorder, struct recorder_level *levels, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct room_interface *interface = recorder->room.interfaces[i];
		for (uint32_t c = 0; c < interface->channels; c++, count++) {
			if (count < most)
				levels[count] = (struct recorder_level){
					.interface = interface->name,
					.channel = c + 1,
					.peak_db = interface->peak_db[c],
					.rms_db = interface->rms_db[c],
					.clipped = interface->clipped[c],
				};
		}
	}
	return count;
}

#include "recorder/listen.h"

#include "common/clock.h"
#include "common/log.h"
#include "recorder/plan.h"

#include <math.h>

/* A start is looked for twice as often as an end, for which writers do not look more often either. */
#define TICK_NS (CLOCK_NSEC_PER_SEC / 20)
#define TICK_IN_TAKE_NS (CLOCK_NSEC_PER_SEC / 10)

void recorder_new_trigger(struct recorder *recorder, size_t tracks)
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
		recorder_new_trigger(recorder, channels);
}

/* What no track records, such as a return of the mix, starts no take and holds none up. */
static void feed_trigger(struct recorder *recorder, double seconds)
{
	double peaks[ROOM_MOST * SOURCE_MAX_CHANNELS];
	size_t count = 0;
	plan_mark_tracked(&recorder->room, recorder->session);
	for (size_t i = 0; i < recorder->room.count; i++) {
		const struct room_interface *interface = recorder->room.interfaces[i];
		for (uint32_t c = 0; c < interface->channels && count < recorder->trigger_tracks; c++)
			peaks[count++] = interface->capturing && interface->tracked[c] ? interface->peak_db[c]
										       : -INFINITY;
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
		recorder_end_take(recorder, false);
}

static void watch_length(struct recorder *recorder, int64_t now)
{
	struct transport *take = recorder->current;
	double most = recorder->recording.max_length_s;
	if (!take || take->limit || (double)(now - take->origin_ns) / (double)CLOCK_NSEC_PER_SEC < most)
		return;
	struct error e;
	if (recorder_continue(recorder, &e) < 0) {
		log_error("%s", e.text);
		recorder->callbacks.alert(recorder->callbacks.data, e.text);
	}
}

void recorder_listen(void *data)
{
	struct recorder *recorder = data;
	int64_t now = clock_monotonic_ns();
	recorder_watch_rates(recorder, now);
	if (recorder_writers_idle(recorder) && recorder->stale)
		room_remake(&recorder->room, recorder);
	if (recorder_writers_idle(recorder))
		room_fit(&recorder->room, recorder);
	/* The source tells of links; when the first frames come is the writer's to know. */
	if (room_hears_others(&recorder->room))
		recorder->callbacks.changed(recorder->callbacks.data);
	fit_trigger(recorder);
	room_read_levels(&recorder->room);
	feed_trigger(recorder, (double)(now - recorder->tick_ns) / (double)CLOCK_NSEC_PER_SEC);
	recorder->tick_ns = now;
	recorder_watch_space(recorder, now);
	recorder_resume(recorder, now);
	bool playing = trigger_playing(recorder->trigger);
	if (!playing)
		recorder->wait_for_quiet = false;
	if (recorder->current) {
		watch_for_end(recorder, now, playing);
		watch_length(recorder, now);
	} else if (playing && !recorder->wait_for_quiet && !recorder->blocked &&
		   recorder->recording.start.when == START_ON_SIGNAL) {
		begin_by_signal(recorder);
	}
	loop_set_timer(recorder->tick, recorder->current ? TICK_IN_TAKE_NS : TICK_NS, 0);
}

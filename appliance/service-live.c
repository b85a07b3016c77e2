/* What the world is told while it happens: losses, and levels while someone wants them. */
#include "appliance/service.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <stdlib.h>

#define LEVELS_NS (CLOCK_NSEC_PER_SEC / 5)

enum { LEVELS_S = 30, LEVELS_MOST = SERVICE_INTERFACES_MOST * SOURCE_MAX_CHANNELS };

void service_on_gap(void *data, const char *interface, const struct take_gap *gap)
{
	struct service *service = data;
	log_warning("interface %s: %llu frames lost at frame %llu (%s)", interface,
		(unsigned long long)gap->frames, (unsigned long long)gap->frame, gap_cause_name(gap->cause));
	network_event(service->network, "gap",
		json_pack("{s:s, s:I, s:I, s:s}", "interface", interface, "frame", (json_int_t)gap->frame,
			"frames", (json_int_t)gap->frames, "cause", gap_cause_name(gap->cause)));
}

/* Of one track alone. */
void service_on_loss(void *data, const char *track, const struct take_gap *gap)
{
	struct service *service = data;
	log_error("track %s: %llu frames from frame %llu on are lost (%s)", track,
		(unsigned long long)gap->frames, (unsigned long long)gap->frame, gap_cause_name(gap->cause));
	network_event(service->network, "gap",
		json_pack("{s:s, s:I, s:I, s:s}", "track", track, "frame", (json_int_t)gap->frame, "frames",
			(json_int_t)gap->frames, "cause", gap_cause_name(gap->cause)));
}

/* Without a cause: those are what clocks tell, and stand for silence that was inserted. */
void service_on_suspect(void *data, const char *interface, const struct take_suspect *loss)
{
	struct service *service = data;
	log_warning("interface %s: a loss that no clock told of is suspected at frame %llu (%s)", interface,
		(unsigned long long)loss->frame, suspect_kind_name(loss->kind));
	network_event(service->network, "gap",
		json_pack("{s:s, s:I, s:o, s:b, s:s}", "interface", interface, "frame",
			(json_int_t)loss->frame, "frames",
			loss->frames ? json_integer((json_int_t)loss->frames) : json_null(), "suspected",
			true, "kind", suspect_kind_name(loss->kind)));
}

static void publish_levels(struct service *service, bool on_mqtt)
{
	struct recorder_level *levels = memory_array(LEVELS_MOST, sizeof(*levels));
	struct network_level *out = memory_array(LEVELS_MOST, sizeof(*out));
	size_t count = recorder_levels(service->recorder, levels, LEVELS_MOST);
	for (size_t i = 0; i < count; i++)
		out[i] = (struct network_level){
			levels[i].interface, levels[i].peak_db, levels[i].rms_db, levels[i].clipped};
	network_set_levels(service->network, out, count, on_mqtt);
	free(out);
	free(levels);
}

void service_levels_tick(void *data)
{
	struct service *service = data;
	bool asked = clock_monotonic_ns() < service->levels_until_ns;
	service->levels_flow = asked || network_watched(service->network);
	if (service->levels_flow)
		publish_levels(service, asked);
	else
		loop_set_timer(service->levels_timer, 0, 0);
}

static void let_levels_flow(struct service *service)
{
	if (service->levels_flow)
		return;
	/* What was heard since anyone last looked is no news. */
	struct recorder_level stale[1];
	recorder_levels(service->recorder, stale, 0);
	loop_set_timer(service->levels_timer, LEVELS_NS, LEVELS_NS);
	service->levels_flow = true;
}

int service_levels_command(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)command;
	(void)e;
	let_levels_flow(service);
	service->levels_until_ns = clock_monotonic_ns() + LEVELS_S * CLOCK_NSEC_PER_SEC;
	*result = json_pack("{s:i}", "seconds", LEVELS_S);
	return 0;
}

int service_watch_command(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)command;
	(void)result;
	(void)e;
	let_levels_flow(service);
	return 0;
}

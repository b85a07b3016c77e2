#include "appliance/service.h"

#include "appliance/room-left.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "takes/take.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define API_VERSION 1

enum { ALERTS_MOST = 8, SECONDS_PER_HOUR = 3600 };

/* What `systemctl status` shows. */
static void tell_manager(struct service *service, const struct recorder_status *status, int rendering)
{
	static const char *const doing[] = {
		[RECORDER_IDLE] = "waits for a command",
		[RECORDER_ARMED] = "waits for a band",
		[RECORDER_RECORDING] = "recording",
		[RECORDER_FINALIZING] = "closing",
	};
	char text[160], renders[40] = "";
	if (rendering > 0)
		snprintf(renders, sizeof(renders), ", %d to render", rendering);
	snprintf(text, sizeof(text), "%s%s%s%s", doing[status->state], status->take ? " " : "",
		status->take ? status->take : "", renders);
	manager_tell_state(service->manager, text);
}

void service_publish_state(struct service *service)
{
	static const enum record_state states[] = {
		[RECORDER_IDLE] = RECORD_IDLE,
		[RECORDER_ARMED] = RECORD_ARMED,
		[RECORDER_RECORDING] = RECORD_RECORDING,
		[RECORDER_FINALIZING] = RECORD_FINALIZING,
	};
	struct recorder_status status;
	recorder_status(service->recorder, &status);
	struct network_state state = {
		.record = states[status.state],
		.take = status.take,
		.since_ns = status.since_ns,
		.rendering = jobs_count(service->jobs),
		.session = service->session.session.name,
	};
	network_set_state(service->network, &state);
	tell_manager(service, &status, state.rendering);
}

size_t service_interfaces(
	struct service *service, struct recorder_interface interfaces[static SERVICE_INTERFACES_MOST])
{
	size_t count = recorder_interfaces(service->recorder, interfaces, SERVICE_INTERFACES_MOST);
	return count < SERVICE_INTERFACES_MOST ? count : SERVICE_INTERFACES_MOST;
}

static uint32_t channels_of(struct service *service)
{
	struct recorder_interface interfaces[SERVICE_INTERFACES_MOST];
	uint32_t channels = 0;
	for (size_t i = 0, n = service_interfaces(service, interfaces); i < n; i++)
		channels += interfaces[i].channels;
	return channels;
}

void service_publish_info(struct service *service)
{
	struct recorder_interface interfaces[SERVICE_INTERFACES_MOST];
	char url[NETWORK_URL_SIZE];
	json_t *list = json_array();
	for (size_t i = 0, n = service_interfaces(service, interfaces); i < n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:b, s:i, s:f}", "name", interfaces[i].name, "node",
				      interfaces[i].node, "channels", (int)interfaces[i].channels, "live",
				      (int)interfaces[i].live, "rate", (int)interfaces[i].rate, "ppm",
				      round(interfaces[i].ppm * 10) / 10));
	size_t tracks = service->session.session.tracks.count;
	json_t *info = json_pack("{s:s, s:s, s:i, s:s, s:s, s:o, s:i}", "version", WOODSHED_VERSION,
		"processors", WOODSHED_VERSION, "api", API_VERSION, "name", service->started->name, "url",
		network_http_url(service->network, url), "interfaces", list, "tracks",
		(int)(tracks ? tracks : channels_of(service)));
	network_set_info(service->network, info);
	json_decref(info);
}

/* What the next take has, by all that is known now. */
static uint32_t recorded_channels(struct service *service)
{
	const struct key_list *tracks = &service->session.session.tracks;
	const struct track_config *configs = tracks->items;
	uint32_t channels = 0;
	for (size_t i = 0; i < tracks->count; i++)
		channels += (uint32_t)configs[i].input.count;
	return tracks->count > 0 ? channels : channels_of(service);
}

/* All interfaces of a take run at one; 0: none has run yet. */
static uint32_t recorded_rate(struct service *service)
{
	struct recorder_interface interfaces[SERVICE_INTERFACES_MOST];
	uint32_t rate = 0;
	for (size_t i = 0, n = service_interfaces(service, interfaces); i < n && rate == 0; i++)
		rate = interfaces[i].rate;
	return rate;
}

/* NAN: nothing is there to record. */
static double hours_left(struct service *service, uint64_t free_bytes)
{
	uint32_t channels = recorded_channels(service);
	if (channels == 0)
		return NAN;
	return room_left_s(free_bytes, channels, recorded_rate(service),
		       service->appliance->recording.bit_depth) /
	       SECONDS_PER_HOUR;
}

static void watch_disk(struct service *service, const struct network_health *health)
{
	bool low = health->hours_left * SECONDS_PER_HOUR < service->appliance->recording.keep_free_s;
	if (low && !service->disk_low)
		network_event(service->network, "disk_low",
			json_pack("{s:I, s:f}", "free_bytes", (json_int_t)health->free_bytes, "hours_left",
				health->hours_left));
	service->disk_low = low;
}

static void add_alert(struct network_health *health, const char **alerts, const char *text)
{
	if (text && text[0] && health->alert_count < ALERTS_MOST)
		alerts[health->alert_count++] = text;
}

void service_publish_health(struct service *service)
{
	const char *alerts[ALERTS_MOST];
	struct recorder_status status;
	struct error missing;
	struct statvfs disk;
	struct network_health health = {.alerts = alerts};
	recorder_status(service->recorder, &status);
	health.hours_left = NAN;
	if (statvfs(service->started->takes, &disk) == 0) {
		health.free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
		health.hours_left = hours_left(service, health.free_bytes);
	}
	health.xruns = status.gaps;
	health.gap_frames = status.gap_frames;
	health.disk_frames = status.disk_frames;
	health.suspected = status.suspected;
	health.clipped = status.clipped;
	health.ring_high_percent = status.ring_high_percent;
	health.ring_s = status.ring_s;
	health.ring_bytes = status.ring_bytes;
	health.ring_locked = status.locked;
	health.realtime = status.realtime;
	health.nice = status.nice;
	health.unsafe_s = status.unsafe_s;
	health.unsafe_most_s = status.unsafe_most_s;
	watch_disk(service, &health);
	if (service->ready && recorder_missing(service->recorder, &missing))
		add_alert(&health, alerts, missing.text);
	add_alert(&health, alerts, service->takes_alert);
	add_alert(&health, alerts, service->disk_low ? "the disk is nearly full" : NULL);
	add_alert(&health, alerts, service->recording_alert);
	add_alert(&health, alerts, service->render_alert);
	add_alert(&health, alerts, service->config_alert);
	health.ok = health.alert_count == 0;
	network_set_health(service->network, &health);
	manager_wait_for(service->manager, status.ring_s);
	manager_tell_alert(service->manager, health.ok ? "" : alerts[0]);
}

void service_publish_interfaces(struct service *service)
{
	struct recorder_interface interfaces[SERVICE_INTERFACES_MOST];
	bool any = false;
	for (size_t i = 0, n = service_interfaces(service, interfaces); i < n; i++) {
		if (interfaces[i].live == service->live[i])
			continue;
		service->live[i] = interfaces[i].live;
		any = true;
		network_event(service->network, interfaces[i].live ? "interface_found" : "interface_lost",
			json_pack("{s:s, s:i}", "interface", interfaces[i].name, "channels",
				(int)interfaces[i].channels));
	}
	for (size_t i = service_interfaces(service, interfaces); i < SERVICE_INTERFACES_MOST; i++)
		service->live[i] = false;
	if (any) {
		service_publish_info(service);
		service_publish_home(service);
		service_publish_health(service);
	}
}

void service_publish_latest(struct service *service, const char *folder)
{
	struct manifest take;
	struct error e;
	if (manifest_load(&take, folder, &e) < 0)
		return;
	network_set_latest(service->network, &take);
	manifest_finish(&take);
}

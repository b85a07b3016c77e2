#include "network/texts.h"

#include "common/clock.h"
#include "common/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *text_of(const json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	return text ? text : memory_text("null");
}

static char *finish_text(json_t *json)
{
	char *text = text_of(json);
	json_decref(json);
	return text;
}

static json_t *time_json(int64_t utc_ns)
{
	char text[CLOCK_RFC3339_SIZE];
	return json_string(clock_rfc3339(utc_ns, text));
}

/* Two decimals are more than a loudness or a disk has; NAN and the infinities have no JSON. */
static json_t *figure(double value)
{
	return isfinite(value) ? json_real(round(value * 100) / 100) : json_null();
}

char *text_state(const struct network_state *state)
{
	static const char *const names[] = {
		[RECORD_IDLE] = "idle",
		[RECORD_ARMED] = "armed",
		[RECORD_RECORDING] = "recording",
		[RECORD_FINALIZING] = "finalizing",
	};
	return finish_text(json_pack("{s:s, s:s?, s:o, s:i, s:s?}", "record", names[state->record], "take",
		state->take, "since", time_json(state->since_ns), "rendering", state->rendering, "session",
		state->session));
}

static json_int_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long size, resident = 0;
	if (file) {
		if (fscanf(file, "%lld %lld", &size, &resident) != 2)
			resident = 0;
		fclose(file);
	}
	return resident * sysconf(_SC_PAGESIZE);
}

static double load_average(void)
{
	double load;
	return getloadavg(&load, 1) == 1 ? load : NAN;
}

char *text_health(const struct network_health *health)
{
	json_t *alerts = json_array();
	for (size_t i = 0; i < health->alert_count; i++)
		json_array_append_new(alerts, json_string(health->alerts[i]));
	return finish_text(json_pack(
		"{s:b, s:o, s:{s:I, s:o, s:I}, s:I, s:I, s:I, s:I, s:o, s:{s:o, s:I, s:b}, "
		"s:b, s:i, s:{s:o, s:o}, s:I, s:o}",
		"ok", health->ok, "alerts", alerts, "disk", "free_bytes", (json_int_t)health->free_bytes,
		"hours_left", figure(health->hours_left), "lost_frames", (json_int_t)health->disk_frames,
		"xruns", (json_int_t)health->xruns, "gap_frames", (json_int_t)health->gap_frames, "suspected",
		(json_int_t)health->suspected, "clipped", (json_int_t)health->clipped, "ring_high",
		figure(health->ring_high_percent), "ring", "seconds", figure(health->ring_s), "bytes",
		(json_int_t)health->ring_bytes, "locked", health->ring_locked, "realtime", health->realtime,
		"nice", health->nice, "unsafe", "seconds", figure(health->unsafe_s), "most",
		figure(health->unsafe_most_s), "rss", resident_bytes(), "load", figure(load_average())));
}

static json_t *url_json(const char *base, const char *id)
{
	if (base[0] == '\0')
		return json_null();
	char *url = memory_format("%s/api/v1/takes/%s", base, id);
	json_t *json = json_string(url);
	free(url);
	return json;
}

static double seconds_of(const struct manifest *take)
{
	return take->rate > 0 ? (double)take->frames / take->rate : NAN;
}

char *text_latest(const struct manifest *take, const char *base)
{
	const struct take_render *master = manifest_master(take);
	return finish_text(json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:s}", "id", take->id, "title",
		take->title, "seconds", figure(seconds_of(take)), "lufs", figure(master ? master->lufs : NAN),
		"dbtp", figure(master ? master->dbtp : NAN), "url", url_json(base, take->id), "state",
		take_state_name(take->state)));
}

char *text_levels(const struct network_level *levels, size_t count)
{
	json_t *interfaces = json_array(), *channels = NULL;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(levels[i].interface, levels[i - 1].interface) != 0) {
			channels = json_array();
			json_array_append_new(interfaces,
				json_pack("{s:s, s:o}", "name", levels[i].interface, "channels", channels));
		}
		json_array_append_new(channels,
			json_pack("{s:o, s:o, s:I}", "peak", figure(levels[i].peak_db), "rms",
				figure(levels[i].rms_db), "clipped", (json_int_t)levels[i].clipped));
	}
	return finish_text(json_pack("{s:o}", "interfaces", interfaces));
}

char *text_progress(const char *take, const char *stage, double done)
{
	return finish_text(json_pack("{s:s, s:s, s:o}", "take", take, "stage", stage, "done", figure(done)));
}

const char *const text_event_types[TEXT_EVENT_TYPES] = {"take_started", "take_stopped", "take_mastered",
	"take_failed", "take_recovered", "gap", "marker", "interface_lost", "interface_found", "disk_low"};

char *text_event(const char *type, json_t *fields)
{
	json_t *event = json_pack("{s:s}", "event_type", type);
	if (event && fields)
		json_object_update_missing(event, fields);
	json_decref(fields);
	return finish_text(event);
}

static json_t *take_entry(const struct manifest *take)
{
	const struct take_render *master = manifest_master(take);
	return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:o, s:o, s:b, s:b, s:s?, s:o, s:o, s:s?}", "id",
		take->id, "session", take->session, "title", take->title, "artist", take->artist, "state",
		take_state_name(take->state), "started", time_json(take->started_ns), "seconds",
		figure(seconds_of(take)), "keep", take->keep, "recovered", take->recovered, "error",
		take->error, "lufs", figure(master ? master->lufs : NAN), "dbtp",
		figure(master ? master->dbtp : NAN), "master", master ? master->file : NULL);
}

json_t *text_take_page(const struct take_list *list)
{
	json_t *takes = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(takes, take_entry(&list->entries[i].manifest));
	return json_pack("{s:o, s:s?}", "takes", takes, "cursor", list->cursor);
}

#include "network/metrics.h"

#include "common/text.h"
#include "network/events.h"
#include "network/snapshot.h"
#include "takes/index.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* A figure that stands in a snapshot. */
struct figure {
	enum snapshot_name snapshot;
	const char *path; /* members, with dots between them */
	const char *name, *type, *help;
	double scale;
	bool optional; /* silent where it is null */
};

static const struct figure figures[] = {
	{SNAPSHOT_STATE, "rendering", "woodshed_renders", "gauge", "Takes being rendered or waiting for it.",
		1, false},
	{SNAPSHOT_HEALTH, "ok", "woodshed_ok", "gauge", "1 while there is nothing to complain of.", 1, false},
	{SNAPSHOT_HEALTH, "alerts", "woodshed_alerts", "gauge", "Complaints there are.", 1, false},
	{SNAPSHOT_HEALTH, "xruns", "woodshed_gaps_total", "counter",
		"Gaps in what the interfaces gave, filled with silence.", 1, false},
	{SNAPSHOT_HEALTH, "xruns", "woodshed_xruns_total", "counter", "The same by the name that others use.",
		1, false},
	{SNAPSHOT_HEALTH, "gap_frames", "woodshed_gap_frames_total", "counter", "Frames of those gaps.", 1,
		false},
	{SNAPSHOT_HEALTH, "disk.lost_frames", "woodshed_disk_lost_frames_total", "counter",
		"Frames of single tracks that the disk did not keep.", 1, false},
	{SNAPSHOT_HEALTH, "suspected", "woodshed_suspected_losses_total", "counter",
		"Losses that no clock told of.", 1, false},
	{SNAPSHOT_HEALTH, "clipped", "woodshed_clipped_samples", "gauge",
		"Samples at full scale since the last take began.", 1, false},
	{SNAPSHOT_HEALTH, "disk.free_bytes", "woodshed_disk_free_bytes", "gauge",
		"Room on the disk that the takes are on.", 1, false},
	{SNAPSHOT_HEALTH, "disk.hours_left", "woodshed_disk_left_seconds", "gauge",
		"Time that can still be recorded.", 3600, true},
	{SNAPSHOT_HEALTH, "ring_high", "woodshed_ring_high_ratio", "gauge",
		"The fullest that the ring of any interface was.", 0.01, true},
	{SNAPSHOT_HEALTH, "ring.seconds", "woodshed_ring_seconds", "gauge", "Time that the ring holds.", 1,
		true},
	{SNAPSHOT_HEALTH, "ring.bytes", "woodshed_ring_bytes", "gauge", "Memory of the ring.", 1, false},
	{SNAPSHOT_HEALTH, "realtime", "woodshed_realtime", "gauge",
		"1 while the capture threads have real-time priority.", 1, false},
	{SNAPSHOT_HEALTH, "rss", "woodshed_resident_memory_bytes", "gauge", "Memory in use.", 1, false},
};

static json_t *load_snapshot(const struct http *http, enum snapshot_name name)
{
	struct snapshot *snapshot = snapshots_get(http->snapshots, name);
	if (!snapshot)
		return NULL;
	size_t size;
	const char *text = snapshot_text(snapshot, &size);
	json_t *json = json_loadb(text, size, 0, NULL);
	snapshot_release(snapshot);
	return json;
}

static const json_t *member(const json_t *json, const char *path)
{
	while (json && *path) {
		size_t length = strcspn(path, ".");
		char name[32];
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		json = json_object_get(json, name);
		path += length + (path[length] == '.');
	}
	return json;
}

static double value_of(const json_t *json)
{
	if (json_is_boolean(json))
		return json_is_true(json);
	return json_is_array(json) ? (double)json_array_size(json) : json_number_value(json);
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_figure(FILE *out, const char *name, const char *type, const char *help, double value)
{
	put_head(out, name, type, help);
	fprintf(out, "%s %.17g\n", name, value);
}

static void put_figures(FILE *out, json_t *const snapshots[SNAPSHOT_NAMES])
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		const struct figure *figure = &figures[i];
		const json_t *json = member(snapshots[figure->snapshot], figure->path);
		if (json && !(figure->optional && json_is_null(json)))
			put_figure(out, figure->name, figure->type, figure->help,
				value_of(json) * figure->scale);
	}
}

static void put_recording(FILE *out, const json_t *state)
{
	static const char *const states[] = {"idle", "armed", "recording", "finalizing"};
	const char *now = json_string_value(json_object_get(state, "record"));
	if (!now)
		return;
	put_figure(out, "woodshed_recording", "gauge", "1 while a take is recorded.",
		strcmp(now, "recording") == 0);
	put_head(out, "woodshed_record_state", "gauge", "1 for the state that the recorder is in.");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		fprintf(out, "woodshed_record_state{state=\"%s\"} %d\n", states[i],
			strcmp(now, states[i]) == 0);
}

/* How far the take is that is rendered now; the last one's word is no news once nothing is. */
static void put_progress(FILE *out, const json_t *state, const json_t *progress)
{
	const char *take = json_string_value(json_object_get(progress, "take"));
	const char *stage = json_string_value(json_object_get(progress, "stage"));
	put_head(out, "woodshed_render_progress_ratio", "gauge", "How much of the render under way is done.");
	if (take && stage && json_integer_value(json_object_get(state, "rendering")) > 0)
		fprintf(out, "woodshed_render_progress_ratio{take=\"%s\",stage=\"%s\"} %.17g\n", take, stage,
			json_number_value(json_object_get(progress, "done")));
}

static void put_takes(FILE *out, const char *takes)
{
	struct index *index;
	struct error e;
	if (index_open(&index, takes, &e) < 0)
		return;
	put_figure(out, "woodshed_takes", "gauge", "Takes in the library.", (double)index_count(index));
	index_close(index);
}

static void put_server(FILE *out, struct http *http)
{
	put_head(out, "woodshed_http_requests_total", "counter", "Requests answered, by class of status.");
	for (unsigned i = 2; i < HTTP_CLASSES; i++)
		fprintf(out, "woodshed_http_requests_total{code=\"%uxx\"} %" PRIu64 "\n", i,
			atomic_load_explicit(&http->answers[i], memory_order_relaxed));
	put_figure(out, "woodshed_http_connections", "gauge", "Connections there are.",
		(double)guests_count(http->guests));
	put_figure(out, "woodshed_http_listeners", "gauge", "Clients of the stream of events.",
		(double)events_count(http->events));
}

struct answer get_metrics(struct request *request)
{
	struct http *http = request->http;
	json_t *snapshots[SNAPSHOT_NAMES];
	struct text text;
	FILE *out = text_open(&text);
	for (enum snapshot_name name = 0; name < SNAPSHOT_NAMES; name++)
		snapshots[name] = load_snapshot(http, name);
	put_head(out, "woodshed_info", "gauge", "1; its label says which version runs.");
	fprintf(out, "woodshed_info{version=\"%s\"} 1\n", WOODSHED_VERSION);
	put_recording(out, snapshots[SNAPSHOT_STATE]);
	put_takes(out, http->takes);
	put_figures(out, snapshots);
	put_progress(out, snapshots[SNAPSHOT_STATE], snapshots[SNAPSHOT_PROGRESS]);
	put_server(out, http);
	for (enum snapshot_name name = 0; name < SNAPSHOT_NAMES; name++)
		json_decref(snapshots[name]);
	return answer_text(MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text_close(&text));
}

#include "recorder/transport.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/plan.h"
#include "takes/edit.h"
#include "takes/take.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Interfaces reach the same frame at times that drift apart: some seconds in half a day. */
#define HOLD_MARGIN_NS (5 * CLOCK_NSEC_PER_SEC)

/* More than what a take ends at (space.c). */
#define LEAST_S 10.0

/* A message between the control thread and the ones that wait for the disk. */
struct errand {
	struct transport *transport;
	char *id, *folder, *text;
	int result;
	struct error error;
};

static void free_errand(void *data)
{
	struct errand *errand = data;
	free(errand->id);
	free(errand->folder);
	free(errand->text);
	free(errand);
}

static struct errand *new_errand(struct transport *transport)
{
	struct errand *errand = memory_new(sizeof(*errand));
	errand->transport = transport;
	if (transport->folder)
		errand->folder = memory_text(transport->folder);
	return errand;
}

/* ---- the manifest ---- */

static size_t interface_slot(struct transport *transport, struct room_interface *interface)
{
	for (size_t i = 0; i < transport->count; i++)
		if (transport->interfaces[i] == interface)
			return i;
	struct manifest *manifest = &transport->manifest;
	manifest->interfaces = memory_grow(
		manifest->interfaces, manifest->interface_count + 1, sizeof(*manifest->interfaces));
	manifest->interfaces[manifest->interface_count++] =
		(struct take_interface){.name = memory_text(interface->name),
			.node = memory_text(interface->node),
			.ppm = NAN,
			.clock = interface->shared_clock ? TAKE_CLOCK_SHARED : TAKE_CLOCK_OWN,
			.clock_log = take_clock_name(transport->count + 1, interface->name)};
	transport->interfaces[transport->count] = interface;
	return transport->count++;
}

static void add_track(struct transport *transport, const struct plan_track *plan, int bits)
{
	struct manifest *manifest = &transport->manifest;
	struct take_part *part = &transport->parts[interface_slot(transport, plan->interface)];
	manifest->tracks =
		memory_grow(manifest->tracks, manifest->track_count + 1, sizeof(*manifest->tracks));
	struct take_track *track = &manifest->tracks[manifest->track_count++];
	*track = (struct take_track){.index = (int)manifest->track_count,
		.name = memory_text(plan->name),
		.role = plan->role ? memory_text(plan->role) : NULL,
		.peak_dbfs = NAN,
		.lufs = NAN};
	track->inputs = memory_array(plan->channels, sizeof(*track->inputs));
	track->input_count = plan->channels;
	for (uint32_t c = 0; c < plan->channels; c++)
		track->inputs[c] = memory_text(plan->inputs[c]);
	track->file = take_raw_name(track->index, track->name, 1);
	part->plans = memory_grow(part->plans, part->count + 1, sizeof(*part->plans));
	struct track_plan *file = &part->plans[part->count++];
	*file = (struct track_plan){.index = track->index,
		.name = memory_text(plan->name),
		.channels = plan->channels,
		.rate = manifest->rate,
		.bits = (uint32_t)bits};
	memcpy(file->channel, plan->channel, sizeof(file->channel));
}

/* Every interface of a take runs at one rate: the first that is running says which. */
static int agree_on_rate(struct transport *transport, const struct plan *plan, struct error *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct writer_status status = {0};
		if (plan->tracks[i].interface->writer)
			writer_status(plan->tracks[i].interface->writer, &status);
		if (status.rate == 0 || status.rate == transport->manifest.rate)
			continue;
		if (transport->manifest.rate != 0)
			return error_set(e, EINVAL,
				"interface %s runs at %u Hz, another at %u Hz; set them alike",
				plan->tracks[i].interface->name, status.rate, transport->manifest.rate);
		transport->manifest.rate = status.rate;
	}
	if (transport->manifest.rate == 0)
		return error_set(e, ENODEV, "no interface is running");
	return 0;
}

/* A take that is to last for some time has a frame at the least. */
static uint64_t limit_of(double seconds, uint32_t rate)
{
	uint64_t frames = (uint64_t)llround(seconds * rate);
	return seconds > 0 && frames == 0 ? 1 : frames;
}

static void describe(struct transport *transport, const struct transport_request *request)
{
	struct manifest *manifest = &transport->manifest;
	const struct session *session = request->session;
	const char *title = request->title ? request->title : session->song.title;
	manifest->session = memory_text(session->name);
	manifest->title = title ? memory_text(title) : NULL;
	manifest->artist = session->song.artist ? memory_text(session->song.artist) : NULL;
	manifest->state = TAKE_RECORDING;
	kept_describe(&transport->kept, manifest);
	manifest->started_ns = clock_utc_ns() - (clock_monotonic_ns() - request->origin_ns);
	manifest->pre_roll_frames =
		(uint64_t)llround((double)request->pre_roll_ns * manifest->rate / (double)CLOCK_NSEC_PER_SEC);
}

/* ---- the folder ---- */

static void unhold(struct transport *transport)
{
	for (size_t i = 0; i < transport->count; i++)
		writer_unhold(transport->interfaces[i]->writer);
}

/* The furthest frame that any interface plays at `nsec`: what no writer has passed, so that all tracks can
 * end there. */
static uint64_t last_frame_at(const struct transport *transport, int64_t nsec)
{
	uint64_t last = transport_frame_at(transport, nsec);
	for (size_t i = 0; i < transport->count; i++) {
		uint64_t frame =
			writer_frame_at(transport->interfaces[i]->writer, &transport->parts[i], nsec);
		if (frame > last)
			last = frame;
	}
	return last;
}

/* Where the take ends, which was told. A take has one frame at the least: a limit of 0 is none. */
static uint64_t end_frame(const struct transport *transport)
{
	uint64_t frames = last_frame_at(transport, transport->end_ns);
	if (transport->limit && frames > transport->limit)
		frames = transport->limit;
	return frames > 0 ? frames : 1;
}

static void begin_writers(struct transport *transport)
{
	uint64_t limit = transport->limit;
	if (transport->ending)
		limit = end_frame(transport);
	transport->begun = true;
	transport->begun_ns = clock_monotonic_ns();
	for (size_t i = 0; i < transport->count; i++) {
		struct take_part *part = &transport->parts[i];
		part->origin_ns = transport->origin_ns;
		part->clock_path = file_join(transport->folder, transport->manifest.interfaces[i].clock_log);
		part->reserve_path = file_join(transport->folder, TAKE_RESERVE);
		for (size_t k = 0; k < part->count; k++)
			part->plans[k].path = file_join(
				transport->folder, transport->manifest.tracks[part->plans[k].index - 1].file);
		part->limit = limit;
		writer_begin(transport->interfaces[i]->writer, part);
	}
}

static void on_folder(void *data)
{
	struct errand *errand = data;
	struct transport *transport = errand->transport;
	if (errand->result < 0) {
		unhold(transport);
		recorder_on_failed(transport->recorder, transport, errand->error.text);
	} else {
		transport->manifest.id = memory_text(errand->id);
		transport->folder = memory_text(errand->folder);
		begin_writers(transport);
		unhold(transport);
		recorder_on_begun(transport->recorder, transport);
	}
	free_errand(errand);
}

/* On the syncer's thread: the control thread leaves the manifest alone until on_folder. */
static void make_folder(void *data)
{
	struct errand *errand = data;
	struct transport *transport = errand->transport;
	errand->result = transport_make_folder(transport, &errand->id, &errand->folder, &errand->error);
	loop_post(transport->loop, on_folder, errand, free_errand);
}

/* The tracks of an interface that was never there need a writer too, which writes their silence. */
static int prepare_interfaces(const struct plan *plan, struct room *room, struct error *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		uint32_t channels = 0;
		for (size_t k = 0; k < plan->count; k++)
			for (uint32_t c = 0; c < plan->tracks[k].channels; c++)
				if (plan->tracks[k].interface == plan->tracks[i].interface &&
					plan->tracks[k].channel[c] >= channels)
					channels = plan->tracks[k].channel[c] + 1;
		int result = room_expect(room, plan->tracks[i].interface, channels, e);
		if (result < 0)
			return result;
	}
	return 0;
}

static void follow(struct transport *transport, const struct transport *before)
{
	for (size_t i = 0; i < transport->count; i++)
		for (size_t k = 0; k < before->count; k++)
			if (transport->interfaces[i] == before->interfaces[k])
				transport->parts[i].follows = true;
}

int transport_begin(struct transport **transport, struct recorder *recorder, struct room *room,
	struct loop *loop, const struct transport_request *request, struct error *e)
{
	struct plan plan;
	int result = plan_make(&plan, room, request->session, e);
	if (result < 0)
		return result;
	result = prepare_interfaces(&plan, room, e);
	if (result < 0) {
		plan_finish(&plan);
		return result;
	}
	struct transport *made = memory_new(sizeof(*made));
	made->recorder = recorder;
	made->loop = loop;
	made->lock = -1;
	made->syncer = room->syncer;
	made->origin_ns = request->origin_ns;
	made->songs = *request->songs;
	made->takes = memory_text(request->takes);
	kept_init(&made->kept, request->session_text, &request->session->presets);
	result = agree_on_rate(made, &plan, e);
	if (result == 0) {
		made->limit = limit_of(request->seconds, made->manifest.rate);
		describe(made, request);
		for (size_t i = 0; i < plan.count; i++)
			add_track(made, &plan.tracks[i], request->bits);
		made->parts_left = made->count;
		made->wanted_bytes = transport_bytes(
			made, (double)request->pre_roll_ns / (double)CLOCK_NSEC_PER_SEC + LEAST_S);
		if (request->follows)
			follow(made, request->follows);
		for (size_t i = 0; i < made->count; i++)
			writer_hold(made->interfaces[i]->writer, made->origin_ns - HOLD_MARGIN_NS);
		syncer_post(made->syncer, make_folder, new_errand(made));
		*transport = made;
	} else {
		transport_destroy(made);
	}
	plan_finish(&plan);
	return result;
}

/* ---- while it runs ---- */

uint64_t transport_frame_at(const struct transport *transport, int64_t nsec)
{
	for (size_t i = 0; i < transport->count; i++) {
		uint64_t frame =
			writer_frame_at(transport->interfaces[i]->writer, &transport->parts[i], nsec);
		if (frame > 0 && atomic_load(&transport->interfaces[i]->capture.live))
			return frame;
	}
	double seconds = (double)(nsec - transport->origin_ns) / (double)CLOCK_NSEC_PER_SEC;
	return seconds > 0 ? (uint64_t)llround(seconds * transport->manifest.rate) : 0;
}

bool transport_line(const struct transport *transport, struct bearing_line *line)
{
	for (size_t i = 0; i < transport->count; i++)
		if (writer_line(transport->interfaces[i]->writer, &transport->parts[i], line))
			return true;
	return false;
}

void transport_end(struct transport *transport, int64_t end_ns)
{
	transport->ending = true;
	transport->end_ns = end_ns;
	if (!transport->begun)
		return;
	uint64_t frames = end_frame(transport);
	for (size_t i = 0; i < transport->count; i++)
		writer_end(transport->interfaces[i]->writer, &transport->parts[i], frames);
}

static void on_saved(void *data)
{
	struct errand *errand = data;
	struct transport *transport = errand->transport;
	transport->saving = false;
	if (transport->parts_left == 0)
		transport_close(transport);
	else if (transport->dirty)
		transport_save(transport);
	free_errand(errand);
}

static void save_text(void *data)
{
	struct errand *errand = data;
	if (take_save_text(errand->text, errand->folder, &errand->error) < 0)
		log_error("%s", errand->error.text);
	loop_post(errand->transport->loop, on_saved, errand, free_errand);
}

/* One at a time, however often the manifest changes: a driver that stutters must not fill the syncer's queue.
 */
void transport_save(struct transport *transport)
{
	transport->dirty = transport->saving;
	if (transport->saving)
		return;
	struct errand *errand = new_errand(transport);
	errand->text = manifest_json(&transport->manifest);
	transport->saving = true;
	syncer_post(transport->syncer, save_text, errand);
}

void transport_add_marker(struct manifest *manifest, uint64_t frame, char *label, enum marker_kind kind)
{
	manifest->markers =
		memory_grow(manifest->markers, manifest->marker_count + 1, sizeof(*manifest->markers));
	manifest->markers[manifest->marker_count++] =
		(struct take_marker){.frame = frame, .label = label, .kind = kind};
}

void transport_mark(struct transport *transport, int64_t nsec, const char *label)
{
	transport_add_marker(
		&transport->manifest, transport_frame_at(transport, nsec), memory_text(label), MARKER_USER);
	transport_save(transport);
}

void transport_part_done(struct transport *transport, const struct room_interface *interface)
{
	for (size_t i = 0; i < transport->count; i++)
		transport->part_done[i] = transport->part_done[i] || transport->interfaces[i] == interface;
	if (--transport->parts_left > 0)
		return;
	/* Behind a save of the manifest that is still under way. */
	if (!transport->saving)
		transport_close(transport);
}

void transport_destroy(struct transport *transport)
{
	if (!transport)
		return;
	transport_release(transport);
	for (size_t i = 0; i < transport->count; i++) {
		struct take_part *part = &transport->parts[i];
		for (size_t k = 0; k < part->count; k++) {
			free(part->plans[k].name);
			free(part->plans[k].path);
		}
		free(part->plans);
		free(part->clock_path);
		free(part->reserve_path);
		take_part_finish(part);
	}
	manifest_finish(&transport->manifest);
	free(transport->folder);
	free(transport->trouble);
	free(transport->takes);
	kept_finish(&transport->kept);
	free(transport);
}

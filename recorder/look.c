#include "recorder/listen.h"

#include <errno.h>
#include <math.h>
#include <string.h>

bool recorder_busy(const struct recorder *recorder)
{
	return recorder->current || recorder->closing || recorder->resume_until_ns != 0;
}

static void add_ring(struct recorder_status *status, const struct room_interface *interface, uint32_t rate)
{
	if (!interface->capturing)
		return;
	double seconds = (double)interface->tape.samples.size / (rate ? rate : interface->rate);
	status->ring_s = status->ring_s > 0 ? fmin(status->ring_s, seconds) : seconds;
	status->ring_bytes += interface->tape.mapped;
	status->locked = status->locked && interface->tape.locked;
}

void recorder_status(struct recorder *recorder, struct recorder_status *status)
{
	*status = (struct recorder_status){
		.state = recorder->state,
		.since_ns = recorder->since_ns,
		.realtime = recorder->config.source->realtime(recorder->room.source),
		.locked = true,
		.gaps = recorder->room.before.gaps,
		.gap_frames = recorder->room.before.gap_frames,
		.suspected = recorder->room.before.suspected,
		.disk_frames = recorder->disk_frames,
		.blocked = recorder->blocked,
		.nice = syncer_nice(recorder->room.syncer),
		.unsafe_s = recorder_unsafe_s(recorder),
		.unsafe_most_s = recorder->current ? recorder->current->safety.most_s : 0,
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
		status->suspected += one.suspected;
		for (uint32_t c = 0; c < recorder->room.interfaces[i]->channels; c++)
			status->clipped += recorder->room.interfaces[i]->clipped[c];
		status->ring_high_percent = fmax(status->ring_high_percent, one.ring_high_percent);
		add_ring(status, recorder->room.interfaces[i], one.rate);
	}
}

bool recorder_advances(struct recorder *recorder)
{
	bool advances = true;
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct room_interface *interface = recorder->room.interfaces[i];
		struct writer_status status = {0};
		if (!interface->writer)
			continue;
		writer_status(interface->writer, &status);
		advances = advances && status.rounds != interface->rounds_seen;
		interface->rounds_seen = status.rounds;
	}
	return advances;
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
			.live = room_is_heard(interface),
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
		const struct room_interface *interface = recorder->room.interfaces[i];
		if (!session_needs(recorder, interface) || room_is_running(interface))
			continue;
		if (interface->failed)
			error_set(e, ENODEV, "%s", interface->why);
		else if (interface->offered > 0 && interface->offered < interface->channels)
			error_set(e, ENODEV, "interface %s has %u channel%s, and %u are asked for",
				interface->name, interface->offered, interface->offered == 1 ? "" : "s",
				interface->channels);
		else
			error_set(e, ENODEV, "interface %s is not there: no running node matches %s",
				interface->name, interface->node);
		return true;
	}
	if (recorder->room.count > 0)
		return false;
	error_set(e, ENODEV, "no interface is there to record");
	return true;
}

static void take_level(struct room_interface *interface, uint32_t channel, struct recorder_level *level)
{
	struct room_heard *heard = &interface->heard[channel];
	*level = (struct recorder_level){
		.interface = interface->name,
		.channel = channel + 1,
		.peak_db = interface->peak_db[channel],
		.rms_db = interface->rms_db[channel],
		.clipped = interface->clipped[channel],
	};
	if (heard->ticks > 0) {
		level->peak_db = heard->peak_db;
		level->rms_db = 10 * log10(heard->power / heard->ticks);
	}
	*heard = (struct room_heard){0};
}

size_t recorder_levels(struct recorder *recorder, struct recorder_level *levels, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < recorder->room.count; i++) {
		struct room_interface *interface = recorder->room.interfaces[i];
		for (uint32_t c = 0; c < interface->channels && count < most; c++)
			take_level(interface, c, &levels[count++]);
	}
	return count;
}

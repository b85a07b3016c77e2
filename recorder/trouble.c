/* What the disk did to a track, into its take's manifest while that runs, and to whoever listens. */
#include "common/memory.h"
#include "recorder/listen.h"
#include "takes/take.h"

#include <stdio.h>

static void alert(struct recorder *recorder, const char *text)
{
	recorder->callbacks.alert(recorder->callbacks.data, text);
}

void recorder_end_by_disk(struct recorder *recorder, struct transport *transport, const char *why)
{
	recorder->blocked = true;
	if (transport->trouble)
		return;
	if (recorder->current != transport) { /* it has ended; what of it is lost is told as such */
		alert(recorder, why);
		return;
	}
	transport->trouble = memory_format("the disk ended the take: %s", why);
	alert(recorder, transport->trouble);
	recorder_end_take(recorder, false);
}

static void add_loss(struct recorder *recorder, struct take_track *track, const struct track_trouble *trouble)
{
	const struct take_gap gap = {trouble->frame, trouble->frames, GAP_DISK};
	take_track_add_gap(track, gap.frame, gap.frames);
	recorder->disk_frames += gap.frames;
	recorder->callbacks.loss(recorder->callbacks.data, track->name, &gap);
}

void recorder_trouble(
	struct recorder *recorder, struct transport *transport, const struct track_trouble *trouble)
{
	struct manifest *manifest = &transport->manifest;
	struct take_track *track = &manifest->tracks[trouble->track - 1];
	switch (trouble->kind) {
	case TRACK_GOES_ON:
		if (track->segment_count > 0)
			track->segments[track->segment_count - 1].unsafe = trouble->unsafe;
		else
			track->unsafe = trouble->unsafe;
		take_track_add_segment(
			track, trouble->frame, take_raw_name(track->index, track->name, trouble->number));
		alert(recorder, trouble->text);
		break;
	case TRACK_LOST:
		add_loss(recorder, track, trouble);
		break;
	case TRACK_FULL:
		recorder_end_by_disk(recorder, transport, trouble->text);
		break;
	case TRACK_GIVEN_UP:
		alert(recorder, trouble->text);
		if (++transport->given_up == manifest->track_count)
			recorder_end_by_disk(recorder, transport, trouble->text);
		break;
	}
	if (transport->parts_left > 0)
		transport_save(transport);
}

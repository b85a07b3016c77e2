/* What the writers say, brought to the control thread and to the take that it is about. */
#include "common/clock.h"
#include "common/memory.h"
#include "recorder/listen.h"

#include <stdlib.h>

struct note {
	struct room_interface *interface;
	struct take_gap gap;
	struct take_suspect loss;
	struct track_trouble trouble;
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

static void on_suspect(void *data)
{
	struct note *note = data;
	struct recorder *recorder = note->interface->recorder;
	struct transport *transport = take_of(recorder, note->interface);
	if (transport)
		transport_suspect(transport, note->interface, &note->loss);
	recorder->callbacks.suspect(recorder->callbacks.data, note->interface->name, &note->loss);
	free(note);
}

static void on_trouble(void *data)
{
	struct note *note = data;
	struct recorder *recorder = note->interface->recorder;
	struct transport *transport = take_of(recorder, note->interface);
	if (transport)
		recorder_trouble(recorder, transport, &note->trouble);
	free(note);
}

static void on_part_done(void *data)
{
	struct room_interface *interface = data;
	struct recorder *recorder = interface->recorder;
	struct transport *transport = take_of(recorder, interface);
	if (!transport)
		return;
	/* A take with a limit ends by itself. */
	if (transport == recorder->current) {
		recorder->last_end_ns = clock_monotonic_ns();
		recorder_move_to_closing(recorder);
	}
	transport_part_done(transport, interface);
	recorder_update_state(recorder);
}

void recorder_on_gap(void *data, const struct take_gap *gap)
{
	struct room_interface *interface = data;
	struct note *note = memory_new(sizeof(*note));
	*note = (struct note){.interface = interface, .gap = *gap};
	loop_post(interface->recorder->loop, on_gap, note, free);
}

void recorder_on_suspect(void *data, const struct take_suspect *loss)
{
	struct room_interface *interface = data;
	struct note *note = memory_new(sizeof(*note));
	*note = (struct note){.interface = interface, .loss = *loss};
	loop_post(interface->recorder->loop, on_suspect, note, free);
}

void recorder_on_trouble(void *data, const struct track_trouble *trouble)
{
	struct room_interface *interface = data;
	struct note *note = memory_new(sizeof(*note));
	*note = (struct note){.interface = interface, .trouble = *trouble};
	loop_post(interface->recorder->loop, on_trouble, note, free);
}

void recorder_on_done(void *data)
{
	struct room_interface *interface = data;
	loop_post(interface->recorder->loop, on_part_done, interface, NULL);
}

/* What a take lost, or seems to have lost, into its manifest while it runs. */
#include "recorder/transport.h"

#include "common/memory.h"

/* Silence that continues a gap makes that longer. Of those past the most there is room for, the last one is
 * not known any more: each of them counts. */
static void add_gap(struct take_interface *interface, const struct take_gap *gap)
{
	struct take_gap *last = interface->gap_count > 0 ? &interface->gaps[interface->gap_count - 1] : NULL;
	if (last && interface->gaps_more == 0 && last->cause == gap->cause &&
		last->frame + last->frames == gap->frame) {
		last->frames += gap->frames;
		return;
	}
	if (interface->gap_count == TAKE_GAPS_MOST) {
		interface->gaps_more++;
		interface->gap_frames_more += gap->frames;
		return;
	}
	interface->gaps = memory_grow(interface->gaps, interface->gap_count + 1, sizeof(*interface->gaps));
	interface->gaps[interface->gap_count++] = *gap;
}

void transport_gap(
	struct transport *transport, const struct room_interface *interface, const struct take_gap *gap)
{
	for (size_t i = 0; i < transport->count; i++)
		if (transport->interfaces[i] == interface)
			add_gap(&transport->manifest.interfaces[i], gap);
	transport_save(transport);
}

void transport_suspect(
	struct transport *transport, const struct room_interface *interface, const struct take_suspect *loss)
{
	for (size_t i = 0; i < transport->count; i++) {
		struct take_interface *known = &transport->manifest.interfaces[i];
		if (transport->interfaces[i] != interface || known->suspected_total++ >= TAKE_SUSPECTED_MOST)
			continue;
		known->suspected =
			memory_grow(known->suspected, known->suspected_count + 1, sizeof(*known->suspected));
		known->suspected[known->suspected_count++] = *loss;
		transport_save(transport);
	}
}

#include "config/preset_buses.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static const struct bus_config *find(const struct key_list *buses, const char *name)
{
	const struct bus_config *items = buses->items;
	for (size_t i = 0; i < buses->count; i++)
		if (items[i].name && strcmp(items[i].name, name) == 0)
			return &items[i];
	return NULL;
}

static bool sends_to(const struct key_list *sends, const char *name)
{
	const struct send_config *items = sends->items;
	for (size_t i = 0; i < sends->count; i++)
		if (items[i].to && strcmp(items[i].to, name) == 0)
			return true;
	return false;
}

static bool goes_to(const char *bus, const struct key_list *sends, const char *name)
{
	return (bus && strcmp(bus, name) == 0) || sends_to(sends, name);
}

static bool is_fed(const struct session *session, const char *name)
{
	const struct track_config *tracks = session->tracks.items;
	const struct bus_config *buses = session->buses.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (goes_to(tracks[i].bus, &tracks[i].sends, name))
			return true;
	for (size_t i = 0; i < session->buses.count; i++)
		if (goes_to(buses[i].bus, &buses[i].sends, name))
			return true;
	return false;
}

static void move(struct key_list *to, struct key_list *from, size_t index)
{
	struct bus_config *items = from->items;
	to->items = memory_grow(to->items, to->count + 1, sizeof(*items));
	((struct bus_config *)to->items)[to->count++] = items[index];
	from->count--;
	memmove(&items[index], &items[index + 1], (from->count - index) * sizeof(*items));
}

/* A bus that was moved may feed one that was passed over: from the start again. */
static bool move_one(struct session *session, struct key_list *buses)
{
	const struct bus_config *items = buses->items;
	for (size_t i = 0; i < buses->count; i++) {
		if (!items[i].name || find(&session->buses, items[i].name) || !is_fed(session, items[i].name))
			continue;
		move(&session->buses, buses, i);
		return true;
	}
	return false;
}

static void drop_lost(const struct session *session, struct track_config *track)
{
	struct send_config *sends = track->sends.items;
	size_t kept = 0;
	for (size_t i = 0; i < track->sends.count; i++) {
		const struct bus_config *to = find(&session->buses, sends[i].to);
		if (to && to->kind == BUS_RETURN)
			sends[kept++] = sends[i];
		else
			free(sends[i].to);
	}
	track->sends.count = kept;
}

void preset_buses_join(struct session *session, struct key_list *buses)
{
	struct track_config *tracks = session->tracks.items;
	while (session->buses.count < SESSION_MOST_BUSES && move_one(session, buses))
		;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (tracks[i].sends_of_role)
			drop_lost(session, &tracks[i]);
}

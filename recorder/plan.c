#include "recorder/plan.h"

#include "common/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plan_track *add(struct plan *plan, struct room_interface *interface, char *name)
{
	plan->tracks = memory_grow(plan->tracks, plan->count + 1, sizeof(*plan->tracks));
	struct plan_track *track = &plan->tracks[plan->count++];
	*track = (struct plan_track){.name = name, .interface = interface};
	return track;
}

static void add_input(struct plan_track *track, struct room_interface *interface, uint32_t channel)
{
	track->inputs[track->channels] = memory_format("%s/%u", interface->name, channel + 1);
	track->channel[track->channels++] = channel;
}

static char *lower(char *name)
{
	for (char *c = name; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
	return name;
}

static void plan_every_channel(struct plan *plan, const struct room *room)
{
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		if (interface->failed)
			continue;
		for (uint32_t c = 0; c < interface->channels; c++) {
			char *port = interface->ports ? memory_text(interface->ports[c])
						      : memory_format("%u", c + 1);
			char *name = room->count > 1 ? memory_format("%s-%s", interface->name, port)
						     : memory_text(port);
			free(port);
			add_input(add(plan, interface, lower(name)), interface, c);
		}
	}
}

static int no_interface(
	const struct room *room, const struct track_config *track, const char *name, struct error *e)
{
	char known[256] = "";
	size_t used = 0;
	for (size_t i = 0; i < room->count && used < sizeof(known); i++)
		used += (size_t)snprintf(
			known + used, sizeof(known) - used, "%s%s", i ? ", " : "", room->interfaces[i]->name);
	return error_set(e, ENODEV, "track %s: no interface is called %s; there %s %s", track->name, name,
		room->count == 1 ? "is" : "are", room->count ? known : "none");
}

static int plan_input(struct plan_track *track, const struct room *room, const struct track_config *config,
	const char *input, struct error *e)
{
	char *name;
	int channel;
	if (session_parse_input(input, &name, &channel) < 0)
		return error_set(e, EINVAL, "track %s: %s is no input such as xr18/1", config->name, input);
	struct room_interface *interface = room_find(room, name);
	if (!interface)
		no_interface(room, config, name, e);
	free(name);
	if (!interface)
		return -ENODEV;
	uint32_t has = interface->guessed ? interface->offered : interface->channels;
	if (has > 0 && (uint32_t)channel > has)
		return error_set(
			e, EINVAL, "track %s: %s: the interface has %u channels", config->name, input, has);
	if (track->interface && track->interface != interface)
		return error_set(e, EINVAL,
			"track %s: both inputs of a stereo track must be of one interface", config->name);
	track->interface = interface;
	add_input(track, interface, (uint32_t)channel - 1);
	return 0;
}

static int nothing(const struct room *room, struct error *e)
{
	for (size_t i = 0; i < room->count; i++)
		if (room->interfaces[i]->failed)
			return error_set(e, ENODEV, "%s", room->interfaces[i]->why);
	return error_set(e, ENODEV, "no interface is there to record");
}

int plan_make(struct plan *plan, const struct room *room, const struct session *session, struct error *e)
{
	*plan = (struct plan){0};
	if (session->tracks.count == 0) {
		plan_every_channel(plan, room);
		return plan->count > 0 ? 0 : nothing(room, e);
	}
	const struct track_config *configs = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++) {
		struct plan_track *track = add(plan, NULL, memory_text(configs[i].name));
		track->role = configs[i].role ? memory_text(configs[i].role) : NULL;
		char *const *inputs = configs[i].input.items;
		for (size_t k = 0; k < configs[i].input.count && k < TRACK_CHANNELS; k++) {
			int result = plan_input(track, room, &configs[i], inputs[k], e);
			if (result < 0) {
				plan_finish(plan);
				return result;
			}
		}
	}
	return 0;
}

void plan_mark_tracked(struct room *room, const struct session *session)
{
	const struct track_config *configs = session->tracks.items;
	for (size_t i = 0; i < room->count; i++)
		for (size_t c = 0; c < SOURCE_MAX_CHANNELS; c++)
			room->interfaces[i]->tracked[c] = session->tracks.count == 0;
	for (size_t i = 0; i < session->tracks.count; i++) {
		char *const *inputs = configs[i].input.items;
		for (size_t k = 0; k < configs[i].input.count; k++) {
			char *name;
			int channel;
			if (session_parse_input(inputs[k], &name, &channel) < 0)
				continue;
			struct room_interface *interface = room_find(room, name);
			if (interface && channel <= SOURCE_MAX_CHANNELS)
				interface->tracked[channel - 1] = true;
			free(name);
		}
	}
}

void plan_finish(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->tracks[i].name);
		free(plan->tracks[i].role);
		for (uint32_t c = 0; c < plan->tracks[i].channels; c++)
			free(plan->tracks[i].inputs[c]);
	}
	free(plan->tracks);
	*plan = (struct plan){0};
}

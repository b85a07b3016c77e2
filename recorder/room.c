#include "recorder/room.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/listen.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An interface that there was no memory for may find some later. */
#define RETRY_NS (10 * CLOCK_NSEC_PER_SEC)

/* The rate the tape is sized for at first: an interface says its own only once it runs. */
enum { SIZING_RATE = 48000, NODES_MOST = 64 };

static char *name_from_node(const char *node)
{
	char *name = memory_text(node);
	for (char *c = name; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
	return name;
}

/* The node's exact name as a glob that matches nothing else. */
static char *exact_glob(const char *node)
{
	char *glob = memory_array(2 * strlen(node) + 1, 1), *out = glob;
	for (; *node; node++) {
		if (strchr("*?[]\\", *node))
			*out++ = '\\';
		*out++ = *node;
	}
	return glob;
}

static struct room_interface *add(
	struct room *room, struct recorder *recorder, char *name, char *node, uint32_t channels)
{
	struct room_interface *interface = memory_new(sizeof(*interface));
	interface->name = name;
	interface->node = node;
	interface->channels = channels;
	interface->rate = SIZING_RATE;
	interface->recorder = recorder;
	interface->index = room->count;
	room->interfaces[room->count++] = interface;
	return interface;
}

struct room_interface *room_find(const struct room *room, const char *name)
{
	for (size_t i = 0; i < room->count; i++)
		if (strcmp(room->interfaces[i]->name, name) == 0)
			return room->interfaces[i];
	return NULL;
}

static void add_configured(struct room *room, struct recorder *recorder)
{
	const struct interface_config *list = room->appliance->interfaces.items;
	for (size_t i = 0; i < room->appliance->interfaces.count && room->count < ROOM_MOST; i++)
		if (!room_find(room, list[i].name))
			add(room, recorder, memory_text(list[i].name), memory_text(list[i].node),
				(uint32_t)list[i].channels)
				->shared_clock = list[i].clock == INTERFACE_CLOCK_SHARED;
}

static void add_found(
	struct room *room, struct recorder *recorder, const struct source_node *nodes, size_t count)
{
	for (size_t i = 0; i < count && room->count < ROOM_MOST; i++) {
		char *name = name_from_node(nodes[i].name);
		if (nodes[i].channels > 0 && !room_find(room, name))
			add(room, recorder, name, exact_glob(nodes[i].name), 0);
		else
			free(name);
	}
}

static void learn_ports(struct room_interface *interface, const struct source_node *node)
{
	uint32_t channels = interface->channels ? interface->channels : node->channels;
	interface->offered = node->channels;
	if (interface->ports || node->channels < channels)
		return;
	interface->channels = channels;
	interface->ports = memory_array(channels, sizeof(*interface->ports));
	for (uint32_t c = 0; c < channels; c++)
		interface->ports[c] = memory_text(node->ports[c]);
}

/* Channels that are still to have a tape: each is to find its share of the memory. */
static uint32_t open_channels(const struct room *room)
{
	uint32_t channels = 0;
	for (size_t i = 0; i < room->count; i++)
		if (!room->interfaces[i]->capturing)
			channels += room->interfaces[i]->channels;
	return channels;
}

static int make_tape(struct room *room, struct room_interface *interface, struct error *e)
{
	struct budget_left left;
	struct budget_wish wish = {.pre_roll_s = room->appliance->recording.pre_roll_s,
		.channels = interface->channels,
		.rate = interface->rate,
		.open_channels = open_channels(room)};
	double seconds;
	if (room->memory_left)
		room->memory_left(&left);
	else
		budget_read(&left, "");
	int result = budget_tape(&seconds, &wish, &left, e);
	if (result == 0)
		result = tape_init(
			&interface->tape, interface->channels, (uint64_t)(seconds * interface->rate), e);
	if (result < 0)
		return result;
	interface->pre_roll_s = wish.pre_roll_s;
	log_info("interface %s: %u channels at up to %u Hz: a ring of %.0f s, %.0f s of pre-roll and %.0f s "
		 "for "
		 "storage that hangs (%zu MiB%s)",
		interface->name, interface->channels, interface->rate, seconds, wish.pre_roll_s,
		seconds - wish.pre_roll_s, interface->tape.mapped >> 20,
		interface->tape.locked ? ", locked in memory"
				       : ", not locked in memory: LimitMEMLOCK is too small");
	return 0;
}

static int start_writer(struct room *room, struct room_interface *interface, struct error *e)
{
	struct writer_config config = {
		.tape = &interface->tape,
		.live = &interface->capture.live,
		.syncer = room->syncer,
		.pre_roll_s = interface->pre_roll_s,
		.on_gap = recorder_on_gap,
		.on_suspect = recorder_on_suspect,
		.on_trouble = recorder_on_trouble,
		.on_done = recorder_on_done,
		.data = interface,
	};
	return writer_create(&interface->writer, &config, e);
}

static int start_capture(struct room *room, struct room_interface *interface, struct error *e)
{
	int result = make_tape(room, interface, e);
	if (result < 0)
		return result;
	interface->capture =
		(struct capture){.name = interface->name, .node = interface->node, .tape = &interface->tape};
	result = start_writer(room, interface, e);
	if (result < 0)
		return result;
	return room->type->capture(room->source, &interface->capture, e);
}

/* What it found out stays. */
static void end_writer(struct room *room, struct room_interface *interface)
{
	struct writer_status status = {0};
	if (interface->writer)
		writer_status(interface->writer, &status);
	room->before.gaps += status.gaps;
	room->before.gap_frames += status.gap_frames;
	room->before.suspected += status.suspected;
	writer_destroy(interface->writer);
	interface->writer = NULL;
}

static void close_interface(struct room *room, struct room_interface *interface)
{
	if (interface->capturing)
		room->type->release(room->source, &interface->capture);
	end_writer(room, interface);
	tape_finish(&interface->tape);
	interface->capturing = false;
}

static int start_or_fail(struct room *room, struct room_interface *interface, struct error *e)
{
	bool again = interface->failed;
	int result = start_capture(room, interface, e);
	interface->capturing = result == 0;
	interface->failed = result < 0;
	if (result == 0)
		return 0;
	if (!again)
		log_error("interface %s: %s", interface->name, e->text);
	snprintf(interface->why, sizeof(interface->why), "interface %s: %.*s", interface->name,
		(int)(sizeof(interface->why) - sizeof("interface : ") - strlen(interface->name)), e->text);
	interface->retry_ns = clock_monotonic_ns() + RETRY_NS;
	close_interface(room, interface);
	return result;
}

void room_update(struct room *room, struct recorder *recorder, bool may_add)
{
	struct source_node nodes[NODES_MOST];
	size_t count = room->type->nodes(room->source, nodes, NODES_MOST);
	if (count > NODES_MOST)
		count = NODES_MOST;
	if (room->appliance->interfaces.count > 0)
		add_configured(room, recorder);
	else if (may_add)
		add_found(room, recorder, nodes, count);
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		interface->offered = 0;
		for (size_t n = 0; n < count; n++)
			if (fnmatch(interface->node, nodes[n].name, 0) == 0)
				learn_ports(interface, &nodes[n]);
		struct error e; /* said already */
		if (!interface->capturing && !interface->failed && interface->channels > 0 &&
			start_or_fail(room, interface, &e) < 0)
			continue;
	}
}

int room_expect(struct room *room, struct room_interface *interface, uint32_t channels, struct error *e)
{
	bool more = interface->guessed && channels > interface->channels;
	if (interface->capturing && !more)
		return 0;
	if (interface->failed && !more)
		return error_set(e, ENODEV, "%s", interface->why);
	if (interface->capturing && !recorder_writers_idle(interface->recorder))
		return error_set(e, EBUSY,
			"interface %s: the take before is still being closed, with fewer channels",
			interface->name);
	close_interface(room, interface);
	interface->guessed = interface->guessed || interface->channels == 0;
	if (interface->guessed)
		interface->channels = channels;
	return start_or_fail(room, interface, e);
}

static void forget_ports(struct room_interface *interface)
{
	for (uint32_t c = 0; interface->ports && c < interface->channels; c++)
		free(interface->ports[c]);
	free(interface->ports);
	interface->ports = NULL;
}

/* Than were guessed before it was ever there. */
static bool other_channels(const struct room_interface *interface)
{
	return interface->guessed && interface->offered > 0 && interface->offered != interface->channels;
}

static bool fits(const struct room_interface *interface, const struct writer_status *status)
{
	if (other_channels(interface))
		return false;
	return status->newest_rate == status->rate && status->rate <= interface->rate;
}

static void fit(struct room *room, struct room_interface *interface)
{
	struct error e; /* said already */
	struct writer_status status;
	writer_status(interface->writer, &status);
	double pre_roll_s = room->appliance->recording.pre_roll_s;
	bool other_pre_roll = pre_roll_s < interface->pre_roll_s || pre_roll_s > interface->pre_roll_s;
	if (fits(interface, &status) && !other_pre_roll)
		return;
	if (status.newest_rate <= interface->rate && !other_pre_roll && !other_channels(interface)) {
		/* The tape is long enough; what is on it at the new rate is not lost. */
		end_writer(room, interface);
		if (start_writer(room, interface, &e) == 0)
			return;
	}
	close_interface(room, interface);
	if (status.newest_rate > interface->rate)
		interface->rate = status.newest_rate;
	if (other_channels(interface)) {
		forget_ports(interface);
		interface->guessed = false;
		interface->channels = 0; /* room_update learns them, and starts */
		return;
	}
	int result = start_or_fail(room, interface, &e);
	(void)result;
}

static void retry(struct room *room, struct room_interface *interface)
{
	struct error e; /* said already */
	if (clock_monotonic_ns() >= interface->retry_ns && start_or_fail(room, interface, &e) == 0)
		log_info("interface %s is captured now", interface->name);
}

void room_fit(struct room *room, struct recorder *recorder)
{
	bool changed = false;
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		if (interface->capturing)
			fit(room, interface);
		else if (interface->failed)
			retry(room, interface);
		changed = changed || (!interface->capturing && !interface->failed);
	}
	if (changed)
		room_update(room, recorder, false);
}

void room_reload(struct room *room, const struct appliance *appliance)
{
	room->appliance = appliance;
	for (size_t i = 0; i < room->count; i++) {
		room->interfaces[i]->retry_ns = 0;
		room->interfaces[i]->rate =
			room->interfaces[i]->failed ? SIZING_RATE : room->interfaces[i]->rate;
	}
}

static bool is_heard(const struct room_interface *interface, struct writer_status *status)
{
	if (!interface->capturing || !atomic_load(&interface->capture.live))
		return false;
	writer_status(interface->writer, status);
	return status->rate > 0;
}

bool room_is_heard(const struct room_interface *interface)
{
	struct writer_status status;
	return is_heard(interface, &status);
}

bool room_hears_others(struct room *room)
{
	bool others = false;
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		bool heard = room_is_heard(interface);
		others = others || heard != interface->heard_told;
		interface->heard_told = heard;
	}
	return others;
}

bool room_is_running(const struct room_interface *interface)
{
	struct writer_status status;
	return is_heard(interface, &status) && fits(interface, &status);
}

void room_read_levels(struct room *room)
{
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		if (!interface->capturing)
			continue;
		writer_levels(interface->writer, interface->peak_db, interface->rms_db, interface->clipped);
		for (uint32_t c = 0; c < interface->channels; c++) {
			struct room_heard *heard = &interface->heard[c];
			if (heard->ticks++ == 0 || interface->peak_db[c] > heard->peak_db)
				heard->peak_db = interface->peak_db[c];
			heard->power += pow(10, interface->rms_db[c] / 10);
		}
	}
}

void room_finish(struct room *room)
{
	for (size_t i = 0; i < room->count; i++) {
		struct room_interface *interface = room->interfaces[i];
		close_interface(room, interface);
		forget_ports(interface);
		free(interface->name);
		free(interface->node);
		free(interface);
	}
	room->count = 0;
}

void room_remake(struct room *room, struct recorder *recorder)
{
	recorder->stale = false;
	room_finish(room);
	room_update(room, recorder, true);
}

#include "network/dnssd.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <systemd/sd-bus.h>

#define RETRY_NS (30 * CLOCK_NSEC_PER_SEC)
#define AVAHI "org.freedesktop.Avahi"
#define SERVER AVAHI ".Server"
#define GROUP AVAHI ".EntryGroup"
#define HTTP "_http._tcp"

/* Of Avahi's D-Bus interface (avahi-common/defs.h): any interface and any protocol; states of its server, and
 * of a group of entries. */
enum { ANY = -1, SERVER_RUNNING = 2, GROUP_ESTABLISHED = 2, GROUP_COLLISION = 3, GROUP_FAILURE = 4 };
enum { CLASS_IN = 1, TYPE_CNAME = 5, TTL_S = 120, LABEL_MOST = 63, NAME_MOST = 255 };

struct dnssd {
	struct loop *loop;
	char *name;
	uint16_t port;
	sd_bus *bus; /* NULL: none yet */
	struct loop_source *io, *timer;
	uint32_t events; /* that `io` waits for */
	char *group;	 /* object path of our entries; NULL: none */
	char *host;	 /* the machine's name there, with its domain */
	unsigned number; /* from 1; others had our name when it is higher */
	bool asking;	 /* for what it takes to make the entries */
};

static void look_after(struct dnssd *dnssd);
static void collide(struct dnssd *dnssd);

/* ---- calls ---- */

/* A call of Avahi that does not start it. NULL: no memory, which is the bus's trouble. */
static sd_bus_message *new_call(
	struct dnssd *dnssd, const char *path, const char *interface, const char *member)
{
	sd_bus_message *call = NULL;
	if (sd_bus_message_new_method_call(dnssd->bus, &call, AVAHI, path, interface, member) < 0)
		return NULL;
	sd_bus_message_set_auto_start(call, 0);
	return call;
}

/* Takes over the call. */
static void send_call(struct dnssd *dnssd, sd_bus_message *call, sd_bus_message_handler_t answered)
{
	if (call)
		sd_bus_call_async(dnssd->bus, NULL, call, answered, dnssd, 0);
	sd_bus_message_unref(call);
}

static int on_done(sd_bus_message *answer, void *data, sd_bus_error *error)
{
	(void)data, (void)error;
	if (sd_bus_message_is_method_error(answer, NULL))
		log_debug("mdns: %s", sd_bus_message_get_error(answer)->message);
	return 0;
}

static void forget(struct dnssd *dnssd)
{
	free(dnssd->group);
	free(dnssd->host);
	dnssd->group = dnssd->host = NULL;
	dnssd->asking = false;
}

/* ---- the entries ---- */

static char *service_name(const struct dnssd *dnssd)
{
	return dnssd->number > 1 ? memory_format("%s #%u", dnssd->name, dnssd->number)
				 : memory_text(dnssd->name);
}

/* A name that somebody on this very machine has is refused at once; others take their time. */
static int on_service(sd_bus_message *answer, void *data, sd_bus_error *error)
{
	if (sd_bus_message_is_method_error(answer, AVAHI ".CollisionError"))
		collide(data);
	return on_done(answer, data, error);
}

static void add_service(struct dnssd *dnssd, const char *name)
{
	static const char *const texts[] = {"path=/", "version=" WOODSHED_VERSION};
	sd_bus_message *call = new_call(dnssd, dnssd->group, GROUP, "AddService");
	if (!call)
		return;
	sd_bus_message_append(call, "iiussssq", ANY, ANY, 0, name, HTTP, "", "", (unsigned)dnssd->port);
	sd_bus_message_open_container(call, 'a', "ay");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sd_bus_message_append_array(call, 'y', texts[i], strlen(texts[i]));
	sd_bus_message_close_container(call);
	send_call(dnssd, call, on_service);
	call = new_call(dnssd, dnssd->group, GROUP, "AddServiceSubtype");
	if (call)
		sd_bus_message_append(call, "iiussss", ANY, ANY, 0, name, HTTP, "", "_woodshed._sub." HTTP);
	send_call(dnssd, call, on_done);
}

/* A name as the DNS writes it: each label after its length, and an empty one at the end. Its size; 0: no
 * name. */
static size_t wire_name(const char *name, uint8_t wire[NAME_MOST])
{
	size_t size = 0;
	while (*name) {
		size_t length = strcspn(name, ".");
		if (length == 0 || length > LABEL_MOST || size + length + 2 > NAME_MOST)
			return 0;
		wire[size++] = (uint8_t)length;
		memcpy(wire + size, name, length);
		size += length;
		name += length;
		name += *name == '.';
	}
	wire[size++] = 0;
	return size;
}

/* The machine under the box's name, too: another name for its own, whatever addresses it has. */
static void add_alias(struct dnssd *dnssd)
{
	uint8_t wire[NAME_MOST];
	char *alias = memory_format("%s.local", dnssd->name);
	size_t size = wire_name(dnssd->host, wire);
	sd_bus_message *call = NULL;
	if (size > 0 && strcasecmp(alias, dnssd->host) != 0 && dnssd->number == 1)
		call = new_call(dnssd, dnssd->group, GROUP, "AddRecord");
	if (call) {
		sd_bus_message_append(call, "iiusqqu", ANY, ANY, 0, alias, CLASS_IN, TYPE_CNAME, TTL_S);
		sd_bus_message_append_array(call, 'y', wire, size);
	}
	send_call(dnssd, call, on_done);
	free(alias);
}

static void add_entries(struct dnssd *dnssd)
{
	char *name = service_name(dnssd);
	add_service(dnssd, name);
	add_alias(dnssd);
	send_call(dnssd, new_call(dnssd, dnssd->group, GROUP, "Commit"), on_done);
	free(name);
}

/* Somebody else has our name: we take the next, and leave the machine's other name alone. */
static void collide(struct dnssd *dnssd)
{
	dnssd->number++;
	send_call(dnssd, new_call(dnssd, dnssd->group, GROUP, "Reset"), on_done);
	add_entries(dnssd);
}

static int on_group(sd_bus_message *answer, void *data, sd_bus_error *error)
{
	(void)error;
	struct dnssd *dnssd = data;
	const char *path;
	dnssd->asking = false;
	if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "o", &path) < 0)
		return on_done(answer, data, error);
	free(dnssd->group);
	dnssd->group = memory_text(path);
	add_entries(dnssd);
	return 0;
}

static int on_host(sd_bus_message *answer, void *data, sd_bus_error *error)
{
	(void)error;
	struct dnssd *dnssd = data;
	const char *host;
	if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "s", &host) < 0) {
		dnssd->asking = false;
		return on_done(answer, data, error);
	}
	free(dnssd->host);
	dnssd->host = memory_text(host);
	send_call(dnssd, new_call(dnssd, "/", SERVER, "EntryGroupNew"), on_group);
	return 0;
}

/* A server that is not running yet, or is looking for another name for the machine, says when it is. */
static int on_state(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)error;
	struct dnssd *dnssd = data;
	int state;
	if (sd_bus_message_is_method_error(message, NULL) || sd_bus_message_read(message, "i", &state) < 0)
		return 0; /* there is no Avahi */
	if (state == SERVER_RUNNING && !dnssd->group && !dnssd->asking) {
		dnssd->asking = true;
		send_call(dnssd, new_call(dnssd, "/", SERVER, "GetHostNameFqdn"), on_host);
	} else if (state != SERVER_RUNNING && dnssd->group) {
		send_call(dnssd, new_call(dnssd, dnssd->group, GROUP, "Free"), on_done);
		forget(dnssd);
	}
	return 0;
}

static void ask_state(struct dnssd *dnssd)
{
	send_call(dnssd, new_call(dnssd, "/", SERVER, "GetState"), on_state);
}

static int on_group_state(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)error;
	struct dnssd *dnssd = data;
	const char *path = sd_bus_message_get_path(message), *why;
	int state;
	if (!dnssd->group || !path || strcmp(path, dnssd->group) != 0 ||
		sd_bus_message_read(message, "is", &state, &why) < 0)
		return 0;
	char *name = service_name(dnssd);
	if (state == GROUP_ESTABLISHED)
		log_info("mdns: found as %s", name);
	else if (state == GROUP_FAILURE)
		log_warning("mdns: %s: %s", name, why);
	free(name);
	if (state == GROUP_COLLISION)
		collide(dnssd);
	return 0;
}

static int on_owner(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)error;
	struct dnssd *dnssd = data;
	const char *name, *before, *now;
	if (sd_bus_message_read(message, "sss", &name, &before, &now) < 0 || strcmp(name, AVAHI) != 0)
		return 0;
	forget(dnssd);
	dnssd->number = 1;
	if (now[0])
		ask_state(dnssd);
	return 0;
}

/* ---- the bus ---- */

static void hang_up(struct dnssd *dnssd)
{
	loop_remove(dnssd->io);
	dnssd->io = NULL;
	dnssd->bus = sd_bus_close_unref(dnssd->bus);
	forget(dnssd);
}

static void dial(struct dnssd *dnssd)
{
	static const struct {
		const char *sender, *path, *interface, *member;
		sd_bus_message_handler_t fn;
	} signals[] = {
		{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged",
			on_owner},
		{AVAHI, "/", SERVER, "StateChanged", on_state},
		{AVAHI, NULL, GROUP, "StateChanged", on_group_state},
	};
	if (sd_bus_open_system(&dnssd->bus) < 0) {
		dnssd->bus = NULL;
		return;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sd_bus_match_signal_async(dnssd->bus, NULL, signals[i].sender, signals[i].path,
			signals[i].interface, signals[i].member, signals[i].fn, NULL, dnssd);
	ask_state(dnssd);
}

static void on_io(void *data, uint32_t events)
{
	(void)events;
	look_after(data);
}

static void on_timer(void *data)
{
	struct dnssd *dnssd = data;
	if (!dnssd->bus)
		dial(dnssd);
	look_after(dnssd);
}

/* What the bus waits for next, or when to try it again. POLLIN and the like are EPOLLIN's values. */
static void wait_on(struct dnssd *dnssd)
{
	uint64_t until_us = UINT64_MAX;
	uint32_t events = (uint32_t)sd_bus_get_events(dnssd->bus);
	if (!dnssd->io || events != dnssd->events) {
		loop_remove(dnssd->io);
		dnssd->io = loop_add_fd(dnssd->loop, sd_bus_get_fd(dnssd->bus), events, on_io, dnssd);
		dnssd->events = events;
	}
	sd_bus_get_timeout(dnssd->bus, &until_us);
	int64_t left_ns = 0;
	if (until_us != UINT64_MAX) {
		left_ns = (int64_t)until_us * 1000 - clock_monotonic_ns();
		left_ns = left_ns > 0 ? left_ns : 1;
	}
	loop_set_timer(dnssd->timer, left_ns, 0);
}

static void look_after(struct dnssd *dnssd)
{
	int result = dnssd->bus ? 1 : -1;
	while (result > 0)
		result = sd_bus_process(dnssd->bus, NULL);
	if (result < 0 || sd_bus_get_events(dnssd->bus) < 0) {
		hang_up(dnssd);
		loop_set_timer(dnssd->timer, RETRY_NS, 0);
		return;
	}
	wait_on(dnssd);
}

struct dnssd *dnssd_create(struct loop *loop, const char *name, uint16_t port)
{
	struct dnssd *dnssd = memory_new(sizeof(*dnssd));
	dnssd->loop = loop;
	dnssd->name = memory_text(name);
	dnssd->port = port;
	dnssd->number = 1;
	dnssd->timer = loop_add_timer(loop, on_timer, dnssd);
	loop_set_timer(dnssd->timer, 1, 0);
	return dnssd;
}

void dnssd_destroy(struct dnssd *dnssd)
{
	if (!dnssd)
		return;
	/* Avahi takes back what a client said that leaves the bus. */
	hang_up(dnssd);
	loop_remove(dnssd->timer);
	free(dnssd->name);
	free(dnssd);
}

#include "recorder/pipewire.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/priority.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define RETRY_NS CLOCK_NSEC_PER_SEC

static const char *const capture_classes[] = {"Audio/Source", "Audio/Source/Virtual", "Audio/Duplex"};

static bool is_capture_class(const char *media_class)
{
	for (size_t i = 0; media_class && i < sizeof(capture_classes) / sizeof(capture_classes[0]); i++)
		if (strcmp(media_class, capture_classes[i]) == 0)
			return true;
	return false;
}

static uint32_t number_of(const struct spa_dict *properties, const char *key)
{
	const char *text = spa_dict_lookup(properties, key);
	return text ? (uint32_t)strtoul(text, NULL, 10) : SPA_ID_INVALID;
}

static char *text_of(const struct spa_dict *properties, const char *key, const char *fallback)
{
	const char *text = spa_dict_lookup(properties, key);
	return memory_text(text ? text : fallback);
}

static void update_filters(struct source *source)
{
	struct filter *filter;
	spa_list_for_each(filter, &source->filters, link) filter_update(filter);
	source->callbacks.changed(source->callbacks.data);
}

static void add_node(struct source *source, uint32_t id, const struct spa_dict *properties)
{
	const char *name = spa_dict_lookup(properties, PW_KEY_NODE_NAME);
	if (!name || !is_capture_class(spa_dict_lookup(properties, PW_KEY_MEDIA_CLASS)))
		return;
	struct catalogue_node *node = memory_new(sizeof(*node));
	node->id = id;
	node->name = memory_text(name);
	node->description = text_of(properties, PW_KEY_NODE_DESCRIPTION, name);
	node->media_class = text_of(properties, PW_KEY_MEDIA_CLASS, "");
	spa_list_append(&source->nodes, &node->link);
}

static void add_port(struct source *source, uint32_t id, const struct spa_dict *properties)
{
	const char *monitor = spa_dict_lookup(properties, PW_KEY_PORT_MONITOR);
	const char *direction = spa_dict_lookup(properties, PW_KEY_PORT_DIRECTION);
	if (!direction || (monitor && strcmp(monitor, "true") == 0))
		return;
	struct catalogue_port *port = memory_new(sizeof(*port));
	port->id = id;
	port->node_id = number_of(properties, PW_KEY_NODE_ID);
	port->index = number_of(properties, PW_KEY_PORT_ID);
	port->output = strcmp(direction, "out") == 0;
	port->name = text_of(properties, PW_KEY_PORT_NAME, "");
	spa_list_append(&source->ports, &port->link);
}

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
	const struct spa_dict *properties)
{
	(void)permissions;
	(void)version;
	struct source *source = data;
	if (!properties)
		return;
	if (strcmp(type, PW_TYPE_INTERFACE_Node) == 0)
		add_node(source, id, properties);
	else if (strcmp(type, PW_TYPE_INTERFACE_Port) == 0)
		add_port(source, id, properties);
	else
		return;
	update_filters(source);
}

static void remove_node(struct catalogue_node *node)
{
	spa_list_remove(&node->link);
	free(node->name);
	free(node->description);
	free(node->media_class);
	free(node);
}

static void remove_port(struct catalogue_port *port)
{
	spa_list_remove(&port->link);
	free(port->name);
	free(port);
}

static void on_global_remove(void *data, uint32_t id)
{
	struct source *source = data;
	struct catalogue_node *node, *next_node;
	struct catalogue_port *port, *next_port;
	spa_list_for_each_safe(node, next_node, &source->nodes, link)
	{
		if (node->id == id)
			remove_node(node);
	}
	spa_list_for_each_safe(port, next_port, &source->ports, link)
	{
		if (port->id == id)
			remove_port(port);
	}
	update_filters(source);
}

static const struct pw_registry_events registry_events = {
	PW_VERSION_REGISTRY_EVENTS,
	.global = on_global,
	.global_remove = on_global_remove,
};

static void on_done(void *data, uint32_t id, int seq)
{
	struct source *source = data;
	if (id != PW_ID_CORE)
		return;
	struct filter *filter;
	spa_list_for_each(filter, &source->filters, link) filter_synced(filter, seq);
	if (seq == source->ready_seq && !source->ready) {
		source->ready = true;
		source->callbacks.ready(source->callbacks.data);
	}
}

static void on_error(void *data, uint32_t id, int seq, int result, const char *message)
{
	(void)seq;
	struct source *source = data;
	if (id != PW_ID_CORE || result != -EPIPE) {
		log_debug("PipeWire: object %u: %s (%s)", id, message, strerror(-result));
		return;
	}
	/* Not torn down here: this is called from within the connection. */
	if (!source->failed)
		log_error("PipeWire has gone; trying to find it again");
	source->failed = true;
	loop_set_timer(source->retry, RETRY_NS, 0);
}

static const struct pw_core_events core_events = {PW_VERSION_CORE_EVENTS, .done = on_done, .error = on_error};

static int note_scheduler(
	struct spa_loop *loop, bool async, uint32_t seq, const void *data, size_t size, void *user)
{
	(void)loop;
	(void)async;
	(void)seq;
	(void)data;
	(void)size;
	struct source *source = user;
	int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
	source->realtime = policy == SCHED_FIFO || policy == SCHED_RR;
	/* Not behind what writes. */
	if (!source->realtime)
		(void)priority_raise();
	return 0;
}

static void disconnect(struct source *source)
{
	struct filter *filter;
	struct catalogue_node *node;
	struct catalogue_port *port;
	spa_list_for_each(filter, &source->filters, link) filter_disconnect(filter);
	spa_list_consume(node, &source->nodes, link) remove_node(node);
	spa_list_consume(port, &source->ports, link) remove_port(port);
	if (source->registry) {
		spa_hook_remove(&source->registry_listener);
		pw_proxy_destroy((struct pw_proxy *)source->registry);
	}
	if (source->core) {
		spa_hook_remove(&source->core_listener);
		pw_core_disconnect(source->core);
	}
	if (source->context)
		pw_context_destroy(source->context);
	source->registry = NULL;
	source->core = NULL;
	source->context = NULL;
}

static bool library_is_at_least(int major, int minor)
{
	int has_major = 0, has_minor = 0;
	sscanf(pw_get_library_version(), "%d.%d", &has_major, &has_minor);
	return has_major > major || (has_major == major && has_minor >= minor);
}

static int connect_daemon(struct source *source, struct error *e)
{
	/* 1.4 folds the real-time client configuration into client.conf (capture rule 6). */
	const char *configuration = library_is_at_least(1, 4) ? "client.conf" : "client-rt.conf";
	source->context = pw_context_new(
		source->pw_loop, pw_properties_new(PW_KEY_CONFIG_NAME, configuration, NULL), 0);
	if (source->context)
		source->core = pw_context_connect(source->context, NULL, 0);
	if (!source->core)
		return error_errno(e, errno, "cannot reach PipeWire");
	pw_core_add_listener(source->core, &source->core_listener, &core_events, source);
	source->registry = pw_core_get_registry(source->core, PW_VERSION_REGISTRY, 0);
	pw_registry_add_listener(source->registry, &source->registry_listener, &registry_events, source);
	source->failed = false;
	pw_data_loop_invoke(
		pw_context_get_data_loop(source->context), note_scheduler, 1, NULL, 0, true, source);
	source->ready_seq = pw_core_sync(source->core, PW_ID_CORE, 0);
	return 0;
}

static void on_retry(void *data)
{
	struct source *source = data;
	disconnect(source);
	struct error e;
	if (connect_daemon(source, &e) < 0) {
		disconnect(source);
		loop_set_timer(source->retry, RETRY_NS, 0);
		return;
	}
	log_info("PipeWire is back");
	struct filter *filter;
	spa_list_for_each(filter, &source->filters, link)
	{
		int result = filter_connect(filter);
		if (result < 0)
			log_error("interface %s: PipeWire refuses the capture node: %s",
				filter->capture->name, strerror(-result));
	}
}

static void on_mend(void *data)
{
	struct source *source = data;
	struct filter *filter;
	if (source->failed)
		return;
	spa_list_for_each(filter, &source->filters, link) filter_mend(filter);
}

static void on_pipewire(void *data, uint32_t events)
{
	(void)events;
	struct source *source = data;
	pw_loop_iterate(source->pw_loop, 0);
}

static void close_source(struct source *source)
{
	if (!source)
		return;
	disconnect(source);
	loop_remove(source->watch);
	loop_remove(source->retry);
	loop_remove(source->mend);
	if (source->pw_loop) {
		pw_loop_leave(source->pw_loop);
		pw_loop_destroy(source->pw_loop);
	}
	free(source->port_names);
	free(source);
	pw_deinit();
}

static int open_source(
	struct source **source, struct loop *loop, const struct source_callbacks *callbacks, struct error *e)
{
	pw_init(NULL, NULL);
	struct source *made = memory_new(sizeof(*made));
	made->loop = loop;
	made->callbacks = *callbacks;
	spa_list_init(&made->nodes);
	spa_list_init(&made->ports);
	spa_list_init(&made->filters);
	made->pw_loop = pw_loop_new(NULL);
	if (!made->pw_loop) {
		free(made);
		return error_errno(e, errno, "PipeWire's loop");
	}
	pw_loop_enter(made->pw_loop);
	made->watch = loop_add_fd(loop, pw_loop_get_fd(made->pw_loop), EPOLLIN, on_pipewire, made);
	made->retry = loop_add_timer(loop, on_retry, made);
	made->mend = loop_add_timer(loop, on_mend, made);
	int result = connect_daemon(made, e);
	if (result < 0) {
		close_source(made);
		return result;
	}
	*source = made;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_node *)a)->name, ((const struct source_node *)b)->name);
}

static int by_index(const void *a, const void *b)
{
	const struct catalogue_port *x = *(const struct catalogue_port *const *)a;
	const struct catalogue_port *y = *(const struct catalogue_port *const *)b;
	return (x->index > y->index) - (x->index < y->index);
}

/* Port names of `node` from `names` on; returns how many. */
static uint32_t name_ports(const struct source *source, const struct catalogue_node *node, const char **names)
{
	const struct catalogue_port *ports[SOURCE_MAX_CHANNELS] = {NULL}, *port;
	uint32_t count = 0;
	spa_list_for_each(port, &source->ports, link)
	{
		if (port->node_id == node->id && port->output && count < SOURCE_MAX_CHANNELS)
			ports[count++] = port;
	}
	qsort(ports, count, sizeof(const struct catalogue_port *), by_index);
	for (uint32_t i = 0; i < count; i++)
		names[i] = ports[i]->name;
	return count;
}

static size_t nodes(struct source *source, struct source_node *out, size_t most)
{
	size_t count = 0;
	const struct catalogue_node *node;
	source->port_names =
		memory_grow(source->port_names, most * SOURCE_MAX_CHANNELS, sizeof(*source->port_names));
	spa_list_for_each(node, &source->nodes, link)
	{
		if (count < most) {
			const char **names = source->port_names + count * SOURCE_MAX_CHANNELS;
			out[count] = (struct source_node){
				.name = node->name,
				.description = node->description,
				.media_class = node->media_class,
				.channels = name_ports(source, node, names),
				.ports = names,
			};
		}
		count++;
	}
	qsort(out, count < most ? count : most, sizeof(*out), by_name);
	return count;
}

static void release(struct source *source, struct capture *capture)
{
	(void)source;
	if (capture->state)
		filter_destroy(capture->state);
}

static bool is_realtime(struct source *source)
{
	return source->realtime;
}

const struct source_type source_pipewire = {
	.name = "pipewire",
	.open = open_source,
	.close = close_source,
	.nodes = nodes,
	.capture = filter_create,
	.release = release,
	.realtime = is_realtime,
};

#include "recorder/player.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>
#include <spa/utils/list.h>

/* Left and right. */
enum { LINKS_MOST = 2, PATIENT_READS = 8 };

struct sink_node {
	struct spa_list link;
	uint32_t id;
	char *name;
};

struct sink_port {
	struct spa_list link;
	uint32_t id, node_id, index;
	bool output;
};

struct player {
	struct loop *loop;
	char *sink;
	void (*changed)(void *data);
	void *data;
	struct loop_source *watch;
	struct loop_source *woken; /* news from the real-time thread is looked for */
	struct pw_loop *pw_loop;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_listener, registry_listener, filter_listener;
	struct pw_registry *registry;
	struct spa_list nodes, ports;
	struct pw_filter *filter;
	void *port;
	struct pw_proxy *links[LINKS_MOST];
	uint32_t linked_to; /* SPA_ID_INVALID: nothing */
	bool was_live;

	/* To the real-time thread; the line under a sequence that is odd while it is written. */
	const struct click *_Atomic click;
	_Atomic unsigned sequence;
	_Atomic double frame, frames_per_ns;
	_Atomic int64_t nsec;
	_Atomic uint64_t cycles; /* from it, on the sink's clock */

	/* Real-time thread only. */
	struct bearing_line line;
};

/* ---- the real-time thread ---- */

/* The newest line, or the last one that could be read whole: they differ by less than a frame. */
static void read_line(struct player *player)
{
	for (int i = 0; i < PATIENT_READS; i++) {
		unsigned before = atomic_load_explicit(&player->sequence, memory_order_acquire);
		const struct bearing_line line = {atomic_load_explicit(&player->frame, memory_order_relaxed),
			atomic_load_explicit(&player->nsec, memory_order_relaxed),
			atomic_load_explicit(&player->frames_per_ns, memory_order_relaxed)};
		atomic_thread_fence(memory_order_acquire);
		unsigned after = atomic_load_explicit(&player->sequence, memory_order_relaxed);
		if (before == after && before % 2 == 0) {
			player->line = line;
			return;
		}
	}
}

/* The sink's crystal is not the take's: each of its frames is as long as its own clock says. */
static double step_of(const struct spa_io_clock *clock, double frames_per_ns)
{
	double ns = clock->rate.denom ? 1e9 / clock->rate.denom : 0;
	if (clock->next_nsec > clock->nsec && clock->duration > 0)
		ns = (double)(clock->next_nsec - clock->nsec) / (double)clock->duration;
	return ns * frames_per_ns;
}

static void on_process(void *data, struct spa_io_position *position)
{
	struct player *player = data;
	if (!position)
		return;
	const struct spa_io_clock *clock = &position->clock;
	uint32_t frames = (uint32_t)clock->duration;
	float *out = pw_filter_get_dsp_buffer(player->port, frames);
	if (!out)
		return;
	const struct click *click = atomic_load_explicit(&player->click, memory_order_acquire);
	read_line(player);
	double step = step_of(clock, player->line.frames_per_ns);
	if (click && step > 0) {
		double at = player->line.frame +
			    (double)((int64_t)clock->nsec - player->line.nsec) * player->line.frames_per_ns;
		click_render(click, at, step, out, frames);
	} else {
		memset(out, 0, frames * sizeof(*out));
	}
	atomic_fetch_add_explicit(&player->cycles, 1, memory_order_relaxed);
}

static const struct pw_filter_events filter_events = {PW_VERSION_FILTER_EVENTS, .process = on_process};

/* ---- the graph ---- */

static void drop_links(struct player *player)
{
	for (int i = 0; i < LINKS_MOST; i++) {
		if (player->links[i])
			pw_proxy_destroy(player->links[i]);
		player->links[i] = NULL;
	}
	player->linked_to = SPA_ID_INVALID;
	atomic_store(&player->cycles, 0);
}

static const struct sink_node *matching_node(const struct player *player)
{
	const struct sink_node *best = NULL, *node;
	spa_list_for_each(node, &player->nodes, link)
	{
		if (fnmatch(player->sink, node->name, 0) == 0 &&
			(!best || strcmp(node->name, best->name) < 0))
			best = node;
	}
	return best;
}

/* The first port of a node in one direction after number `after`, by port.id. */
static const struct sink_port *next_port(
	const struct player *player, uint32_t node_id, bool output, int64_t after)
{
	const struct sink_port *best = NULL, *port;
	spa_list_for_each(port, &player->ports, link)
	{
		if (port->node_id == node_id && port->output == output && (int64_t)port->index > after &&
			(!best || port->index < best->index))
			best = port;
	}
	return best;
}

static struct pw_proxy *make_link(
	struct player *player, const struct sink_port *from, const struct sink_port *to)
{
	struct pw_properties *properties =
		memory_checked(pw_properties_new(PW_KEY_OBJECT_LINGER, "false", NULL));
	pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_NODE, "%u", from->node_id);
	pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_PORT, "%u", from->id);
	pw_properties_setf(properties, PW_KEY_LINK_INPUT_NODE, "%u", to->node_id);
	pw_properties_setf(properties, PW_KEY_LINK_INPUT_PORT, "%u", to->id);
	struct pw_proxy *link = pw_core_create_object(
		player->core, "link-factory", PW_TYPE_INTERFACE_Link, PW_VERSION_LINK, &properties->dict, 0);
	pw_properties_free(properties);
	return link;
}

static void update(struct player *player)
{
	const struct sink_node *node = matching_node(player);
	if (player->linked_to != SPA_ID_INVALID && (!node || node->id != player->linked_to))
		drop_links(player);
	uint32_t own = pw_filter_get_node_id(player->filter);
	if (!node || node->id == player->linked_to || own == SPA_ID_INVALID)
		return;
	const struct sink_port *from = next_port(player, own, true, -1);
	const struct sink_port *to = next_port(player, node->id, false, -1);
	if (!from || !to)
		return;
	player->linked_to = node->id;
	for (int i = 0; i < LINKS_MOST && to; i++, to = next_port(player, node->id, false, to->index))
		player->links[i] = make_link(player, from, to);
}

static bool is_sink(const char *media_class)
{
	return media_class &&
	       (strcmp(media_class, "Audio/Sink") == 0 || strcmp(media_class, "Audio/Duplex") == 0);
}

static void add_node(struct player *player, uint32_t id, const struct spa_dict *properties)
{
	const char *name = spa_dict_lookup(properties, PW_KEY_NODE_NAME);
	if (!name || !is_sink(spa_dict_lookup(properties, PW_KEY_MEDIA_CLASS)))
		return;
	struct sink_node *node = memory_new(sizeof(*node));
	node->id = id;
	node->name = memory_text(name);
	spa_list_append(&player->nodes, &node->link);
}

static void add_port(struct player *player, uint32_t id, const struct spa_dict *properties)
{
	const char *direction = spa_dict_lookup(properties, PW_KEY_PORT_DIRECTION);
	const char *node = spa_dict_lookup(properties, PW_KEY_NODE_ID);
	const char *index = spa_dict_lookup(properties, PW_KEY_PORT_ID);
	if (!direction || !node || !index)
		return;
	struct sink_port *port = memory_new(sizeof(*port));
	*port = (struct sink_port){.id = id,
		.node_id = (uint32_t)strtoul(node, NULL, 10),
		.index = (uint32_t)strtoul(index, NULL, 10),
		.output = strcmp(direction, "out") == 0};
	spa_list_append(&player->ports, &port->link);
}

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
	const struct spa_dict *properties)
{
	(void)permissions, (void)version;
	struct player *player = data;
	if (!properties)
		return;
	if (strcmp(type, PW_TYPE_INTERFACE_Node) == 0)
		add_node(player, id, properties);
	else if (strcmp(type, PW_TYPE_INTERFACE_Port) == 0)
		add_port(player, id, properties);
	else
		return;
	update(player);
}

static void remove_node(struct sink_node *node)
{
	spa_list_remove(&node->link);
	free(node->name);
	free(node);
}

static void remove_port(struct sink_port *port)
{
	spa_list_remove(&port->link);
	free(port);
}

static void on_global_remove(void *data, uint32_t id)
{
	struct player *player = data;
	struct sink_node *node, *next_node;
	struct sink_port *port, *following;
	spa_list_for_each_safe(node, next_node, &player->nodes, link)
	{
		if (node->id == id)
			remove_node(node);
	}
	spa_list_for_each_safe(port, following, &player->ports, link)
	{
		if (port->id == id)
			remove_port(port);
	}
	update(player);
}

static const struct pw_registry_events registry_events = {
	PW_VERSION_REGISTRY_EVENTS, .global = on_global, .global_remove = on_global_remove};

/* Without the daemon there is nobody to play to; the take that it accompanies goes on as it can. */
static void on_error(void *data, uint32_t id, int seq, int result, const char *message)
{
	(void)data, (void)seq;
	if (id == PW_ID_CORE && result == -EPIPE)
		log_warning("the click: PipeWire has gone");
	else
		log_debug("the click: object %u: %s (%s)", id, message, strerror(-result));
}

static const struct pw_core_events core_events = {PW_VERSION_CORE_EVENTS, .error = on_error};

/* ---- making ---- */

static int make_filter(struct player *player)
{
	struct pw_properties *properties = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio",
		PW_KEY_MEDIA_CATEGORY, "Playback", PW_KEY_MEDIA_ROLE, "Production",
		PW_KEY_NODE_ALWAYS_PROCESS, "true", PW_KEY_NODE_AUTOCONNECT, "false", PW_KEY_NODE_NAME,
		"woodshed.click", PW_KEY_NODE_DESCRIPTION, "Woodshed: click", NULL);
	memory_checked(properties);
	/* On the sink's clock, and nobody else's. */
	pw_properties_setf(properties, PW_KEY_NODE_GROUP, "woodshed.%d.click", getpid());
	player->filter = pw_filter_new(player->core, "woodshed", properties);
	if (!player->filter)
		return -errno;
	pw_filter_add_listener(player->filter, &player->filter_listener, &filter_events, player);
	struct pw_properties *port = pw_properties_new(
		PW_KEY_FORMAT_DSP, "32 bit float mono audio", PW_KEY_PORT_NAME, "output_1", NULL);
	player->port = pw_filter_add_port(
		player->filter, PW_DIRECTION_OUTPUT, PW_FILTER_PORT_FLAG_MAP_BUFFERS, 0, port, NULL, 0);
	return player->port ? pw_filter_connect(player->filter, PW_FILTER_FLAG_RT_PROCESS, NULL, 0) : -errno;
}

static const char *configuration(void)
{
	int major = 0, minor = 0;
	sscanf(pw_get_library_version(), "%d.%d", &major, &minor);
	/* 1.4 folds the real-time client configuration into client.conf (capture rule 6). */
	return major > 1 || (major == 1 && minor >= 4) ? "client.conf" : "client-rt.conf";
}

static int connect_daemon(struct player *player, struct error *e)
{
	player->context = pw_context_new(
		player->pw_loop, pw_properties_new(PW_KEY_CONFIG_NAME, configuration(), NULL), 0);
	if (player->context)
		player->core = pw_context_connect(player->context, NULL, 0);
	if (!player->core)
		return error_errno(e, errno, "the click cannot reach PipeWire");
	pw_core_add_listener(player->core, &player->core_listener, &core_events, player);
	int result = make_filter(player);
	if (result < 0)
		return error_errno(e, result, "PipeWire refuses the click's node");
	player->registry = pw_core_get_registry(player->core, PW_VERSION_REGISTRY, 0);
	pw_registry_add_listener(player->registry, &player->registry_listener, &registry_events, player);
	return 0;
}

/* Whether the cycles run is the real-time thread's to know, which tells nobody: it is looked at. */
#define LOOK_NS (CLOCK_NSEC_PER_SEC / 50)

static void on_woken(void *data)
{
	struct player *player = data;
	/* The filter has its id a moment after its ports are told of. */
	update(player);
	if (player_is_live(player) == player->was_live)
		return;
	player->was_live = !player->was_live;
	player->changed(player->data);
}

static void on_pipewire(void *data, uint32_t events)
{
	(void)events;
	struct player *player = data;
	pw_loop_iterate(player->pw_loop, 0);
}

int player_open(struct player **player, struct loop *loop, const char *sink, void (*changed)(void *data),
	void *data, struct error *e)
{
	struct player *made = memory_new(sizeof(*made));
	pw_init(NULL, NULL);
	made->loop = loop;
	made->sink = memory_text(sink);
	made->changed = changed;
	made->data = data;
	made->linked_to = SPA_ID_INVALID;
	spa_list_init(&made->nodes);
	spa_list_init(&made->ports);
	made->pw_loop = pw_loop_new(NULL);
	int result = made->pw_loop ? 0 : error_errno(e, errno, "PipeWire's loop");
	if (result == 0) {
		pw_loop_enter(made->pw_loop);
		made->watch = loop_add_fd(loop, pw_loop_get_fd(made->pw_loop), EPOLLIN, on_pipewire, made);
		made->woken = loop_add_timer(loop, on_woken, made);
		result = connect_daemon(made, e);
	}
	if (result < 0) {
		player_close(made);
		return result;
	}
	loop_set_timer(made->woken, LOOK_NS, LOOK_NS);
	*player = made;
	return 0;
}

static void disconnect(struct player *player)
{
	struct sink_node *node;
	struct sink_port *port;
	drop_links(player);
	if (player->filter) {
		spa_hook_remove(&player->filter_listener);
		pw_filter_destroy(player->filter);
	}
	if (player->registry) {
		spa_hook_remove(&player->registry_listener);
		pw_proxy_destroy((struct pw_proxy *)player->registry);
	}
	if (player->core) {
		spa_hook_remove(&player->core_listener);
		pw_core_disconnect(player->core);
	}
	if (player->context)
		pw_context_destroy(player->context);
	spa_list_consume(node, &player->nodes, link) remove_node(node);
	spa_list_consume(port, &player->ports, link) remove_port(port);
}

void player_close(struct player *player)
{
	if (!player)
		return;
	disconnect(player);
	if (player->pw_loop) {
		loop_remove(player->watch);
		loop_remove(player->woken);
		pw_loop_leave(player->pw_loop);
		pw_loop_destroy(player->pw_loop);
	}
	free(player->sink);
	free(player);
	pw_deinit();
}

bool player_is_live(const struct player *player)
{
	return player->linked_to != SPA_ID_INVALID && atomic_load(&player->cycles) > 1;
}

void player_follow(struct player *player, const struct bearing_line *line)
{
	unsigned sequence = atomic_load_explicit(&player->sequence, memory_order_relaxed);
	atomic_store_explicit(&player->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&player->frame, line->frame, memory_order_relaxed);
	atomic_store_explicit(&player->nsec, line->nsec, memory_order_relaxed);
	atomic_store_explicit(&player->frames_per_ns, line->frames_per_ns, memory_order_relaxed);
	atomic_store_explicit(&player->sequence, sequence + 2, memory_order_release);
}

void player_play(struct player *player, const struct click *click)
{
	atomic_store_explicit(&player->click, click, memory_order_release);
}

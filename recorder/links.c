#include "recorder/pipewire.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/clock-xrun.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pipewire/link.h>

/* After the last link became active, ports may still give the mixer's silence for a cycle or two (marked
 * EMPTY). A device that marks real silence so shall not be waited for longer than this. */
enum { SETTLE_CYCLES_MOST = 64 };

/* And a port that was linked a moment after the others may give its block of the cycle before once (1.4.2).
 */
enum { STEADY_CYCLES = 2 };

/* The cycle that we ask for. Every cycle wakes us and has PipeWire go through all ports, and a recorder can
 * wait. It is no more than a wish: the daemon's default.clock.max-quantum and half of an ALSA device's buffer
 * are limits, and of all who listen to an interface the one who asks for least is given it. So that he is
 * when he comes later, too, the quantum is not locked. */
#define LATENCY "4096/48000"

/* A link that is gone is made again after MEND_NS, and one that was refused after REFUSED_NS: whoever removes
 * it whenever it comes shall not keep the daemon busy. */
#define MEND_NS (CLOCK_NSEC_PER_SEC / 50)
#define REFUSED_NS CLOCK_NSEC_PER_SEC

struct filter_link {
	struct filter *filter;
	struct pw_proxy *proxy;
	struct spa_hook proxy_listener, link_listener;
	bool active;
	bool gone; /* removed by the daemon, or failed */
};

/* What the ports of one cycle brought. */
struct blocks {
	const float *channels[SOURCE_MAX_CHANNELS];
	bool whole;	 /* every port has a buffer of its link's */
	bool empty;	 /* PipeWire itself made one up, because nothing arrived */
	uint32_t frames; /* UINT32_MAX: no port says */
};

/* RT safe. In the cycle in which the graph changes its quantum the clock has the new one already, while the
 * interface brings what the old one was (seen on 0.3.65): how much there is, the buffers alone know. */
static void read_port(struct blocks *blocks, uint32_t channel, void *port, uint64_t duration)
{
	struct pw_buffer *buffer = pw_filter_dequeue_buffer(port);
	blocks->channels[channel] = NULL;
	if (!buffer) {
		blocks->whole = false;
		return;
	}
	pw_filter_queue_buffer(port, buffer);
	const struct spa_data *data = &buffer->buffer->datas[0];
	uint32_t frames = data->chunk->size / (uint32_t)sizeof(float);
	blocks->channels[channel] = data->data;
	if (((uint32_t)data->chunk->flags & SPA_CHUNK_FLAG_EMPTY) != 0) {
		blocks->empty = true;
		/* The silence of a port that has lost its link is as long as its buffer (0.3.65); nobody else
		 * knows of that yet. */
		if (frames != duration)
			blocks->whole = false;
	} else if (frames > 0 && frames < blocks->frames) {
		blocks->frames = frames;
	}
}

/* False while the ports are not all linked and fed: then this cycle is not the interface's. Links may be gone
 * and made again between two cycles: they are new ones. */
static bool is_valid(struct filter *filter, const struct blocks *blocks)
{
	bool live = atomic_load_explicit(&filter->capture->live, memory_order_acquire);
	bool parted = atomic_exchange_explicit(&filter->parted, false, memory_order_acq_rel);
	if (!blocks->whole || !live || parted) {
		filter->settling = SETTLE_CYCLES_MOST;
		filter->steady = 0;
		filter->relinked = true;
		return false;
	}
	if (filter->settling == 0)
		return true;
	filter->steady = blocks->empty ? 0 : filter->steady + 1;
	filter->settling = filter->steady > STEADY_CYCLES ? 0 : filter->settling - 1;
	return filter->settling == 0 && !blocks->empty;
}

/* The capture thread's whole work: every port's block onto the tape, with the driver's clock beside it. */
static void on_process(void *data, struct spa_io_position *position)
{
	struct filter *filter = data;
	struct blocks blocks = {.whole = true, .frames = UINT32_MAX};
	if (!position)
		return;
	for (uint32_t c = 0; c < filter->channels; c++)
		read_port(&blocks, c, filter->ports[c], position->clock.duration);
	const struct spa_io_clock *clock = &position->clock;
	/* When nodes join or leave the graph, a cycle may come twice (seen on 0.3.65). */
	bool again = clock->id == filter->last_clock_id && clock->position == filter->last_position;
	uint64_t xrun = clock_xrun(clock);
	bool overrun = clock->id == filter->last_clock_id && xrun > filter->last_xrun;
	filter->last_clock_id = clock->id;
	filter->last_position = clock->position;
	filter->last_xrun = xrun;
	if (!is_valid(filter, &blocks) || again)
		return;
	struct cycle cycle = {
		.frames = blocks.frames < UINT32_MAX ? blocks.frames : (uint32_t)clock->duration,
		.rate = clock->rate.denom,
		.clock_id = clock->id,
		.position = clock->position,
		.nsec = (int64_t)clock->nsec,
		.overrun = overrun,
		.relinked = filter->relinked,
	};
	filter->relinked = false;
	tape_record(filter->capture->tape, &cycle, blocks.channels);
}

static void on_state(void *data, enum pw_filter_state old, enum pw_filter_state state, const char *error)
{
	(void)old;
	struct filter *filter = data;
	if (state == PW_FILTER_STATE_ERROR && !filter->source->failed)
		log_warning("interface %s: PipeWire: %s", filter->capture->name, error ? error : "error");
	/* Our own ports are in the registry from now on, and only now is the node's id known. */
	filter_update(filter);
}

static const struct pw_filter_events filter_events = {
	PW_VERSION_FILTER_EVENTS,
	.state_changed = on_state,
	.process = on_process,
};

static void set_live(struct filter *filter, bool live)
{
	if (!live)
		atomic_store_explicit(&filter->parted, true, memory_order_release);
	if (atomic_exchange_explicit(&filter->capture->live, live, memory_order_acq_rel) != live)
		filter->source->callbacks.changed(filter->source->callbacks.data);
}

static void drop_link(struct filter *filter, uint32_t channel)
{
	struct filter_link *link = filter->links[channel];
	filter->links[channel] = NULL;
	if (!link)
		return;
	if (link->proxy) {
		spa_hook_remove(&link->proxy_listener);
		spa_hook_remove(&link->link_listener);
		pw_proxy_destroy(link->proxy);
	}
	free(link);
}

static void drop_links(struct filter *filter)
{
	set_live(filter, false);
	for (uint32_t c = 0; c < filter->channels; c++)
		drop_link(filter, c);
	filter->node_id = SPA_ID_INVALID;
	filter->settle_seq = -1;
}

static bool all_active(const struct filter *filter)
{
	for (uint32_t c = 0; c < filter->channels; c++)
		if (!filter->links[c] || !filter->links[c]->active)
			return false;
	return true;
}

static void lose_link(struct filter_link *link, int64_t mend_after_ns)
{
	link->active = false;
	link->gone = true;
	set_live(link->filter, false);
	loop_set_timer(link->filter->source->mend, mend_after_ns, 0);
}

static void on_link_info(void *data, const struct pw_link_info *info)
{
	struct filter_link *link = data;
	struct filter *filter = link->filter;
	if (info->state == PW_LINK_STATE_ERROR) {
		log_warning("interface %s: a link failed: %s", filter->capture->name,
			info->error ? info->error : "");
		lose_link(link, REFUSED_NS);
		return;
	}
	bool active = info->state == PW_LINK_STATE_ACTIVE;
	if (active == link->active)
		return;
	link->active = active;
	if (!active)
		set_live(filter, false);
	else if (all_active(filter))
		filter->settle_seq = pw_core_sync(filter->source->core, PW_ID_CORE, 0);
}

static const struct pw_link_events link_events = {PW_VERSION_LINK_EVENTS, .info = on_link_info};

static void on_proxy_removed(void *data)
{
	lose_link(data, MEND_NS);
}

static void on_proxy_destroy(void *data)
{
	struct filter_link *link = data;
	spa_hook_remove(&link->proxy_listener);
	spa_hook_remove(&link->link_listener);
	link->proxy = NULL;
}

static void on_proxy_error(void *data, int seq, int result, const char *message)
{
	(void)seq;
	struct filter_link *link = data;
	log_warning("interface %s: cannot link: %s (%s)", link->filter->capture->name, message,
		strerror(-result));
	lose_link(link, REFUSED_NS);
}

static const struct pw_proxy_events proxy_events = {
	PW_VERSION_PROXY_EVENTS,
	.destroy = on_proxy_destroy,
	.removed = on_proxy_removed,
	.error = on_proxy_error,
};

static void make_link(struct filter *filter, uint32_t channel, const struct catalogue_port *from,
	const struct catalogue_port *to)
{
	struct filter_link *link = memory_new(sizeof(*link));
	struct pw_properties *properties =
		memory_checked(pw_properties_new(PW_KEY_OBJECT_LINGER, "false", NULL));
	pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_NODE, "%u", from->node_id);
	pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_PORT, "%u", from->id);
	pw_properties_setf(properties, PW_KEY_LINK_INPUT_NODE, "%u", to->node_id);
	pw_properties_setf(properties, PW_KEY_LINK_INPUT_PORT, "%u", to->id);
	link->filter = filter;
	link->proxy = pw_core_create_object(filter->source->core, "link-factory", PW_TYPE_INTERFACE_Link,
		PW_VERSION_LINK, &properties->dict, 0);
	pw_properties_free(properties);
	filter->links[channel] = link;
	if (!link->proxy) {
		log_warning("interface %s: cannot link channel %u: %s", filter->capture->name, channel + 1,
			strerror(errno));
		lose_link(link, REFUSED_NS);
		return;
	}
	pw_proxy_add_listener(link->proxy, &link->proxy_listener, &proxy_events, link);
	pw_proxy_add_object_listener(link->proxy, &link->link_listener, &link_events, link);
}

static const struct catalogue_node *matching_node(const struct filter *filter)
{
	const struct catalogue_node *best = NULL, *node;
	spa_list_for_each(node, &filter->source->nodes, link)
	{
		if (fnmatch(filter->capture->node, node->name, 0) == 0 &&
			(!best || strcmp(node->name, best->name) < 0))
			best = node;
	}
	return best;
}

/* The `channels` first ports of a node in one direction, by port.id; false while some are not there yet. */
static bool first_ports(
	const struct filter *filter, uint32_t node_id, bool output, const struct catalogue_port **ports)
{
	uint32_t found = 0;
	int64_t last = -1;
	while (found < filter->channels) {
		const struct catalogue_port *next = NULL, *port;
		spa_list_for_each(port, &filter->source->ports, link)
		{
			if (port->node_id == node_id && port->output == output &&
				(int64_t)port->index > last && (!next || port->index < next->index))
				next = port;
		}
		if (!next)
			return false;
		last = next->index;
		ports[found++] = next;
	}
	return true;
}

void filter_update(struct filter *filter)
{
	if (!filter->filter || !filter->source->core)
		return;
	const struct catalogue_node *node = matching_node(filter);
	if (filter->node_id != SPA_ID_INVALID && (!node || node->id != filter->node_id))
		drop_links(filter);
	const struct catalogue_port *from[SOURCE_MAX_CHANNELS], *to[SOURCE_MAX_CHANNELS];
	uint32_t own_id = pw_filter_get_node_id(filter->filter);
	if (!node || filter->node_id == node->id || own_id == SPA_ID_INVALID ||
		!first_ports(filter, node->id, true, from) || !first_ports(filter, own_id, false, to))
		return;
	filter->node_id = node->id;
	for (uint32_t c = 0; c < filter->channels; c++)
		make_link(filter, c, from[c], to[c]);
}

void filter_mend(struct filter *filter)
{
	const struct catalogue_node *node = filter->filter ? matching_node(filter) : NULL;
	if (!node || filter->node_id != node->id)
		return;
	const struct catalogue_port *from[SOURCE_MAX_CHANNELS], *to[SOURCE_MAX_CHANNELS];
	if (!first_ports(filter, node->id, true, from) ||
		!first_ports(filter, pw_filter_get_node_id(filter->filter), false, to)) {
		drop_links(filter); /* all of them anew when the ports are back */
		return;
	}
	for (uint32_t c = 0; c < filter->channels; c++) {
		if (filter->links[c] && !filter->links[c]->gone)
			continue;
		log_warning("interface %s: the link of channel %u was gone; it is made again",
			filter->capture->name, c + 1);
		drop_link(filter, c);
		make_link(filter, c, from[c], to[c]);
	}
}

void filter_synced(struct filter *filter, int seq)
{
	if (seq == filter->settle_seq && all_active(filter))
		set_live(filter, true);
}

int filter_connect(struct filter *filter)
{
	struct pw_properties *properties = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio",
		PW_KEY_MEDIA_CATEGORY, "Capture", PW_KEY_MEDIA_ROLE, "Production", PW_KEY_NODE_ALWAYS_PROCESS,
		"true", PW_KEY_NODE_LATENCY, LATENCY, PW_KEY_NODE_LOCK_RATE, "true", PW_KEY_NODE_AUTOCONNECT,
		"false", NULL);
	memory_checked(properties);
	pw_properties_setf(properties, PW_KEY_NODE_NAME, "woodshed.%s", filter->capture->name);
	pw_properties_setf(properties, PW_KEY_NODE_DESCRIPTION, "Woodshed: %s", filter->capture->name);
	/* A group of its own, so that it follows its interface's driver and no other's (capture rule 1). */
	pw_properties_setf(properties, PW_KEY_NODE_GROUP, "woodshed.%d.%s", getpid(), filter->capture->name);
	/* Nobody processes yet. What comes first is new, even if no cycle shows that it was away. */
	filter->settling = SETTLE_CYCLES_MOST;
	filter->relinked = true;
	filter->filter = pw_filter_new(filter->source->core, "woodshed", properties);
	if (!filter->filter)
		return -errno;
	pw_filter_add_listener(filter->filter, &filter->listener, &filter_events, filter);
	for (uint32_t c = 0; c < filter->channels; c++) {
		struct pw_properties *port =
			memory_checked(pw_properties_new(PW_KEY_FORMAT_DSP, "32 bit float mono audio", NULL));
		pw_properties_setf(port, PW_KEY_PORT_NAME, "input_%u", c + 1);
		filter->ports[c] = pw_filter_add_port(filter->filter, PW_DIRECTION_INPUT,
			PW_FILTER_PORT_FLAG_MAP_BUFFERS, 0, port, NULL, 0);
		if (!filter->ports[c])
			return -errno;
	}
	return pw_filter_connect(filter->filter, PW_FILTER_FLAG_RT_PROCESS, NULL, 0);
}

void filter_disconnect(struct filter *filter)
{
	drop_links(filter);
	if (filter->filter) {
		spa_hook_remove(&filter->listener);
		pw_filter_destroy(filter->filter);
	}
	filter->filter = NULL;
}

int filter_create(struct source *source, struct capture *capture, struct error *e)
{
	struct filter *filter = memory_new(sizeof(*filter));
	filter->source = source;
	filter->capture = capture;
	filter->channels = capture->tape->channels;
	filter->node_id = SPA_ID_INVALID;
	filter->settle_seq = -1;
	capture->state = filter;
	spa_list_append(&source->filters, &filter->link);
	int result = source->core ? filter_connect(filter) : 0;
	if (result < 0) {
		filter_destroy(filter);
		return error_errno(
			e, result, "interface %s: PipeWire refuses the capture node", capture->name);
	}
	filter_update(filter);
	return 0;
}

void filter_destroy(struct filter *filter)
{
	filter_disconnect(filter);
	spa_list_remove(&filter->link);
	filter->capture->state = NULL;
	free(filter);
}

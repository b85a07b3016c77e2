#include "mixer/graph.h"

#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t master_of(const struct graph *graph)
{
	return graph->node_count - 1;
}

static bool is_master(const char *name)
{
	return !name || strcmp(name, BUS_MASTER) == 0;
}

/* The node of a bus; node_count if there is none. */
static size_t find_bus(const struct graph *graph, const char *name)
{
	for (size_t i = graph->track_count; i < master_of(graph); i++)
		if (strcmp(graph->nodes[i].name, name) == 0)
			return i;
	return graph->node_count;
}

const struct vca_config *graph_find_vca(const struct session *session, const char *name)
{
	const struct vca_config *vcas = session->vcas.items;
	for (size_t i = 0; i < session->vcas.count; i++)
		if (strcmp(vcas[i].name, name) == 0)
			return &vcas[i];
	return NULL;
}

const struct key_list *graph_vcas(const struct graph_node *node)
{
	static const struct key_list none;
	return node->track ? &node->track->vca : node->bus ? &node->bus->vca : &none;
}

static const struct key_list *sends_of(const struct graph_node *node)
{
	return node->track ? &node->track->sends : &node->bus->sends;
}

static const char *output_of(const struct graph_node *node)
{
	return node->track ? node->track->bus : node->bus->bus;
}

static void make_nodes(struct graph *graph, const struct session *session)
{
	const struct track_config *tracks = session->tracks.items;
	const struct bus_config *buses = session->buses.items;
	graph->track_count = session->tracks.count;
	graph->node_count = session->tracks.count + session->buses.count + 1;
	graph->nodes = memory_array(graph->node_count, sizeof(*graph->nodes));
	struct graph_node *node = graph->nodes;
	for (size_t i = 0; i < session->tracks.count; i++)
		*node++ = (struct graph_node){.name = tracks[i].name, .track = &tracks[i]};
	for (size_t i = 0; i < session->buses.count; i++)
		*node++ = (struct graph_node){.name = buses[i].name, .bus = &buses[i]};
	*node = (struct graph_node){.name = BUS_MASTER};
}

/* ---- edges ---- */

static int add_edge(struct graph *graph, size_t from, size_t to, const struct send_config *send)
{
	if (to == graph->node_count)
		return -EINVAL;
	graph->edges[graph->edge_count++] = (struct graph_edge){.from = from, .to = to, .send = send};
	return 0;
}

static int add_edges_of(struct graph *graph, size_t index, struct error *e)
{
	const struct graph_node *node = &graph->nodes[index];
	const char *output = output_of(node);
	size_t to = is_master(output) ? master_of(graph) : find_bus(graph, output);
	if (add_edge(graph, index, to, NULL) < 0)
		return error_set(e, EINVAL, "%s: no bus %s", node->name, output);
	const struct send_config *sends = sends_of(node)->items;
	for (size_t i = 0; i < sends_of(node)->count; i++)
		if (add_edge(graph, index, find_bus(graph, sends[i].to), &sends[i]) < 0)
			return error_set(e, EINVAL, "%s: no return %s", node->name, sends[i].to);
	return 0;
}

/* Stable: sends of one strip keep the session's order. */
static int by_destination(const void *a, const void *b)
{
	const struct graph_edge *x = a, *y = b;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->send > y->send) - (x->send < y->send);
}

static int make_edges(struct graph *graph, struct error *e)
{
	size_t most = 0;
	for (size_t i = 0; i < master_of(graph); i++)
		most += 1 + sends_of(&graph->nodes[i])->count;
	graph->edges = memory_array(most, sizeof(*graph->edges));
	for (size_t i = 0; i < master_of(graph); i++) {
		int result = add_edges_of(graph, i, e);
		if (result < 0)
			return result;
	}
	qsort(graph->edges, graph->edge_count, sizeof(*graph->edges), by_destination);
	for (size_t i = graph->edge_count; i-- > 0;) {
		struct graph_node *to = &graph->nodes[graph->edges[i].to];
		to->first_edge = i;
		to->edge_count++;
	}
	return 0;
}

/* ---- order ---- */

/* Raises each edge's end above its start, again and again; a circle would rise for ever. */
static int find_levels(struct graph *graph, struct error *e)
{
	bool risen = true;
	for (size_t round = 0; risen; round++) {
		if (round > graph->node_count)
			return error_set(e, ELOOP, "the buses feed each other in a circle");
		risen = false;
		for (size_t i = 0; i < graph->edge_count; i++) {
			struct graph_node *to = &graph->nodes[graph->edges[i].to];
			uint32_t least = graph->nodes[graph->edges[i].from].level + 1;
			risen |= to->level < least;
			to->level = to->level < least ? least : to->level;
		}
	}
	/* A bus that nothing feeds still stands after the tracks, and the master after all. */
	uint32_t top = 0;
	for (size_t i = graph->track_count; i < master_of(graph); i++) {
		struct graph_node *node = &graph->nodes[i];
		node->level = node->level > 0 ? node->level : 1;
		top = node->level > top ? node->level : top;
	}
	graph->nodes[master_of(graph)].level = top + 1;
	graph->levels = top + 2;
	return 0;
}

/* ---- what is heard ---- */

struct solo {
	bool any;
	bool *carries; /* a node: what comes out of it is (also) of something soloed */
	bool *wanted;  /* a node: something soloed lies in it or behind it */
};

static bool is_soloed(const struct graph_node *node)
{
	return node->track ? node->track->solo : node->bus && node->bus->solo;
}

static int find_muted(struct graph_node *node, const struct session *session, struct error *e)
{
	const struct key_list *names = graph_vcas(node);
	node->muted = node->track ? node->track->mute : node->bus && node->bus->mute;
	for (size_t i = 0; i < names->count; i++) {
		const char *name = ((char *const *)names->items)[i];
		const struct vca_config *vca = graph_find_vca(session, name);
		if (!vca)
			return error_set(e, EINVAL, "%s: no VCA group %s", node->name, name);
		node->muted |= vca->mute;
	}
	return 0;
}

/* What goes along edges has settled after as many rounds as there are levels. */
static void find_solo(const struct graph *graph, struct solo *solo)
{
	for (size_t i = 0; i < graph->node_count; i++) {
		solo->carries[i] = solo->wanted[i] = is_soloed(&graph->nodes[i]);
		solo->any |= solo->wanted[i];
	}
	/* Being inside a soloed bus is being soloed. */
	for (uint32_t round = 0; round < graph->levels; round++)
		for (size_t i = 0; i < graph->edge_count; i++) {
			const struct graph_edge *edge = &graph->edges[i];
			solo->wanted[edge->from] |= solo->wanted[edge->to];
			if (!edge->send)
				solo->carries[edge->from] |= solo->carries[edge->to];
		}
	for (uint32_t round = 0; round < graph->levels; round++)
		for (size_t i = 0; i < graph->edge_count; i++)
			solo->carries[graph->edges[i].to] |= solo->carries[graph->edges[i].from];
}

static void open_edges(struct graph *graph, const struct solo *solo)
{
	for (size_t i = 0; i < graph->edge_count; i++) {
		struct graph_edge *edge = &graph->edges[i];
		bool heard = !solo->any || solo->carries[edge->from] || solo->wanted[edge->to];
		edge->open = heard && !graph->nodes[edge->from].muted;
	}
}

static void find_used(struct graph *graph)
{
	graph->nodes[master_of(graph)].used = true;
	for (uint32_t round = 0; round < graph->levels; round++)
		for (size_t i = 0; i < graph->edge_count; i++)
			if (graph->edges[i].open && graph->nodes[graph->edges[i].to].used)
				graph->nodes[graph->edges[i].from].used = true;
}

static int find_heard(struct graph *graph, const struct session *session, struct error *e)
{
	for (size_t i = 0; i < graph->node_count; i++) {
		int result = find_muted(&graph->nodes[i], session, e);
		if (result < 0)
			return result;
	}
	struct solo solo = {.carries = memory_array(graph->node_count, sizeof(bool)),
		.wanted = memory_array(graph->node_count, sizeof(bool))};
	find_solo(graph, &solo);
	open_edges(graph, &solo);
	find_used(graph);
	free(solo.carries);
	free(solo.wanted);
	return 0;
}

int graph_plan(struct graph *graph, const struct session *session, struct error *e)
{
	*graph = (struct graph){0};
	make_nodes(graph, session);
	int result = make_edges(graph, e);
	if (result == 0)
		result = find_levels(graph, e);
	if (result == 0)
		result = find_heard(graph, session, e);
	if (result < 0)
		graph_finish(graph);
	return result;
}

void graph_finish(struct graph *graph)
{
	free(graph->nodes);
	free(graph->edges);
	*graph = (struct graph){0};
}

static uint32_t departure(const struct graph *graph, size_t node)
{
	return graph->nodes[node].arrival + graph->nodes[node].latency;
}

void graph_align(struct graph *graph)
{
	for (uint32_t level = 1; level < graph->levels; level++) {
		for (size_t i = 0; i < graph->edge_count; i++) {
			struct graph_node *to = &graph->nodes[graph->edges[i].to];
			uint32_t ready = departure(graph, graph->edges[i].from);
			if (to->level == level && to->arrival < ready)
				to->arrival = ready;
		}
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		struct graph_edge *edge = &graph->edges[i];
		edge->delay = graph->nodes[edge->to].arrival - departure(graph, edge->from);
	}
	graph->latency = departure(graph, master_of(graph));
}

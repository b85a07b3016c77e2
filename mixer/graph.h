/* The plan of a mix: which strips feed which, in what order they can run, which ways are open, and by how
 * much each way is delayed so that all that meet were played at one moment. Pure; knows no samples. */
#ifndef WOODSHED_MIXER_GRAPH_H
#define WOODSHED_MIXER_GRAPH_H

#include "common/error.h"
#include "config/session.h"

#include <stdint.h>

/* A strip: the tracks come first, in the session's order, then the buses in theirs, then the master. */
struct graph_node {
	const char *name;
	const struct track_config *track; /* NULL: none */
	const struct bus_config *bus;	  /* NULL: none; the master has neither */
	uint32_t level;	  /* 0 for tracks; above those of all that feed it, the master's highest */
	bool muted;	  /* itself, or a VCA group that it follows */
	bool used;	  /* something of it can reach the master */
	uint32_t latency; /* of its own, frames; given by who makes its processors */
	uint32_t arrival; /* frames by which what comes in is late */
	size_t first_edge, edge_count; /* those that lead to it */
};

/* A way from one strip to another. */
struct graph_edge {
	size_t from, to;
	const struct send_config *send; /* NULL: the output */
	bool open;			/* not closed by a mute or by somebody's solo */
	uint32_t delay;			/* frames */
};

struct graph {
	struct graph_node *nodes;
	size_t track_count, node_count;
	struct graph_edge *edges; /* by `to`, then by `from`: the order in which they are summed */
	size_t edge_count;
	uint32_t levels;  /* how many there are */
	uint32_t latency; /* from the tracks' inputs to the master's output */
};

/* Plans `session`, which has to last as long as the plan. What is muted (or a VCA group of it is) feeds
 * nothing, returns included. Solo is in place: with one soloed, a way is open that carries something soloed
 * (a soloed strip, one inside a soloed bus, or what has come through such a one) or that leads to a soloed
 * strip; so the returns of what is soloed stay audible, and a soloed return is heard with all that is sent
 * to it. -EINVAL for a bus, return or VCA group that there is not, -ELOOP for a circle; then nothing is left
 * to finish. */
int graph_plan(struct graph *graph, const struct session *session, struct error *e) MUST_CHECK;
void graph_finish(struct graph *graph); /* a zeroed value is fine */

/* Finds arrivals and delays by the nodes' latencies. Closed ways count too: soloing moves nothing. */
void graph_align(struct graph *graph);

/* The VCA groups that a node follows, as a list of names; empty for the master. */
const struct key_list *graph_vcas(const struct graph_node *node);

/* The group of that name; NULL if there is none. */
const struct vca_config *graph_find_vca(const struct session *session, const char *name);

#endif

/* What the two halves of the PipeWire source share: the catalogue of nodes and ports from the registry
 * (pipewire.c), and one filter with its links an interface (links.c). Private to the recorder. */
#ifndef WOODSHED_RECORDER_PIPEWIRE_H
#define WOODSHED_RECORDER_PIPEWIRE_H

#include "recorder/source.h"

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>
#include <spa/utils/list.h>

/* A capture node in the registry, or one of our own filters. */
struct catalogue_node {
	struct spa_list link;
	uint32_t id;
	char *name, *description, *media_class;
};

struct catalogue_port {
	struct spa_list link;
	uint32_t id, node_id;
	uint32_t index; /* port.id: the node's own order */
	bool output;
	char *name;
};

struct source {
	struct loop *loop;
	struct source_callbacks callbacks;
	struct loop_source *watch; /* of PipeWire's own loop */
	struct loop_source *retry; /* connects again after the daemon went */
	struct loop_source *mend;  /* makes links again that somebody else removed */
	struct pw_loop *pw_loop;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_listener;
	struct pw_registry *registry;
	struct spa_hook registry_listener;
	struct spa_list nodes, ports; /* of the two structs above */
	struct spa_list filters;      /* of struct filter */
	int ready_seq;
	bool ready;
	bool failed; /* the connection is gone */
	bool realtime;
	const char **port_names; /* what source_node.ports point into */
};

/* One interface: our filter, and the links from the node to it. */
struct filter {
	struct spa_list link;
	struct source *source;
	struct capture *capture;
	uint32_t channels;
	struct pw_filter *filter; /* NULL while there is no connection */
	struct spa_hook listener;
	void *ports[SOURCE_MAX_CHANNELS];
	struct filter_link *links[SOURCE_MAX_CHANNELS];
	uint32_t node_id;   /* that we are linked to; SPA_ID_INVALID: none */
	int settle_seq;	    /* a round trip to the daemon after the last link became active */
	atomic_bool parted; /* a link was gone since the capture thread last looked */

	/* Capture thread only. */
	uint32_t settling; /* cycles still to be left out */
	uint32_t steady;   /* whole cycles since the links were made */
	bool relinked;
	uint32_t last_clock_id;
	uint64_t last_position;
	uint64_t last_xrun;
};

int filter_create(struct source *source, struct capture *capture, struct error *e);
void filter_destroy(struct filter *filter);

/* After a new connection, and before an old one is given up. */
int filter_connect(struct filter *filter);
void filter_disconnect(struct filter *filter);

/* Looks at the catalogue again: links what can be linked, drops links to what has gone. */
void filter_update(struct filter *filter);

/* Makes those links again that are gone though the node is not: somebody else removed them, or they failed.
 * Some time after it is known, since a node that leaves loses its links first. */
void filter_mend(struct filter *filter);

/* The daemon answered the round trip `seq`. */
void filter_synced(struct filter *filter, int seq);

#endif

/* Where audio comes from: PipeWire, or whatever a test makes. A source knows the capture nodes that are there
 * and brings the channels of one onto a tape, again and again as the node comes and goes. Control thread
 * only, but for the tape and `live`. */
#ifndef WOODSHED_RECORDER_SOURCE_H
#define WOODSHED_RECORDER_SOURCE_H

#include "common/loop.h"
#include "recorder/tape.h"

#include <stdatomic.h>

enum { SOURCE_MAX_CHANNELS = 64 };

/* A capture node as it is now; the texts are the source's and stand until the next change. */
struct source_node {
	const char *name;	 /* node.name */
	const char *description; /* for people */
	const char *media_class;
	uint32_t channels;
	const char *const *ports; /* `channels` port names, in the node's own order */
};

struct source_callbacks {
	void (*changed)(void *data); /* nodes came or went, or a capture's `live` changed */
	void (*ready)(void *data);   /* every node that was there at the start is known */
	void *data;
};

/* One interface being captured. The owner fills in the first half and keeps it in place until it is released.
 */
struct capture {
	const char *name;  /* of the interface, for PipeWire's graph and messages */
	const char *node;  /* glob on node.name; the first match in name order is taken */
	struct tape *tape; /* its channels are the node's first ones */

	_Atomic bool live; /* linked whole: every cycle reaches the tape */
	void *state;	   /* the source's */
};

struct source;

struct source_type {
	const char *name;
	int (*open)(struct source **source, struct loop *loop, const struct source_callbacks *callbacks,
		struct error *e);
	void (*close)(struct source *source); /* after the last capture was released; NULL is fine */
	/* Up to `most` nodes in name order; returns how many there are. */
	size_t (*nodes)(struct source *source, struct source_node *nodes, size_t most);
	int (*capture)(struct source *source, struct capture *capture, struct error *e);
	void (*release)(struct source *source, struct capture *capture);
	bool (*realtime)(struct source *source); /* the capture thread has real-time priority */
};

extern const struct source_type source_pipewire;

#endif

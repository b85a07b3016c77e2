/* Server-sent events (the WHATWG's HTML standard, 9.2): one stream a client, each with a short queue of its
 * own that the control thread fills and MHD's threads empty. Nobody waits for a client: one that does not
 * read is dropped. */
#ifndef WOODSHED_NETWORK_EVENTS_H
#define WOODSHED_NETWORK_EVENTS_H

#include "common/loop.h"

#include <microhttpd.h>
#include <stdbool.h>

enum event_kind {
	EVENT_STATE,  /* the newest is what a client begins with, and one that says nothing new is not sent */
	EVENT_HEALTH, /* as above */
	EVENT_LEVELS, /* for those who asked for them */
	EVENT_PROGRESS,
	EVENT_TAKE,
	EVENT_KINDS,
};

struct events;

/* `on_watched` is called on the loop when there is a first client that wants levels. Control thread. */
struct events *events_create(struct loop *loop, void (*on_watched)(void *data), void *data);

/* Ends every stream, so that no connection stays suspended; to be called before the daemon stops. Control
 * thread. */
void events_close(struct events *events);
void events_destroy(struct events *events); /* after the daemon has stopped; NULL is fine */

/* Queues one event with the JSON text `data` for every client. Control thread. */
void events_publish(struct events *events, enum event_kind kind, const char *data);

/* True while a client wants levels. Any thread. */
bool events_watched(struct events *events);

/* Clients there are. Any thread. */
size_t events_count(struct events *events);

/* The body of a new stream on `connection`; NULL: there are too many, or the server is ending. The client is
 * forgotten with the response. MHD's threads. */
struct MHD_Response *events_subscribe(struct events *events, struct MHD_Connection *connection, bool levels);

#endif

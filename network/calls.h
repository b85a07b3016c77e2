/* Commands from HTTP's thread to the control loop and their answers back: the connection is suspended in
 * between, and the server may end at any moment of it. */
#ifndef WOODSHED_NETWORK_CALLS_H
#define WOODSHED_NETWORK_CALLS_H

#include "network/network.h"

#include <microhttpd.h>

struct calls;
struct call;

/* Control thread. */
struct calls *calls_create(struct loop *loop, network_command_fn on_command, void *data);

/* From now on every call, also those under way, is answered with -ESHUTDOWN and no connection stays
 * suspended; to be called before the daemon stops. Control thread. */
void calls_close(struct calls *calls);
void calls_destroy(struct calls *calls); /* after the daemon has stopped; NULL is fine */

/* Suspends the connection and posts; steals `arguments`. MHD's thread. NULL when closed. */
struct call *call_start(
	struct calls *calls, struct MHD_Connection *connection, const char *verb, json_t *arguments);

/* Once the connection was resumed: 0 with `*text` (JSON, the caller's to free) or negative errno. */
int call_result(struct call *call, char **text, struct error *e);
void call_release(struct call *call); /* NULL is fine */

#endif

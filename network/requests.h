/* What arrives on the command topics: `record/set`, `session/set`, `marker/set` and `request/<verb>`, turned
 * into commands and answered. Control thread. */
#ifndef WOODSHED_NETWORK_REQUESTS_H
#define WOODSHED_NETWORK_REQUESTS_H

#include "network/inbox.h"
#include "network/network.h"
#include "network/outbox.h"

struct requests;

/* `send` takes over the memory in the message that it is given. */
typedef void (*requests_send_fn)(void *data, struct outgoing *message);

struct requests_port {
	network_command_fn on_command;
	void *command_data;
	requests_send_fn send;
	void *send_data;
};

/* `prefix` is `woodshed/<name>`. */
struct requests *requests_create(const char *prefix, const struct requests_port *port);
void requests_destroy(struct requests *requests); /* NULL is fine */

/* An inbox_fn; `data` is a struct requests. */
void requests_handle(void *data, const struct inbound *message);

#endif

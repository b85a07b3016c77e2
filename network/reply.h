/* The two ends of an answer that comes later: who is asked sees a struct network_reply, who asks puts one
 * first into what it waits with. Control thread. */
#ifndef WOODSHED_NETWORK_REPLY_H
#define WOODSHED_NETWORK_REPLY_H

#include "network/network.h"

struct network_reply {
	/* Frees the reply, or does not need it any more; steals `data`. */
	void (*answer)(struct network_reply *reply, int result, json_t *data, const struct error *e);
};

#endif

/* One MQTT client on Paho: connect, subscribe, publish and disconnect, each waited for with a limit, MQTT 5
 * with 3.1.1 for brokers that do not know it. Every call but link_wake is for the one thread that owns the
 * link; none may be made from a Paho callback. */
#ifndef WOODSHED_NETWORK_LINK_H
#define WOODSHED_NETWORK_LINK_H

#include "config/appliance.h"
#include "network/inbox.h"
#include "network/outbox.h"
#include "network/waits.h"

struct link;

/* `inbox` gets what arrives. -EINVAL for an address that MQTT does not know. */
int link_create(struct link **link, const struct appliance *config, const char *prefix, struct inbox *inbox,
	struct error *e) MUST_CHECK;
void link_destroy(struct link *link); /* NULL is fine */

/* Waits until `until` holds (true) or the connection is lost. It is asked again after each link_wake. */
bool link_wait(struct link *link, waits_condition until, void *data);

/* Lets `timeout_ms` go by without a connection, or less if `until` holds. */
void link_pause(struct link *link, waits_condition until, void *data, int timeout_ms);

void link_wake(struct link *link); /* any thread */

/* One try. */
int link_connect(struct link *link, const struct patience *patience, struct error *e) MUST_CHECK;

/* After a failed try: true if it may have been MQTT 5 that the broker did not like, and the next try will be
 * with 3.1.1. */
bool link_try_older(struct link *link);

bool link_subscribe(struct link *link, const struct patience *patience) MUST_CHECK;

/* QoS 1: 0 once the broker has it, its reason code (above 0) if it refused, negative if the link is dead. */
int link_publish(struct link *link, const struct outgoing *outgoing, const struct patience *patience);

void link_disconnect(struct link *link); /* also when the connection was lost */

#endif

/* The connection to the broker. One thread of its own makes every call into Paho, because those wait for
 * Paho's lock, which is held while a name is looked up; Paho's callbacks only set a flag or copy a message.
 * Control thread, but for what is said otherwise. */
#ifndef WOODSHED_NETWORK_MQTT_H
#define WOODSHED_NETWORK_MQTT_H

#include "common/loop.h"
#include "config/appliance.h"
#include "network/inbox.h"
#include "network/outbox.h"

struct mqtt;

/* Starts connecting to config->mqtt.url as `woodshed-<name>` and goes on for ever; `prefix` is
 * `woodshed/<name>`, and `config` must outlive it. `on_message` gets what arrives on the command topics, on
 * the loop. -EINVAL for an address that is no mqtt:// or mqtts:// one. */
int mqtt_create(struct mqtt **mqtt, struct loop *loop, const struct appliance *config, const char *prefix,
	inbox_fn on_message, void *data, struct error *e) MUST_CHECK;

/* Sends what is waiting, `offline` and a disconnect, all within two seconds while there is a connection, and
 * joins the thread. NULL is fine. */
void mqtt_destroy(struct mqtt *mqtt);

/* Hand over to the thread; never wait for the network. */
void mqtt_retain(struct mqtt *mqtt, enum outbox_topic topic, const char *payload);
void mqtt_retain_via(struct mqtt *mqtt, enum outbox_topic topic, const char *first, const char *last);
void mqtt_repeat(struct mqtt *mqtt, enum outbox_topic topic);
/* QoS 0 on `<prefix>/<name>`, and only the newest: what could not be sent before the next is not sent. */
void mqtt_pass(struct mqtt *mqtt, const char *name, const char *payload);
void mqtt_send(struct mqtt *mqtt, struct outgoing *message); /* takes over the memory in it */

#endif

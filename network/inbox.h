/* Messages on their way from Paho's thread to the control loop: copied, counted and posted, nothing else. It
 * lives until the last posted message has run, so what is under way at the end finds a closed door and not
 * freed memory. */
#ifndef WOODSHED_NETWORK_INBOX_H
#define WOODSHED_NETWORK_INBOX_H

#include "common/loop.h"

#include <MQTTAsync.h>
#include <stdbool.h>
#include <stddef.h>

struct inbound {
	char *topic; /* what follows `<p>/`; all of it for what is not below `<p>` */
	bool birth;  /* Home Assistant's status, and not below `<p>` */
	char *payload;
	size_t size;
	bool too_large; /* past COMMAND_SIZE_LIMIT: the payload was not copied */
	bool retained;
	char *response_topic; /* MQTT 5 Response Topic, or NULL */
	char *correlation;    /* MQTT 5 Correlation Data, or NULL */
	size_t correlation_size;
	unsigned dropped; /* messages before this one that found the box full */
};

typedef void (*inbox_fn)(void *data, const struct inbound *message);

struct inbox;

/* `fn` is called on the loop. Control thread. */
struct inbox *inbox_create(struct loop *loop, const char *prefix, inbox_fn fn, void *data);
void inbox_close(struct inbox *inbox); /* no call of `fn` after this; control thread; NULL is fine */

/* From Paho's thread: copies what it needs and never waits. */
void inbox_arrived(
	struct inbox *inbox, const char *topic, size_t topic_size, const MQTTAsync_message *message);

#endif

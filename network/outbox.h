/* What waits for the broker. A retained topic keeps only its newest payload and is sent again after every
 * connect; events and responses stand in a bounded queue that outlives a broker's absence (the oldest goes
 * first when it is full). What is passing is not kept at all. Paho's own buffer would drop silently. No
 * locking: the caller has a mutex. */
#ifndef WOODSHED_NETWORK_OUTBOX_H
#define WOODSHED_NETWORK_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sent in this order, so that whoever sees `online` sees the rest right. */
enum outbox_topic {
	OUTBOX_INFO,
	OUTBOX_STATE,
	OUTBOX_HEALTH,
	OUTBOX_LATEST,
	OUTBOX_DISCOVERY, /* not below the prefix: Home Assistant's */
	OUTBOX_AVAILABILITY,
	OUTBOX_TOPICS,
};

struct outgoing {
	char *topic;
	char *payload;
	size_t size;
	char *correlation; /* MQTT 5 Correlation Data, or NULL */
	size_t correlation_size;
	bool retained;
	bool passing; /* QoS 0 */
	uint64_t id;
};

struct outbox;

/* `prefix` is `woodshed/<name>`, `discovery` the topic of OUTBOX_DISCOVERY. */
struct outbox *outbox_create(const char *prefix, const char *discovery);
void outbox_destroy(struct outbox *outbox); /* NULL is fine */

/* Replaces a retained topic's payload. True if it is to be sent: it differs from the last one, or says that
 * all is as it was (health, which is told again and again). */
bool outbox_retain(struct outbox *outbox, enum outbox_topic topic, const char *payload);

/* The same, but `first` is sent once before `last` is; a `last` of NULL: nothing is, also after a new
 * connect. */
void outbox_retain_via(struct outbox *outbox, enum outbox_topic topic, const char *first, const char *last);

/* A retained topic's payload, if it has one, is sent once more. */
void outbox_repeat(struct outbox *outbox, enum outbox_topic topic);

/* Appends to the queue; takes over the memory in `message` (whose `retained` and `id` do not matter). */
void outbox_push(struct outbox *outbox, struct outgoing *message);

/* What is only of interest now, `<prefix>/<name>`: the newest takes the place of the one before, and goes
 * when the rest has gone. */
void outbox_pass(struct outbox *outbox, const char *name, const char *payload);

/* For a new connection: forgets what was passing, and marks every retained topic that has a payload as
 * unsent. */
void outbox_renew(struct outbox *outbox);

/* A copy of what is to be sent next, to be released with outgoing_finish; false: nothing. It stays in the
 * outbox until outbox_sent is told its id, so that what a dying connection swallowed is sent again. */
bool outbox_waiting(const struct outbox *outbox);
bool outbox_next(const struct outbox *outbox, struct outgoing *message);
void outbox_sent(struct outbox *outbox, uint64_t id);

/* The same of one retained topic, sent already or not. */
bool outbox_next_of(const struct outbox *outbox, enum outbox_topic topic, struct outgoing *message);

/* How many the queue dropped since the last call. */
unsigned outbox_dropped(struct outbox *outbox);

void outgoing_finish(struct outgoing *message); /* a zeroed value is fine */

#endif

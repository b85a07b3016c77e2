#include "network/mqtt.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "network/homeassistant.h"
#include "network/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The broker may be gone for weeks, but once it is back the state has to be right within five seconds. */
#define RETRY_FIRST_MS 250
#define RETRY_MOST_MS 1000
#define CONNECT_MS 30000 /* Paho's own limit is shorter; this one is for a name that is being looked up */
#define ACKNOWLEDGE_MS 10000
#define FAREWELL_MS 1000 /* for what is waiting, of the two seconds that a stop may take */
#define OFFLINE_MS 300
#define TRIES 3 /* of one message, before it is taken for what kills the connection */
#define COMPLAINT_NS (10 * CLOCK_NSEC_PER_SEC)

struct mqtt {
	struct link *link;
	struct inbox *inbox;
	pthread_t thread;
	pthread_mutex_t lock; /* guards outbox, stopping and deadline_ns */
	struct outbox *outbox;
	bool stopping;
	int64_t deadline_ns; /* of what is waiting, once stopping */
	/* The thread's own: */
	bool quiet; /* the failure to connect has been told */
	int64_t complained_ns;
	unsigned dropped; /* messages that nobody has been told of */
	uint64_t suspect;
	int tries;
};

static bool is_stopping(struct mqtt *mqtt)
{
	pthread_mutex_lock(&mqtt->lock);
	bool stopping = mqtt->stopping;
	pthread_mutex_unlock(&mqtt->lock);
	return stopping;
}

/* What the link looks at, woken by link_wake, while it waits for something that may never come. */
static bool interrupted(void *data)
{
	return is_stopping(data);
}

static bool work_waiting(void *data)
{
	struct mqtt *mqtt = data;
	pthread_mutex_lock(&mqtt->lock);
	bool waiting = outbox_waiting(mqtt->outbox) || mqtt->stopping;
	pthread_mutex_unlock(&mqtt->lock);
	return waiting;
}

/* Now and then: in a flood of requests there are thousands a second. */
static void complain_of_dropped(struct mqtt *mqtt)
{
	int64_t now = clock_monotonic_ns();
	if (mqtt->dropped == 0 || now - mqtt->complained_ns < COMPLAINT_NS)
		return;
	log_warning("mqtt: %u events and answers were dropped: the broker was away, or slower than they came",
		mqtt->dropped);
	mqtt->complained_ns = now;
	mqtt->dropped = 0;
}

static bool next_message(struct mqtt *mqtt, struct outgoing *message)
{
	pthread_mutex_lock(&mqtt->lock);
	bool found = outbox_next(mqtt->outbox, message);
	mqtt->dropped += outbox_dropped(mqtt->outbox);
	pthread_mutex_unlock(&mqtt->lock);
	complain_of_dropped(mqtt);
	return found;
}

static void mark_sent(struct mqtt *mqtt, uint64_t id)
{
	pthread_mutex_lock(&mqtt->lock);
	outbox_sent(mqtt->outbox, id);
	pthread_mutex_unlock(&mqtt->lock);
}

/* A message that the broker answers by hanging up (it may have a smaller limit than we know) would come first
 * again after every reconnect, so it gets a few tries only. */
static bool is_hopeless(struct mqtt *mqtt, const struct outgoing *message)
{
	if (message->id != mqtt->suspect)
		mqtt->tries = 0;
	mqtt->suspect = message->id;
	return ++mqtt->tries >= TRIES;
}

static bool send_one(struct mqtt *mqtt, const struct outgoing *message, const struct patience *patience)
{
	int result = link_publish(mqtt->link, message, patience);
	bool refused = result > 0;
	if (refused)
		log_warning("mqtt: the broker refused a message on %s (reason %d)", message->topic, result);
	bool hopeless = result < 0 && is_hopeless(mqtt, message);
	if (hopeless)
		log_warning("mqtt: gave up a message on %s that ended the connection", message->topic);
	if (result == 0 || refused || hopeless)
		mark_sent(mqtt, message->id);
	return result >= 0;
}

/* False when the connection is of no more use. */
static bool serve(struct mqtt *mqtt)
{
	const struct patience patience = {.timeout_ms = ACKNOWLEDGE_MS,
		.interrupted = interrupted,
		.data = mqtt,
		.grace_ms = FAREWELL_MS,
		.connected = true};
	if (!link_subscribe(mqtt->link, &patience))
		return false;
	while (link_wait(mqtt->link, work_waiting, mqtt)) {
		struct outgoing message;
		if (is_stopping(mqtt))
			return true;
		if (!next_message(mqtt, &message))
			continue;
		bool going = send_one(mqtt, &message, &patience);
		outgoing_finish(&message);
		if (!going)
			return false;
	}
	return false;
}

static int left_ms(struct mqtt *mqtt)
{
	pthread_mutex_lock(&mqtt->lock);
	int64_t left_ns = mqtt->deadline_ns - clock_monotonic_ns();
	pthread_mutex_unlock(&mqtt->lock);
	return (int)(left_ns / 1000000);
}

static void say_offline(struct mqtt *mqtt)
{
	const struct patience patience = {.timeout_ms = OFFLINE_MS, .connected = true};
	struct outgoing message;
	pthread_mutex_lock(&mqtt->lock);
	outbox_retain(mqtt->outbox, OUTBOX_AVAILABILITY, "offline");
	outbox_next_of(mqtt->outbox, OUTBOX_AVAILABILITY, &message);
	pthread_mutex_unlock(&mqtt->lock);
	link_publish(mqtt->link, &message, &patience);
	outgoing_finish(&message);
}

static void send_rest(struct mqtt *mqtt)
{
	struct patience patience = {.connected = true};
	struct outgoing message;
	while ((patience.timeout_ms = left_ms(mqtt)) > 0 && next_message(mqtt, &message)) {
		bool going = send_one(mqtt, &message, &patience);
		outgoing_finish(&message);
		if (!going)
			return;
	}
}

static bool connect_link(struct mqtt *mqtt)
{
	const struct patience patience = {.timeout_ms = CONNECT_MS, .interrupted = interrupted, .data = mqtt};
	struct error e;
	if (link_connect(mqtt->link, &patience, &e) < 0) {
		if (!mqtt->quiet && !is_stopping(mqtt))
			log_warning("mqtt: %s; trying again", e.text);
		mqtt->quiet = true;
		return false;
	}
	mqtt->quiet = false;
	pthread_mutex_lock(&mqtt->lock);
	outbox_renew(mqtt->outbox);
	pthread_mutex_unlock(&mqtt->lock);
	return true;
}

static void *work(void *data)
{
	struct mqtt *mqtt = data;
	int pause_ms = RETRY_FIRST_MS;
	while (!is_stopping(mqtt)) {
		if (connect_link(mqtt)) {
			if (serve(mqtt))
				send_rest(mqtt);
			if (is_stopping(mqtt))
				say_offline(mqtt);
			link_disconnect(mqtt->link);
			pause_ms = RETRY_FIRST_MS;
		} else if (link_try_older(mqtt->link)) {
			continue;
		}
		link_pause(mqtt->link, interrupted, mqtt, pause_ms);
		pause_ms = pause_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : pause_ms * 2;
	}
	return NULL;
}

int mqtt_create(struct mqtt **mqtt, struct loop *loop, const struct appliance *config, const char *prefix,
	inbox_fn on_message, void *data, struct error *e)
{
	struct mqtt *made = memory_new(sizeof(*made));
	made->inbox = inbox_create(loop, prefix, on_message, data);
	int result = link_create(&made->link, config, prefix, made->inbox, e);
	if (result < 0)
		goto no_link;
	char *discovery = homeassistant_topic(config->name);
	made->outbox = outbox_create(prefix, discovery);
	free(discovery);
	outbox_retain(made->outbox, OUTBOX_AVAILABILITY, "online");
	pthread_mutex_init(&made->lock, NULL);
	result = -pthread_create(&made->thread, NULL, work, made);
	if (result < 0) {
		error_errno(e, result, "mqtt: thread");
		goto no_thread;
	}
	pthread_setname_np(made->thread, "mqtt");
	*mqtt = made;
	return 0;

no_thread:
	pthread_mutex_destroy(&made->lock);
	outbox_destroy(made->outbox);
	link_destroy(made->link);
no_link:
	inbox_close(made->inbox);
	free(made);
	return result;
}

void mqtt_destroy(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	pthread_mutex_lock(&mqtt->lock);
	mqtt->stopping = true;
	mqtt->deadline_ns = clock_monotonic_ns() + (int64_t)FAREWELL_MS * 1000000;
	pthread_mutex_unlock(&mqtt->lock);
	link_wake(mqtt->link);
	pthread_join(mqtt->thread, NULL);
	link_destroy(mqtt->link);
	inbox_close(mqtt->inbox);
	pthread_mutex_destroy(&mqtt->lock);
	outbox_destroy(mqtt->outbox);
	free(mqtt);
}

void mqtt_retain(struct mqtt *mqtt, enum outbox_topic topic, const char *payload)
{
	pthread_mutex_lock(&mqtt->lock);
	bool differs = outbox_retain(mqtt->outbox, topic, payload);
	pthread_mutex_unlock(&mqtt->lock);
	if (differs)
		link_wake(mqtt->link);
}

void mqtt_retain_via(struct mqtt *mqtt, enum outbox_topic topic, const char *first, const char *last)
{
	pthread_mutex_lock(&mqtt->lock);
	outbox_retain_via(mqtt->outbox, topic, first, last);
	pthread_mutex_unlock(&mqtt->lock);
	link_wake(mqtt->link);
}

void mqtt_repeat(struct mqtt *mqtt, enum outbox_topic topic)
{
	pthread_mutex_lock(&mqtt->lock);
	outbox_repeat(mqtt->outbox, topic);
	pthread_mutex_unlock(&mqtt->lock);
	link_wake(mqtt->link);
}

void mqtt_send(struct mqtt *mqtt, struct outgoing *message)
{
	pthread_mutex_lock(&mqtt->lock);
	outbox_push(mqtt->outbox, message);
	pthread_mutex_unlock(&mqtt->lock);
	link_wake(mqtt->link);
}

void mqtt_pass(struct mqtt *mqtt, const char *name, const char *payload)
{
	pthread_mutex_lock(&mqtt->lock);
	outbox_pass(mqtt->outbox, name, payload);
	pthread_mutex_unlock(&mqtt->lock);
	link_wake(mqtt->link);
}

#include "network/inbox.h"

#include "common/memory.h"
#include "network/commands.h"
#include "network/homeassistant.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 128 /* of one lane, that the loop has not come to yet */
#define TURN 16	     /* messages that the loop looks at before it looks at something else */

/* Requests have a lane of their own: somebody waits for the answer, and a flood on the other topics must not
 * push them out. */
enum lane_name { LANE_REQUESTS, LANE_SETTERS, LANES };

struct lane {
	struct inbound messages[MESSAGES];
	uint64_t numbers[MESSAGES]; /* in the order of arrival, over both lanes */
	size_t first, count;
};

struct inbox {
	_Atomic unsigned references; /* the owner's and one of the message in the loop */
	struct loop *loop;
	char *prefix;
	size_t prefix_size;
	inbox_fn fn; /* NULL once closed; control thread only */
	void *data;
	pthread_mutex_t lock; /* guards the rest */
	struct lane lanes[LANES];
	uint64_t arrived;
	unsigned dropped;
	bool posted;
};

static void finish(struct inbound *message)
{
	free(message->topic);
	free(message->payload);
	free(message->response_topic);
	free(message->correlation);
}

static struct inbound take_first(struct lane *lane)
{
	struct inbound message = lane->messages[lane->first];
	lane->first = (lane->first + 1) % MESSAGES;
	lane->count--;
	return message;
}

static void release(void *data)
{
	struct inbox *inbox = data;
	if (atomic_fetch_sub_explicit(&inbox->references, 1, memory_order_acq_rel) != 1)
		return;
	for (int i = 0; i < LANES; i++) {
		struct inbound message;
		while (inbox->lanes[i].count > 0) {
			message = take_first(&inbox->lanes[i]);
			finish(&message);
		}
	}
	pthread_mutex_destroy(&inbox->lock);
	free(inbox->prefix);
	free(inbox);
}

struct inbox *inbox_create(struct loop *loop, const char *prefix, inbox_fn fn, void *data)
{
	struct inbox *inbox = memory_new(sizeof(*inbox));
	atomic_init(&inbox->references, 1);
	inbox->loop = loop;
	inbox->prefix = memory_format("%s/", prefix);
	inbox->prefix_size = strlen(inbox->prefix);
	inbox->fn = fn;
	inbox->data = data;
	pthread_mutex_init(&inbox->lock, NULL);
	return inbox;
}

void inbox_close(struct inbox *inbox)
{
	if (!inbox)
		return;
	inbox->fn = NULL;
	release(inbox);
}

/* With the lock held: the lane whose first message came first, or NULL. */
static struct lane *next_lane(struct inbox *inbox)
{
	struct lane *next = NULL;
	for (int i = 0; i < LANES; i++) {
		struct lane *lane = &inbox->lanes[i];
		if (lane->count > 0 && (!next || lane->numbers[lane->first] < next->numbers[next->first]))
			next = lane;
	}
	return next;
}

static bool take(struct inbox *inbox, struct inbound *message)
{
	pthread_mutex_lock(&inbox->lock);
	struct lane *lane = next_lane(inbox);
	if (lane) {
		*message = take_first(lane);
		message->dropped = inbox->dropped;
		inbox->dropped = 0;
	} else {
		inbox->posted = false;
	}
	pthread_mutex_unlock(&inbox->lock);
	return lane != NULL;
}

/* On the loop; the message in the loop is the inbox itself. */
static void run(void *data)
{
	struct inbox *inbox = data;
	struct inbound message;
	for (int turn = 0; turn < TURN; turn++) {
		if (!inbox->fn || !take(inbox, &message)) {
			release(inbox);
			return;
		}
		inbox->fn(inbox->data, &message);
		finish(&message);
	}
	loop_post(inbox->loop, run, inbox, release);
}

/* With the lock held. A flood must not pile up in front of a loop that has better things to do; the newest
 * wish is the one that counts. */
static void append(struct inbox *inbox, struct lane *lane, const struct inbound *message)
{
	if (lane->count == MESSAGES) {
		struct inbound oldest = take_first(lane);
		finish(&oldest);
		inbox->dropped++;
	}
	size_t place = (lane->first + lane->count++) % MESSAGES;
	lane->messages[place] = *message;
	lane->numbers[place] = ++inbox->arrived;
}

/* Takes over the memory in `message`. */
static void put(struct inbox *inbox, const struct inbound *message)
{
	bool request = strncmp(message->topic, "request/", 8) == 0;
	pthread_mutex_lock(&inbox->lock);
	append(inbox, &inbox->lanes[request ? LANE_REQUESTS : LANE_SETTERS], message);
	bool post = !inbox->posted;
	inbox->posted = true;
	pthread_mutex_unlock(&inbox->lock);
	if (!post)
		return;
	atomic_fetch_add(&inbox->references, 1);
	loop_post(inbox->loop, run, inbox, release);
}

static char *copy(const void *data, size_t size)
{
	char *copied = memory_new(size + 1);
	if (size > 0)
		memcpy(copied, data, size);
	return copied;
}

static void copy_properties(struct inbound *to, const MQTTAsync_message *message)
{
	MQTTProperties properties = message->properties;
	MQTTProperty *topic = MQTTProperties_getProperty(&properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	if (topic)
		to->response_topic = copy(topic->value.data.data, (size_t)topic->value.data.len);
	MQTTProperty *correlation =
		MQTTProperties_getProperty(&properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
	if (correlation) {
		to->correlation_size = (size_t)correlation->value.data.len;
		to->correlation = copy(correlation->value.data.data, to->correlation_size);
	}
}

void inbox_arrived(
	struct inbox *inbox, const char *topic, size_t topic_size, const MQTTAsync_message *message)
{
	bool birth = topic_size == strlen(HOMEASSISTANT_STATUS) &&
		     memcmp(topic, HOMEASSISTANT_STATUS, topic_size) == 0;
	size_t start = birth ? 0 : inbox->prefix_size;
	if (!birth && (topic_size <= start || memcmp(topic, inbox->prefix, start) != 0))
		return;
	struct inbound to = {
		.birth = birth, .retained = message->retained != 0, .size = (size_t)message->payloadlen};
	to.topic = copy(topic + start, topic_size - start);
	to.too_large = to.size > COMMAND_SIZE_LIMIT;
	to.payload = copy(message->payload, to.too_large ? 0 : to.size);
	copy_properties(&to, message);
	put(inbox, &to);
}

#include "network/inbox.h"

#include "common/memory.h"
#include "network/commands.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_LIMIT 128 /* messages that the loop has not come to yet */

struct inbox {
	_Atomic unsigned references; /* the owner's and one a posted message */
	_Atomic unsigned pending, dropped;
	struct loop *loop;
	char *prefix;
	size_t prefix_size;
	inbox_fn fn; /* NULL once closed; control thread only */
	void *data;
};

struct posted {
	struct inbox *inbox;
	struct inbound message;
};

static void release(struct inbox *inbox)
{
	if (atomic_fetch_sub_explicit(&inbox->references, 1, memory_order_acq_rel) != 1)
		return;
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
	return inbox;
}

void inbox_close(struct inbox *inbox)
{
	if (!inbox)
		return;
	inbox->fn = NULL;
	release(inbox);
}

static void drop(void *data)
{
	struct posted *posted = data;
	atomic_fetch_sub(&posted->inbox->pending, 1);
	release(posted->inbox);
	free(posted->message.topic);
	free(posted->message.payload);
	free(posted->message.response_topic);
	free(posted->message.correlation);
	free(posted);
}

static void run(void *data)
{
	struct posted *posted = data;
	posted->message.dropped = atomic_exchange(&posted->inbox->dropped, 0);
	if (posted->inbox->fn)
		posted->inbox->fn(posted->inbox->data, &posted->message);
	drop(posted);
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
	if (topic_size <= inbox->prefix_size || memcmp(topic, inbox->prefix, inbox->prefix_size) != 0)
		return;
	/* A flood must not pile up in front of a loop that has better things to do. */
	if (atomic_load(&inbox->pending) >= PENDING_LIMIT) {
		atomic_fetch_add(&inbox->dropped, 1);
		return;
	}
	struct posted *posted = memory_new(sizeof(*posted));
	struct inbound *to = &posted->message;
	posted->inbox = inbox;
	to->topic = copy(topic + inbox->prefix_size, topic_size - inbox->prefix_size);
	to->retained = message->retained != 0;
	to->size = (size_t)message->payloadlen;
	to->too_large = to->size > COMMAND_SIZE_LIMIT;
	to->payload = copy(message->payload, to->too_large ? 0 : to->size);
	copy_properties(to, message);
	atomic_fetch_add(&inbox->pending, 1);
	atomic_fetch_add(&inbox->references, 1);
	loop_post(inbox->loop, run, posted, drop);
}

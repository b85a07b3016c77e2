#include "network/outbox.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_MESSAGES 256
#define QUEUE_BYTES ((size_t)4 * 1024 * 1024)

static const char *const names[OUTBOX_TOPICS] = {
	[OUTBOX_INFO] = "info",
	[OUTBOX_STATE] = "state",
	[OUTBOX_HEALTH] = "health",
	[OUTBOX_LATEST] = "take/latest",
	[OUTBOX_AVAILABILITY] = "availability",
};

struct retained {
	char *topic;
	char *payload; /* NULL: there is nothing to say */
	uint64_t id;   /* of this payload */
	bool unsent;
	bool once;  /* this payload gives way to `next` when it was sent */
	char *next; /* NULL: to nothing */
};

struct outbox {
	struct retained retained[OUTBOX_TOPICS];
	struct outgoing queue[QUEUE_MESSAGES];
	struct outgoing passing; /* no topic: nothing */
	char *prefix;
	size_t first, count;
	size_t bytes;
	unsigned dropped;
	uint64_t last_id;
};

void outgoing_finish(struct outgoing *message)
{
	free(message->topic);
	free(message->payload);
	free(message->correlation);
	*message = (struct outgoing){0};
}

struct outbox *outbox_create(const char *prefix, const char *discovery)
{
	struct outbox *outbox = memory_new(sizeof(*outbox));
	outbox->prefix = memory_text(prefix);
	for (int i = 0; i < OUTBOX_TOPICS; i++)
		outbox->retained[i].topic =
			names[i] ? memory_format("%s/%s", prefix, names[i]) : memory_text(discovery);
	return outbox;
}

static void drop_first(struct outbox *outbox)
{
	struct outgoing *message = &outbox->queue[outbox->first];
	outbox->bytes -= message->size;
	outgoing_finish(message);
	outbox->first = (outbox->first + 1) % QUEUE_MESSAGES;
	outbox->count--;
}

void outbox_destroy(struct outbox *outbox)
{
	if (!outbox)
		return;
	while (outbox->count > 0)
		drop_first(outbox);
	for (int i = 0; i < OUTBOX_TOPICS; i++) {
		free(outbox->retained[i].topic);
		free(outbox->retained[i].payload);
		free(outbox->retained[i].next);
	}
	outgoing_finish(&outbox->passing);
	free(outbox->prefix);
	free(outbox);
}

/* Takes over `payload`, which may be NULL. */
static void say(struct outbox *outbox, struct retained *retained, char *payload)
{
	free(retained->payload);
	retained->payload = payload;
	retained->id = ++outbox->last_id;
	retained->unsent = payload != NULL;
	retained->once = false;
}

bool outbox_retain(struct outbox *outbox, enum outbox_topic topic, const char *payload)
{
	struct retained *retained = &outbox->retained[topic];
	if (topic != OUTBOX_HEALTH && !retained->once && retained->payload &&
		strcmp(retained->payload, payload) == 0)
		return false;
	say(outbox, retained, memory_text(payload));
	return true;
}

void outbox_retain_via(struct outbox *outbox, enum outbox_topic topic, const char *first, const char *last)
{
	struct retained *retained = &outbox->retained[topic];
	say(outbox, retained, memory_text(first));
	free(retained->next);
	retained->next = last ? memory_text(last) : NULL;
	retained->once = true;
}

void outbox_repeat(struct outbox *outbox, enum outbox_topic topic)
{
	struct retained *retained = &outbox->retained[topic];
	retained->unsent = retained->payload != NULL;
}

void outbox_push(struct outbox *outbox, struct outgoing *message)
{
	while (outbox->count == QUEUE_MESSAGES ||
		(outbox->count > 0 && outbox->bytes + message->size > QUEUE_BYTES)) {
		drop_first(outbox);
		outbox->dropped++;
	}
	message->retained = false;
	message->id = ++outbox->last_id;
	outbox->queue[(outbox->first + outbox->count++) % QUEUE_MESSAGES] = *message;
	outbox->bytes += message->size;
	*message = (struct outgoing){0};
}

void outbox_pass(struct outbox *outbox, const char *name, const char *payload)
{
	outgoing_finish(&outbox->passing);
	outbox->passing = (struct outgoing){.topic = memory_format("%s/%s", outbox->prefix, name),
		.payload = memory_text(payload),
		.size = strlen(payload),
		.passing = true,
		.id = ++outbox->last_id};
}

void outbox_renew(struct outbox *outbox)
{
	outgoing_finish(&outbox->passing);
	for (int i = 0; i < OUTBOX_TOPICS; i++)
		outbox->retained[i].unsent = outbox->retained[i].payload != NULL;
}

static char *copy(const char *data, size_t size)
{
	char *copied = memory_new(size + 1);
	memcpy(copied, data, size);
	return copied;
}

static int first_unsent(const struct outbox *outbox)
{
	for (int i = 0; i < OUTBOX_TOPICS; i++) {
		if (outbox->retained[i].unsent)
			return i;
	}
	return -1;
}

bool outbox_waiting(const struct outbox *outbox)
{
	return first_unsent(outbox) >= 0 || outbox->count > 0 || outbox->passing.topic;
}

bool outbox_next_of(const struct outbox *outbox, enum outbox_topic topic, struct outgoing *message)
{
	const struct retained *retained = &outbox->retained[topic];
	if (!retained->payload)
		return false;
	*message = (struct outgoing){.topic = memory_text(retained->topic),
		.payload = memory_text(retained->payload),
		.size = strlen(retained->payload),
		.retained = true,
		.id = retained->id};
	return true;
}

bool outbox_next(const struct outbox *outbox, struct outgoing *message)
{
	int topic = first_unsent(outbox);
	if (topic >= 0)
		return outbox_next_of(outbox, (enum outbox_topic)topic, message);
	if (outbox->count == 0 && !outbox->passing.topic)
		return false;
	const struct outgoing *head = outbox->count > 0 ? &outbox->queue[outbox->first] : &outbox->passing;
	*message = *head;
	message->topic = memory_text(head->topic);
	message->payload = copy(head->payload, head->size);
	if (head->correlation)
		message->correlation = copy(head->correlation, head->correlation_size);
	return true;
}

static void retained_sent(struct outbox *outbox, struct retained *retained)
{
	retained->unsent = false;
	if (!retained->once)
		return;
	char *next = retained->next;
	retained->next = NULL;
	say(outbox, retained, next);
}

void outbox_sent(struct outbox *outbox, uint64_t id)
{
	for (int i = 0; i < OUTBOX_TOPICS; i++) {
		if (outbox->retained[i].id == id)
			retained_sent(outbox, &outbox->retained[i]);
	}
	if (outbox->count > 0 && outbox->queue[outbox->first].id == id)
		drop_first(outbox);
	if (outbox->passing.topic && outbox->passing.id == id)
		outgoing_finish(&outbox->passing);
}

unsigned outbox_dropped(struct outbox *outbox)
{
	unsigned dropped = outbox->dropped;
	outbox->dropped = 0;
	return dropped;
}

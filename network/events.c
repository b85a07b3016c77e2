#include "network/events.h"

#include "common/clock.h"
#include "common/memory.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	CLIENTS_MOST = 128,
	QUEUE_MOST = 64,       /* frames */
	BLOCK_SIZE = 4096,     /* handed to MHD at a time, at most */
	SOCKET_BUFFER = 65536, /* a client that is behind by more is not worth waiting for */
	UNACKED_MS = 30000,
};

/* Proxies and phones give up a connection that says nothing. */
#define HEARTBEAT_NS (10 * CLOCK_NSEC_PER_SEC)

/* One event as it goes over the wire, shared by the queues that hold it. Under the lock of its events. */
struct frame {
	unsigned references;
	enum event_kind kind;
	size_t size;
	char *text;
};

struct client {
	struct events *events;
	struct MHD_Connection *connection;
	int fd;
	bool levels;
	bool suspended;
	bool dropped;
	bool stuck; /* has read nothing since the last heartbeat */
	struct frame *waiting[QUEUE_MOST];
	size_t count;
	size_t sent; /* bytes of the first */
	struct client *next, *previous;
};

struct events {
	struct loop *loop;
	struct loop_source *heartbeat; /* control thread */
	void (*on_watched)(void *data);
	void *data;
	pthread_mutex_t lock; /* guards the rest */
	bool closed;
	struct client *first;
	size_t count, watching; /* clients, and those of them that want levels */
	uint64_t id;
	char *newest[EVENT_KINDS]; /* JSON of those kinds that a client begins with */
};

/* --- Frames. Under the lock. --- */

static bool is_kept(enum event_kind kind)
{
	return kind == EVENT_STATE || kind == EVENT_HEALTH;
}

static struct frame *make_frame(struct events *events, enum event_kind kind, const char *data)
{
	static const char *const names[] = {
		[EVENT_STATE] = "state",
		[EVENT_HEALTH] = "health",
		[EVENT_LEVELS] = "levels",
		[EVENT_PROGRESS] = "progress",
		[EVENT_TAKE] = "take",
	};
	struct frame *frame = memory_new(sizeof(*frame));
	frame->references = 1;
	frame->kind = kind;
	frame->text = memory_format(
		"id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)++events->id, names[kind], data);
	frame->size = strlen(frame->text);
	return frame;
}

static struct frame *make_text(const char *text)
{
	struct frame *frame = memory_new(sizeof(*frame));
	frame->references = 1;
	frame->kind = EVENT_KINDS;
	frame->text = memory_text(text);
	frame->size = strlen(text);
	return frame;
}

static void release_frame(struct frame *frame)
{
	if (--frame->references > 0)
		return;
	free(frame->text);
	free(frame);
}

static void remove_waiting(struct client *client, size_t index)
{
	release_frame(client->waiting[index]);
	client->count--;
	memmove(&client->waiting[index], &client->waiting[index + 1],
		(client->count - index) * sizeof(struct frame *));
}

/* Of what is a state and not a happening, only the newest is worth sending. */
static void forget_older(struct client *client, enum event_kind kind)
{
	if (kind == EVENT_TAKE || kind == EVENT_PROGRESS)
		return;
	for (size_t i = client->sent > 0; i < client->count; i++) {
		if (client->waiting[i]->kind == kind) {
			remove_waiting(client, i);
			return;
		}
	}
}

static void wake(struct client *client)
{
	if (client->suspended) {
		client->suspended = false;
		MHD_resume_connection(client->connection);
	}
}

/* MHD may be waiting for the client to read; it hears of this at once. */
static void drop(struct client *client)
{
	client->dropped = true;
	shutdown(client->fd, SHUT_RDWR);
	wake(client);
}

static void enqueue(struct client *client, struct frame *frame)
{
	if (client->dropped)
		return;
	forget_older(client, frame->kind);
	if (client->count == QUEUE_MOST) {
		drop(client);
		return;
	}
	frame->references++;
	client->waiting[client->count++] = frame;
	wake(client);
}

/* Takes over the reference. */
static void greet(struct client *client, struct frame *frame)
{
	enqueue(client, frame);
	release_frame(frame);
}

/* Takes over the reference. */
static void broadcast(struct events *events, struct frame *frame)
{
	for (struct client *client = events->first; client; client = client->next) {
		if (frame->kind != EVENT_LEVELS || client->levels)
			enqueue(client, frame);
	}
	release_frame(frame);
}

/* --- The control thread --- */

static void on_heartbeat(void *data)
{
	struct events *events = data;
	pthread_mutex_lock(&events->lock);
	for (struct client *client = events->first; client; client = client->next) {
		if (client->stuck && client->count > 0 && !client->dropped)
			drop(client);
		client->stuck = true;
	}
	broadcast(events, make_text(":\n\n"));
	if (!events->first)
		loop_set_timer(events->heartbeat, 0, 0);
	pthread_mutex_unlock(&events->lock);
}

static void first_client(void *data)
{
	struct events *events = data;
	loop_set_timer(events->heartbeat, HEARTBEAT_NS, HEARTBEAT_NS);
}

static void first_watcher(void *data)
{
	struct events *events = data;
	events->on_watched(events->data);
}

struct events *events_create(struct loop *loop, void (*on_watched)(void *data), void *data)
{
	struct events *events = memory_new(sizeof(*events));
	events->loop = loop;
	events->on_watched = on_watched;
	events->data = data;
	events->heartbeat = loop_add_timer(loop, on_heartbeat, events);
	pthread_mutex_init(&events->lock, NULL);
	return events;
}

void events_close(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	events->closed = true;
	for (struct client *client = events->first; client; client = client->next)
		drop(client);
	pthread_mutex_unlock(&events->lock);
}

void events_destroy(struct events *events)
{
	if (!events)
		return;
	loop_remove(events->heartbeat);
	for (size_t i = 0; i < EVENT_KINDS; i++)
		free(events->newest[i]);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

void events_publish(struct events *events, enum event_kind kind, const char *data)
{
	pthread_mutex_lock(&events->lock);
	bool old = is_kept(kind) && events->newest[kind] && strcmp(events->newest[kind], data) == 0;
	if (!old)
		broadcast(events, make_frame(events, kind, data));
	if (!old && is_kept(kind)) {
		free(events->newest[kind]);
		events->newest[kind] = memory_text(data);
	}
	pthread_mutex_unlock(&events->lock);
}

/* --- Any thread --- */

bool events_watched(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	bool watched = events->watching > 0;
	pthread_mutex_unlock(&events->lock);
	return watched;
}

size_t events_count(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	size_t count = events->count;
	pthread_mutex_unlock(&events->lock);
	return count;
}

/* --- MHD's threads --- */

static size_t copy_waiting(struct client *client, char *buffer, size_t size)
{
	size_t copied = 0;
	while (client->count > 0 && copied < size) {
		struct frame *frame = client->waiting[0];
		size_t left = frame->size - client->sent;
		size_t count = left < size - copied ? left : size - copied;
		memcpy(buffer + copied, frame->text + client->sent, count);
		copied += count;
		client->sent += count;
		if (client->sent == frame->size) {
			client->sent = 0;
			remove_waiting(client, 0);
		}
	}
	return copied;
}

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t size)
{
	(void)position;
	struct client *client = data;
	struct events *events = client->events;
	pthread_mutex_lock(&events->lock);
	client->stuck = false;
	ssize_t result = (ssize_t)copy_waiting(client, buffer, size);
	if (client->dropped) {
		result = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (result == 0) {
		client->suspended = true;
		MHD_suspend_connection(client->connection);
	}
	pthread_mutex_unlock(&events->lock);
	return result;
}

static void unlink_client(struct events *events, struct client *client)
{
	if (client->previous)
		client->previous->next = client->next;
	else
		events->first = client->next;
	if (client->next)
		client->next->previous = client->previous;
	events->count--;
	events->watching -= client->levels;
}

static void forget(void *data)
{
	struct client *client = data;
	struct events *events = client->events;
	pthread_mutex_lock(&events->lock);
	unlink_client(events, client);
	while (client->count > 0)
		remove_waiting(client, 0);
	pthread_mutex_unlock(&events->lock);
	free(client);
}

/* Under the lock; false: no room. */
static bool admit(struct events *events, struct client *client)
{
	if (events->closed || events->count == CLIENTS_MOST)
		return false;
	client->next = events->first;
	if (client->next)
		client->next->previous = client;
	events->first = client;
	if (events->count++ == 0)
		loop_post(events->loop, first_client, events, NULL);
	if (client->levels && events->watching++ == 0)
		loop_post(events->loop, first_watcher, events, NULL);
	greet(client, make_text("retry: 2000\n\n"));
	for (enum event_kind kind = 0; kind < EVENT_KINDS; kind++) {
		if (events->newest[kind])
			greet(client, make_frame(events, kind, events->newest[kind]));
	}
	return true;
}

/* What lies in the kernel's buffer is old by the time it is read; and a phone that has left the room without
 * a word is found out. */
static void keep_short(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(int){UNACKED_MS}, sizeof(int));
}

struct MHD_Response *events_subscribe(struct events *events, struct MHD_Connection *connection, bool levels)
{
	struct client *client = memory_new(sizeof(*client));
	client->events = events;
	client->connection = connection;
	client->levels = levels;
	client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	pthread_mutex_lock(&events->lock);
	bool admitted = admit(events, client);
	pthread_mutex_unlock(&events->lock);
	if (!admitted) {
		free(client);
		return NULL;
	}
	keep_short(client->fd);
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, client, forget);
}

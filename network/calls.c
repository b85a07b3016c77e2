#include "network/calls.h"

#include "common/memory.h"
#include "network/commands.h"
#include "network/reply.h"
#include "network/texts.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct calls {
	struct loop *loop;
	network_command_fn on_command;
	void *data;
	pthread_mutex_t lock; /* guards closed and the list of calls under way */
	bool closed;
	struct call *first;
};

struct call {
	struct network_reply reply;  /* first, so that one is the other */
	_Atomic unsigned references; /* the request's, and the posted message's or the later answer's */
	struct calls *calls;	     /* NULL once answered; control thread only after call_start */
	struct MHD_Connection *connection;
	const char *verb;
	json_t *arguments;
	struct call *next, *previous;
	/* Written by the control thread before it resumes the connection, read by MHD's after. */
	int result;
	char *text;
	struct error error;
};

struct calls *calls_create(struct loop *loop, network_command_fn on_command, void *data)
{
	struct calls *calls = memory_new(sizeof(*calls));
	calls->loop = loop;
	calls->on_command = on_command;
	calls->data = data;
	pthread_mutex_init(&calls->lock, NULL);
	return calls;
}

void calls_destroy(struct calls *calls)
{
	if (!calls)
		return;
	pthread_mutex_destroy(&calls->lock);
	free(calls);
}

void call_release(struct call *call)
{
	if (!call || atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) != 1)
		return;
	json_decref(call->arguments);
	free(call->text);
	free(call);
}

static void unlink_call(struct calls *calls, struct call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		calls->first = call->next;
	if (call->next)
		call->next->previous = call->previous;
}

/* The last touch of the connection: once it is resumed, MHD's thread may be through with it at any time. */
static void answer(struct call *call)
{
	struct calls *calls = call->calls;
	pthread_mutex_lock(&calls->lock);
	unlink_call(calls, call);
	call->calls = NULL;
	MHD_resume_connection(call->connection);
	pthread_mutex_unlock(&calls->lock);
}

static void drop(void *data)
{
	call_release(data);
}

static void settle(struct network_reply *reply, int result, json_t *data, const struct error *e)
{
	struct call *call = (struct call *)reply;
	if (call->calls) { /* not closed meanwhile */
		call->result = result;
		call->text = data ? text_of(data) : memory_text("{}");
		if (result < 0)
			call->error = *e;
		answer(call);
	}
	json_decref(data);
	call_release(call);
}

static void run(void *data)
{
	struct call *call = data;
	struct calls *calls = call->calls;
	struct command command;
	struct error e;
	json_t *result = NULL;
	if (!calls) {
		call_release(call);
		return;
	}
	int status = command_read(&command, call->verb, call->arguments, &e);
	command.reply = &call->reply;
	if (status == 0)
		status = calls->on_command(calls->data, &command, &result, &e);
	if (status != NETWORK_LATER)
		settle(&call->reply, status, result, &e);
}

void calls_close(struct calls *calls)
{
	pthread_mutex_lock(&calls->lock);
	calls->closed = true;
	struct call *first = calls->first;
	pthread_mutex_unlock(&calls->lock);
	/* Only this thread takes calls off the list, and nothing is added any more. */
	for (struct call *call = first, *next; call; call = next) {
		next = call->next;
		call->result = error_set(&call->error, ESHUTDOWN, "the recorder is stopping");
		answer(call);
	}
}

struct call *call_start(
	struct calls *calls, struct MHD_Connection *connection, const char *verb, json_t *arguments)
{
	struct call *call = memory_new(sizeof(*call));
	atomic_init(&call->references, 1);
	call->reply.answer = settle;
	call->calls = calls;
	call->connection = connection;
	call->verb = verb;
	call->arguments = arguments;
	pthread_mutex_lock(&calls->lock);
	bool closed = calls->closed;
	if (!closed) {
		call->next = calls->first;
		if (call->next)
			call->next->previous = call;
		calls->first = call;
		atomic_store(&call->references, 2);
		MHD_suspend_connection(connection);
	}
	pthread_mutex_unlock(&calls->lock);
	if (closed) {
		call_release(call);
		return NULL;
	}
	loop_post(calls->loop, run, call, drop);
	return call;
}

int call_result(struct call *call, char **text, struct error *e)
{
	*text = NULL;
	if (call->result < 0) {
		*e = call->error;
		return call->result;
	}
	*text = memory_text(call->text);
	return 0;
}

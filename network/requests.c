#include "network/requests.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "network/commands.h"
#include "network/reply.h"
#include "network/transactions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERB_LIMIT 64
#define TRANSACTION_LIMIT 128
#define COMPLAINTS 5 /* lines a COMPLAINT_NS, however much rubbish arrives */
#define COMPLAINT_NS (10 * CLOCK_NSEC_PER_SEC)

/* A request that is not answered yet. */
struct pending {
	struct network_reply reply; /* first, so that one is the other */
	struct requests *requests;
	struct outgoing to;  /* but for what it will say */
	json_t *transaction; /* NULL: none */
	char *key;	     /* the same */
	struct pending *next;
};

struct requests {
	char *prefix;
	struct pending *pending; /* put off, and their like that came since */
	struct requests_port port;
	struct transactions *transactions;
	int64_t complaints_since;
	unsigned complaints;
};

static void free_pending(struct pending *pending);

struct requests *requests_create(const char *prefix, const struct requests_port *port)
{
	struct requests *requests = memory_new(sizeof(*requests));
	requests->prefix = memory_text(prefix);
	requests->port = *port;
	requests->transactions = transactions_create();
	return requests;
}

void requests_destroy(struct requests *requests)
{
	if (!requests)
		return;
	for (struct pending *one = requests->pending, *next; one; one = next) {
		next = one->next;
		free_pending(one);
	}
	transactions_destroy(requests->transactions);
	free(requests->prefix);
	free(requests);
}

/* However much rubbish arrives, the log gets a few lines of it. */
static bool may_complain(struct requests *requests)
{
	int64_t now = clock_monotonic_ns();
	if (now - requests->complaints_since > COMPLAINT_NS) {
		if (requests->complaints > COMPLAINTS)
			log_warning("mqtt: %u more messages like these", requests->complaints - COMPLAINTS);
		requests->complaints_since = now;
		requests->complaints = 0;
	}
	return ++requests->complaints <= COMPLAINTS;
}

PRINTF(2, 3) static void complain(struct requests *requests, const char *format, ...)
{
	struct error line;
	va_list args;
	va_start(args, format);
	vsnprintf(line.text, sizeof(line.text), format, args);
	va_end(args);
	if (!may_complain(requests))
		return;
	/* A log line is one line, whatever a topic's name holds. */
	for (char *c = line.text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	log_warning("mqtt: %s", line.text);
}

static int run(struct requests *requests, const char *verb, json_t *arguments, struct network_reply *reply,
	json_t **data, struct error *e)
{
	struct command command;
	int result = command_read(&command, verb, arguments, e);
	if (result < 0)
		return result;
	command.reply = reply;
	return requests->port.on_command(requests->port.command_data, &command, data, e);
}

/* --- record/set, session/set, marker/set: bare text, no answer --- */

static const struct setter {
	const char *topic;
	const char *payload;  /* NULL: any, and it is the argument */
	const char *argument; /* NULL: none */
	const char *verb;
} setters[] = {
	{"record/set", "ON", NULL, "record.start"},
	{"record/set", "OFF", NULL, "record.stop"},
	{"session/set", NULL, "session", "session.set"},
	{"marker/set", NULL, "label", "marker.add"},
};

static const struct setter *find_setter(const struct inbound *message)
{
	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		const struct setter *setter = &setters[i];
		if (strcmp(setter->topic, message->topic) != 0)
			continue;
		if (!setter->payload ||
			(strlen(setter->payload) == message->size &&
				memcmp(setter->payload, message->payload, message->size) == 0))
			return setter;
	}
	return NULL;
}

static void handle_setter(struct requests *requests, const struct inbound *message)
{
	const struct setter *setter = message->too_large ? NULL : find_setter(message);
	json_t *arguments = NULL;
	if (setter && setter->argument)
		arguments = command_argument(setter->argument, message->payload, message->size);
	else if (setter)
		arguments = json_object();
	if (!arguments) {
		complain(requests, "%.40s: a payload of %zu bytes that means nothing", message->topic,
			message->size);
		return;
	}
	struct error e;
	json_t *data = NULL;
	if (run(requests, setter->verb, arguments, NULL, &data, &e) < 0)
		complain(requests, "%s: %s", message->topic, e.text);
	json_decref(data);
	json_decref(arguments);
}

/* --- request/<verb>: JSON, answered --- */

/* Topics that mean something else; an answer there would be a lie, or a request again. */
static bool reserved(const char *topic)
{
	static const char *const own[] = {
		"availability", "info", "state", "health", "take/latest", "event", "levels"};
	size_t length = strlen(topic);
	if (length == 0 || strncmp(topic, "request/", 8) == 0)
		return true;
	if (length > 4 && strcmp(topic + length - 4, "/set") == 0)
		return true;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(topic, own[i]) == 0)
			return true;
	}
	return false;
}

static char *response_topic(const struct requests *requests, const struct inbound *message, const char *verb)
{
	size_t length = strlen(requests->prefix);
	const char *asked = message->response_topic;
	if (asked && strncmp(asked, requests->prefix, length) == 0 && asked[length] == '/' &&
		!strpbrk(asked, "+#") && !reserved(asked + length + 1))
		return memory_text(asked);
	return memory_format("%s/response/%s", requests->prefix, verb);
}

static struct outgoing address(
	const struct requests *requests, const struct inbound *message, const char *verb)
{
	struct outgoing to = {.topic = response_topic(requests, message, verb)};
	if (message->correlation) {
		to.correlation = memory_new(message->correlation_size + 1);
		to.correlation_size = message->correlation_size;
		memcpy(to.correlation, message->correlation, message->correlation_size);
	}
	return to;
}

/* Takes over the memory in `to`. */
static void respond(struct requests *requests, struct outgoing *to, const char *text)
{
	to->payload = memory_text(text);
	to->size = strlen(text);
	requests->port.send(requests->port.send_data, to);
	*to = (struct outgoing){0};
}

/* The answer as text, the caller's to free; takes `data`. */
static char *answer_text(int result, const struct error *e, json_t *data, json_t *transaction)
{
	json_t *answer = json_pack("{s:s, s:s?, s:o?, s:O?}", "status", result < 0 ? "error" : "ok", "error",
		result < 0 ? e->text : NULL, "data", data, "transaction", transaction);
	if (!answer) /* what a message was made of may not be UTF-8 */
		answer = json_pack("{s:s, s:s, s:n, s:O?}", "status", "error", "error",
			"the answer cannot be written as JSON", "data", "transaction", transaction);
	char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(answer);
	return text ? text : memory_text("{\"status\":\"error\",\"error\":\"out of memory\"}");
}

static int check_transaction(const json_t *transaction, struct error *e)
{
	bool fits = !transaction || json_is_integer(transaction) ||
		    (json_is_string(transaction) && json_string_length(transaction) <= TRANSACTION_LIMIT);
	return fits ? 0
		    : error_set(e, EINVAL, "transaction: must be a text of at most 128 bytes or a number");
}

static void free_pending(struct pending *pending)
{
	outgoing_finish(&pending->to);
	json_decref(pending->transaction);
	free(pending->key);
	free(pending);
}

/* Answers all that wait under the key of `pending` with the same text, and `pending` itself, which is gone.
 */
static void settle(struct network_reply *reply, int result, json_t *data, const struct error *e)
{
	struct pending *pending = (struct pending *)reply;
	struct requests *requests = pending->requests;
	char *text = answer_text(result, e, data, pending->transaction);
	char *key = pending->key;
	pending->key = NULL;
	if (key)
		transactions_add(requests->transactions, key, text);
	for (struct pending **place = &requests->pending, *one; (one = *place) != NULL;) {
		if (one != pending && !(key && one->key && strcmp(one->key, key) == 0)) {
			place = &one->next;
			continue;
		}
		*place = one->next;
		respond(requests, &one->to, text);
		free_pending(one);
	}
	free(key);
	free(text);
}

static void put_off(struct pending *pending)
{
	pending->next = pending->requests->pending;
	pending->requests->pending = pending;
}

static bool is_put_off(const struct requests *requests, const char *key)
{
	for (const struct pending *one = requests->pending; one; one = one->next) {
		if (one->key && strcmp(one->key, key) == 0)
			return true;
	}
	return false;
}

/* What was seen before is answered again, not done again; also while it is being done. */
static bool answered_before(struct pending *pending)
{
	struct requests *requests = pending->requests;
	const char *before = pending->key ? transactions_find(requests->transactions, pending->key) : NULL;
	if (before) {
		respond(requests, &pending->to, before);
		free_pending(pending);
		return true;
	}
	if (!pending->key || !is_put_off(requests, pending->key))
		return false;
	put_off(pending);
	return true;
}

static void answer_request(
	struct requests *requests, const struct inbound *message, const char *verb, json_t *arguments)
{
	struct error e;
	json_t *data = NULL, *transaction = json_object_get(arguments, "transaction");
	struct pending *pending = memory_new(sizeof(*pending));
	int result = check_transaction(transaction, &e);
	*pending = (struct pending){.reply.answer = settle,
		.requests = requests,
		.to = address(requests, message, verb),
		.transaction = result < 0 ? NULL : json_incref(transaction)};
	pending->key = pending->transaction ? transaction_key(verb, pending->transaction) : NULL;
	if (answered_before(pending))
		return;
	put_off(pending);
	if (result == 0)
		result = run(requests, verb, arguments, &pending->reply, &data, &e);
	if (result != NETWORK_LATER)
		settle(&pending->reply, result, data, &e);
}

static void handle_request(struct requests *requests, const struct inbound *message, const char *verb)
{
	struct error e;
	json_t *arguments = NULL;
	int result = message->too_large ? error_set(&e, EMSGSIZE, "larger than %zu bytes", COMMAND_SIZE_LIMIT)
					: command_load(message->payload, message->size, &arguments, &e);
	if (result == 0) {
		answer_request(requests, message, verb, arguments);
	} else {
		char *text = answer_text(result, &e, NULL, NULL);
		struct outgoing to = address(requests, message, verb);
		respond(requests, &to, text);
		free(text);
		complain(requests, "%s: %s", message->topic, e.text);
	}
	json_decref(arguments);
}

/* What can be answered: the answer's topic has the verb in it, and one that is no topic's name would end the
 * connection. */
static bool is_verb(const char *text)
{
	size_t length = strlen(text);
	for (const char *c = text; *c; c++) {
		if (*c <= ' ' || *c > '~' || strchr("/+#", *c))
			return false;
	}
	return length > 0 && length <= VERB_LIMIT;
}

void requests_handle(void *data, const struct inbound *message)
{
	struct requests *requests = data;
	if (message->dropped > 0)
		complain(requests, "%u messages came faster than they could be looked at", message->dropped);
	const char *verb = strncmp(message->topic, "request/", 8) == 0 ? message->topic + 8 : NULL;
	if (message->retained)
		complain(requests, "%.60s: retained, so ignored; commands are not to be retained",
			message->topic);
	else if (!verb)
		handle_setter(requests, message);
	else if (is_verb(verb))
		handle_request(requests, message, verb);
	else
		complain(requests, "%.60s: no verb", message->topic);
}

#include "network/requests.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "network/commands.h"
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

struct requests {
	char *prefix;
	struct requests_port port;
	struct transactions *transactions;
	int64_t complaints_since;
	unsigned complaints;
};

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

static int run(struct requests *requests, const char *verb, json_t *arguments, json_t **data, struct error *e)
{
	struct command command;
	int result = command_read(&command, verb, arguments, e);
	if (result < 0)
		return result;
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
	if (run(requests, setter->verb, arguments, &data, &e) < 0)
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

static void respond(
	struct requests *requests, const struct inbound *message, const char *verb, const char *text)
{
	struct outgoing answer = {.topic = response_topic(requests, message, verb),
		.payload = memory_text(text),
		.size = strlen(text)};
	if (message->correlation) {
		answer.correlation = memory_new(message->correlation_size + 1);
		answer.correlation_size = message->correlation_size;
		memcpy(answer.correlation, message->correlation, message->correlation_size);
	}
	requests->port.send(requests->port.send_data, &answer);
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

static void answer_request(
	struct requests *requests, const struct inbound *message, const char *verb, json_t *arguments)
{
	struct error e;
	json_t *data = NULL;
	json_t *transaction = json_object_get(arguments, "transaction");
	int result = check_transaction(transaction, &e);
	if (result < 0)
		transaction = NULL;
	char *key = transaction ? transaction_key(verb, transaction) : NULL;
	const char *before = key ? transactions_find(requests->transactions, key) : NULL;
	if (before) {
		respond(requests, message, verb, before);
		free(key);
		return;
	}
	if (result == 0)
		result = run(requests, verb, arguments, &data, &e);
	char *text = answer_text(result, &e, data, transaction);
	respond(requests, message, verb, text);
	if (key)
		transactions_add(requests->transactions, key, text);
	free(text);
	free(key);
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
		respond(requests, message, verb, text);
		free(text);
		complain(requests, "%s: %s", message->topic, e.text);
	}
	json_decref(arguments);
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
	else if (*verb != '\0' && strlen(verb) <= VERB_LIMIT)
		handle_request(requests, message, verb);
	else
		complain(requests, "%.60s: no verb", message->topic);
}

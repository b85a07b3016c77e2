/* A message from the broker: a first line with what follows `<p>/` in its topic, and perhaps a space and an
 * MQTT 5 Response Topic, then the payload as it is. Only commands that make sense reach the service, and
 * every answer is one JSON object on a topic that is for answers. */
#include "fuzz.h"

#include "common/log.h"
#include "common/memory.h"
#include "network/commands.h"
#include "network/requests.h"
#include "takes/take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "woodshed/room1"

struct heard {
	int commands, answers;
	struct network_reply *later; /* that a command is put off with */
};

static bool is_text(const char *text)
{
	size_t length = strlen(text);
	json_t *json = json_string(text); /* UTF-8? */
	json_decref(json);
	return json && length >= 1 && length <= 200 && !strpbrk(text, "\n\r\t\x1b\x7f");
}

static void check_command(const struct command *command)
{
	REQUIRE(!command->take || take_id_valid(command->take));
	REQUIRE(!command->cursor || take_id_valid(command->cursor));
	REQUIRE(!command->session || !strpbrk(command->session, "/.\\ "));
	REQUIRE(!command->label || is_text(command->label));
	REQUIRE(!command->title || is_text(command->title));
	REQUIRE(command->limit <= NETWORK_LIMIT_MOST);
	REQUIRE(command->verb != COMMAND_MARKER_ADD || command->label);
	REQUIRE(command->verb != COMMAND_SESSION_SET || command->session);
	REQUIRE(command->verb != COMMAND_TAKE_REMOVE || command->take);
}

/* One of each outcome that there is. */
static int on_command(void *data, const struct command *command, json_t **result, struct error *e)
{
	struct heard *heard = data;
	heard->commands++;
	check_command(command);
	if (command->verb == COMMAND_TAKE_REMOVE)
		return error_set(e, ENOENT, "there is no take %s", command->take);
	if (command->verb == COMMAND_TAKE_LIST && command->reply) {
		heard->later = command->reply;
		return NETWORK_LATER;
	}
	*result = json_pack("{s:s?, s:s?}", "label", command->label, "title", command->title);
	return 0;
}

static void on_answer(void *data, struct outgoing *message)
{
	struct heard *heard = data;
	heard->answers++;
	const char *topic = message->topic;
	REQUIRE(strncmp(topic, PREFIX "/", sizeof(PREFIX)) == 0);
	REQUIRE(strncmp(topic + sizeof(PREFIX), "request/", 8) != 0 &&
		!strpbrk(topic + sizeof(PREFIX), "+#"));
	REQUIRE(strcmp(topic, PREFIX "/state") != 0 && strcmp(topic, PREFIX "/record/set") != 0);
	json_t *answer = json_loadb(message->payload, message->size, JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(json_is_object(answer) && json_object_size(answer) == 4);
	const char *status = json_string_value(json_object_get(answer, "status"));
	bool failed = json_is_string(json_object_get(answer, "error"));
	REQUIRE(status && strcmp(status, failed ? "error" : "ok") == 0);
	json_t *transaction = json_object_get(answer, "transaction");
	REQUIRE(json_is_null(transaction) || json_is_string(transaction) || json_is_integer(transaction));
	json_decref(answer);
	outgoing_finish(message);
}

static char *copy(const uint8_t *data, size_t size)
{
	char *text = memory_new(size + 1);
	if (size > 0)
		memcpy(text, data, size);
	return text;
}

/* Twice: what has a transaction is answered again, not done again. */
static void handle_twice(const struct inbound *message)
{
	struct heard heard = {0};
	struct requests_port port = {on_command, &heard, on_answer, &heard};
	struct requests *requests = requests_create(PREFIX, &port);
	bool transaction = false;
	for (int i = 0; i < 2; i++) {
		int commands = heard.commands, answers = heard.answers;
		requests_handle(requests, message);
		if (heard.later)
			network_answer(heard.later, 0, json_object(), NULL);
		heard.later = NULL;
		REQUIRE(heard.commands - commands <= 1 && heard.answers - answers <= 1);
		REQUIRE(!message->retained || heard.commands + heard.answers == 0);
		REQUIRE(!transaction || heard.commands == commands);
		json_t *json = json_loadb(message->payload, message->size, JSON_REJECT_DUPLICATES, NULL);
		json_t *given = json_object_get(json, "transaction");
		transaction = heard.answers > 0 && heard.commands > 0 &&
			      (json_is_string(given) || json_is_integer(given));
		json_decref(json);
	}
	requests_destroy(requests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_set_level(LOG_LEVEL_ERROR); /* each complaint is a line */
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	if (!end)
		return 0;
	struct inbound message = {.topic = copy(data, (size_t)(end - data))};
	char *space = strchr(message.topic, ' ');
	if (space) {
		*space = '\0';
		message.response_topic = memory_text(space + 1);
		message.correlation = memory_text("c");
		message.correlation_size = 1;
	}
	message.size = size - (size_t)(end + 1 - data);
	message.payload = copy(end + 1, message.size);
	message.too_large = message.size > COMMAND_SIZE_LIMIT;
	handle_twice(&message);
	message.retained = true;
	handle_twice(&message);
	free(message.topic);
	free(message.payload);
	free(message.response_topic);
	free(message.correlation);
	return 0;
}

#include "network/commands.h"

#include "takes/take.h"

#include <errno.h>
#include <string.h>

enum {
	ARGUMENT_TAKE = 1 << 0,
	ARGUMENT_SESSION = 1 << 1,
	ARGUMENT_LABEL = 1 << 2,
	ARGUMENT_TITLE = 1 << 3,
	ARGUMENT_CURSOR = 1 << 4,
	ARGUMENT_LIMIT = 1 << 5,
	ARGUMENT_KEEP = 1 << 6,
};

#define TEXT_LIMIT 200 /* bytes of a label or a title */
#define NAME_LIMIT 64  /* of a session's name */

static const struct verb {
	const char *name;
	enum command_verb verb;
	unsigned allowed, required;
} verbs[] = {
	{"record.start", COMMAND_RECORD_START, ARGUMENT_SESSION | ARGUMENT_TITLE, 0},
	{"record.stop", COMMAND_RECORD_STOP, 0, 0},
	{"record.save", COMMAND_RECORD_SAVE, ARGUMENT_TITLE, 0},
	{"marker.add", COMMAND_MARKER_ADD, ARGUMENT_LABEL, ARGUMENT_LABEL},
	{"take.list", COMMAND_TAKE_LIST, ARGUMENT_CURSOR | ARGUMENT_LIMIT, 0},
	{"take.get", COMMAND_TAKE_GET, ARGUMENT_TAKE, ARGUMENT_TAKE},
	{"take.render", COMMAND_TAKE_RENDER, ARGUMENT_TAKE | ARGUMENT_SESSION, ARGUMENT_TAKE},
	{"take.keep", COMMAND_TAKE_KEEP, ARGUMENT_TAKE | ARGUMENT_KEEP, ARGUMENT_TAKE},
	{"take.patch", COMMAND_TAKE_PATCH, ARGUMENT_TAKE | ARGUMENT_TITLE | ARGUMENT_KEEP, ARGUMENT_TAKE},
	{"take.remove", COMMAND_TAKE_REMOVE, ARGUMENT_TAKE, ARGUMENT_TAKE},
	{"session.set", COMMAND_SESSION_SET, ARGUMENT_SESSION, ARGUMENT_SESSION},
	{"session.list", COMMAND_SESSION_LIST, 0, 0},
	{"levels", COMMAND_LEVELS, 0, 0},
	{"config.reload", COMMAND_CONFIG_RELOAD, 0, 0},
};

/* A session's name becomes a file's name, so nothing but plain letters gets past here. */
static bool valid_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return length > 0 && length <= NAME_LIMIT && text[length] == '\0';
}

static bool valid_text(const char *text)
{
	size_t length = strlen(text);
	if (length == 0 || length > TEXT_LIMIT)
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	}
	return true;
}

/* Into the member of struct command; false: not what it must be. */
static bool read_text(const json_t *value, void *member, bool (*valid)(const char *text))
{
	const char *text = json_string_value(value);
	*(const char **)member = text;
	return text && valid(text);
}

static bool read_limit(const json_t *value, void *member, bool (*valid)(const char *text))
{
	(void)valid;
	json_int_t limit = json_integer_value(value); /* 0 for what is no whole number */
	*(size_t *)member = (size_t)limit;
	return limit >= 1 && limit <= NETWORK_LIMIT_MOST;
}

static bool read_answer(const json_t *value, void *member, bool (*valid)(const char *text))
{
	(void)valid;
	*(enum said *)member = json_is_true(value) ? SAID_YES : SAID_NO;
	return json_is_boolean(value);
}

static const char text_must[] = "1 to 200 bytes of text without control characters";

static const struct argument {
	const char *name;
	unsigned bit;
	size_t offset; /* in struct command */
	bool (*read)(const json_t *value, void *member, bool (*valid)(const char *text));
	bool (*valid)(const char *text);
	const char *must;
} arguments_table[] = {
	{"take", ARGUMENT_TAKE, offsetof(struct command, take), read_text, take_id_valid, "the id of a take"},
	{"session", ARGUMENT_SESSION, offsetof(struct command, session), read_text, valid_name,
		"a session's name: [a-z0-9-], at most 64"},
	{"label", ARGUMENT_LABEL, offsetof(struct command, label), read_text, valid_text, text_must},
	{"title", ARGUMENT_TITLE, offsetof(struct command, title), read_text, valid_text, text_must},
	{"cursor", ARGUMENT_CURSOR, offsetof(struct command, cursor), read_text, take_id_valid,
		"one that a list gave"},
	{"limit", ARGUMENT_LIMIT, offsetof(struct command, limit), read_limit, NULL,
		"a whole number from 1 to 200"},
	{"keep", ARGUMENT_KEEP, offsetof(struct command, keep), read_answer, NULL, "true or false"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int command_load(const char *text, size_t size, json_t **arguments, struct error *e)
{
	if (size > COMMAND_SIZE_LIMIT)
		return error_set(e, EMSGSIZE, "larger than %zu bytes", COMMAND_SIZE_LIMIT);
	json_error_t fault;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (!json)
		return error_set(
			e, EINVAL, "not JSON: line %d, column %d: %s", fault.line, fault.column, fault.text);
	if (!json_is_object(json)) {
		json_decref(json);
		return error_set(e, EINVAL, "not a JSON object");
	}
	*arguments = json;
	return 0;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static const struct argument *find_argument(const char *name)
{
	for (size_t i = 0; i < COUNT(arguments_table); i++) {
		if (strcmp(arguments_table[i].name, name) == 0)
			return &arguments_table[i];
	}
	return NULL;
}

static int read_argument(
	struct command *command, const struct verb *verb, const char *name, json_t *value, struct error *e)
{
	const struct argument *argument = find_argument(name);
	if (!argument || !(verb->allowed & argument->bit))
		return error_set(e, EINVAL, "%s has no argument \"%.40s\"", verb->name, name);
	if (!argument->read(value, (char *)command + argument->offset, argument->valid))
		return error_set(e, EINVAL, "%s: must be %s", argument->name, argument->must);
	return 0;
}

static int check_required(const json_t *arguments, const struct verb *verb, struct error *e)
{
	for (size_t i = 0; i < COUNT(arguments_table); i++) {
		const struct argument *argument = &arguments_table[i];
		if ((verb->required & argument->bit) && !json_object_get(arguments, argument->name))
			return error_set(e, EINVAL, "%s: %s is missing", verb->name, argument->name);
	}
	return 0;
}

int command_read(struct command *command, const char *verb_name, json_t *arguments, struct error *e)
{
	const struct verb *verb = find_verb(verb_name);
	if (!verb)
		return error_set(e, ENOENT, "unknown verb \"%.40s\"", verb_name);
	*command = (struct command){.verb = verb->verb};
	const char *name;
	json_t *value;
	json_object_foreach(arguments, name, value)
	{
		if (strcmp(name, "transaction") == 0)
			continue;
		int result = read_argument(command, verb, name, value, e);
		if (result < 0)
			return result;
	}
	return check_required(arguments, verb, e);
}

json_t *command_argument(const char *name, const char *text, size_t size)
{
	/* What follows a zero would be lost on the way, and another text be taken for this one. */
	json_t *value = memchr(text, '\0', size) ? NULL : json_stringn(text, size);
	if (!value)
		return NULL;
	json_t *arguments = json_object();
	json_object_set_new(arguments, name, value);
	return arguments;
}

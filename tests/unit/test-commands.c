#include "network/commands.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "20261122-190311-thursday"

static void reads_what_fits(void **state)
{
	(void)state;
	static const struct {
		const char *verb, *json;
		struct command want;
	} cases[] = {
		{"record.start", "{}", {COMMAND_RECORD_START}},
		{"record.start", " {\"transaction\": 1} \n", {COMMAND_RECORD_START}},
		{"record.start", "{\"session\": \"s-1\", \"title\": \"Ünder\"}",
			{COMMAND_RECORD_START, .session = "s-1", .title = "Ünder"}},
		{"record.stop", "{}", {COMMAND_RECORD_STOP}},
		{"record.save", "{\"title\": \"x\"}", {COMMAND_RECORD_SAVE, .title = "x"}},
		{"marker.add", "{\"label\": \"a b\"}", {COMMAND_MARKER_ADD, .label = "a b"}},
		{"take.list", "{}", {COMMAND_TAKE_LIST}},
		{"take.get", "{\"take\": \"" ID "\"}", {COMMAND_TAKE_GET, .take = ID}},
		{"take.render", "{\"take\": \"" ID "\", \"session\": \"x\"}",
			{COMMAND_TAKE_RENDER, .take = ID, .session = "x"}},
		{"take.list", "{\"cursor\": \"" ID "\", \"limit\": 200}",
			{COMMAND_TAKE_LIST, .cursor = ID, .limit = 200}},
		{"take.keep", "{\"take\": \"" ID "\"}", {COMMAND_TAKE_KEEP, .take = ID}},
		{"take.keep", "{\"take\": \"" ID "\", \"keep\": false}",
			{COMMAND_TAKE_KEEP, .take = ID, .keep = SAID_NO}},
		{"take.patch", "{\"take\": \"" ID "\", \"keep\": true, \"title\": \"x\"}",
			{COMMAND_TAKE_PATCH, .take = ID, .keep = SAID_YES, .title = "x"}},
		{"take.remove", "{\"take\": \"" ID "\"}", {COMMAND_TAKE_REMOVE, .take = ID}},
		{"session.set", "{\"session\": \"x\"}", {COMMAND_SESSION_SET, .session = "x"}},
		{"session.list", "{}", {COMMAND_SESSION_LIST}},
		{"levels", "{\"transaction\": \"x\"}", {COMMAND_LEVELS}},
		{"config.reload", "{}", {COMMAND_CONFIG_RELOAD}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e;
		struct command got;
		json_t *arguments;
		assert_int_equal(command_load(cases[i].json, strlen(cases[i].json), &arguments, &e), 0);
		assert_int_equal(command_read(&got, cases[i].verb, arguments, &e), 0);
		assert_int_equal(got.verb, cases[i].want.verb);
		const char *const pairs[][2] = {{got.take, cases[i].want.take},
			{got.session, cases[i].want.session}, {got.label, cases[i].want.label},
			{got.title, cases[i].want.title}, {got.cursor, cases[i].want.cursor}};
		assert_int_equal(got.limit, cases[i].want.limit);
		assert_int_equal(got.keep, cases[i].want.keep);
		for (size_t k = 0; k < 5; k++) {
			if (pairs[k][1])
				assert_string_equal(pairs[k][0], pairs[k][1]);
			else
				assert_null(pairs[k][0]);
		}
		json_decref(arguments);
	}
}

static const struct {
	const char *verb, *json;
	int want;
} misfits[] = {
	{"record.star", "{}", -ENOENT},
	{"record.startx", "{}", -ENOENT},
	{"Record.start", "{}", -ENOENT},
	{"", "{}", -ENOENT},
	{"record.start ", "{}", -ENOENT},
	{"record.stop", "{\"session\": \"x\"}", -EINVAL},
	{"record.save", "{\"session\": \"x\"}", -EINVAL},
	{"record.save", "{\"title\": 2}", -EINVAL},
	{"record.start", "{\"label\": \"x\"}", -EINVAL},
	{"record.start", "{\"Session\": \"x\"}", -EINVAL},
	{"record.start", "{\"session\": null}", -EINVAL},
	{"record.start", "{\"session\": 1}", -EINVAL},
	{"record.start", "{\"session\": \"\"}", -EINVAL},
	{"record.start", "{\"session\": \"A\"}", -EINVAL},
	{"record.start", "{\"session\": \"../a\"}", -EINVAL},
	{"record.start", "{\"session\": \"a.yaml\"}", -EINVAL},
	{"record.start",
		"{\"session\": "
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
		-EINVAL},
	{"record.start", "{\"title\": \"a\\tb\"}", -EINVAL},
	{"record.start", "{\"title\": \"\\u007f\"}", -EINVAL},
	{"marker.add", "{}", -EINVAL},
	{"marker.add", "{\"label\": \"\"}", -EINVAL},
	{"marker.add", "{\"label\": [\"a\"]}", -EINVAL},
	{"take.get", "{}", -EINVAL},
	{"take.get", "{\"take\": \"/etc\"}", -EINVAL},
	{"take.get", "{\"take\": \".\"}", -EINVAL},
	{"take.get", "{\"take\": \"" ID "/../x\"}", -EINVAL},
	{"take.render", "{\"session\": \"x\"}", -EINVAL},
	{"session.set", "{}", -EINVAL},
	{"take.list", "{\"cursor\": \"x\"}", -EINVAL},
	{"take.list", "{\"limit\": 0}", -EINVAL},
	{"take.list", "{\"limit\": 201}", -EINVAL},
	{"take.list", "{\"limit\": -1}", -EINVAL},
	{"take.list", "{\"limit\": 1.5}", -EINVAL},
	{"take.list", "{\"limit\": \"5\"}", -EINVAL},
	{"take.list", "{\"limit\": 9223372036854775807}", -EINVAL},
	{"take.list", "{\"take\": \"" ID "\"}", -EINVAL},
	{"take.keep", "{}", -EINVAL},
	{"take.keep", "{\"take\": \"" ID "\", \"keep\": 1}", -EINVAL},
	{"take.keep", "{\"take\": \"" ID "\", \"keep\": null}", -EINVAL},
	{"take.keep", "{\"take\": \"" ID "\", \"title\": \"x\"}", -EINVAL},
	{"take.patch", "{\"title\": \"x\"}", -EINVAL},
	{"take.patch", "{\"take\": \"" ID "\", \"title\": \"\"}", -EINVAL},
	{"take.patch", "{\"take\": \"" ID "\", \"frames\": 1}", -EINVAL},
	{"take.remove", "{}", -EINVAL},
	{"take.remove", "{\"take\": \"../" ID "\"}", -EINVAL},
};

static void refuses_what_does_not_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
		struct error e = {""};
		struct command got;
		json_t *arguments;
		assert_int_equal(command_load(misfits[i].json, strlen(misfits[i].json), &arguments, &e), 0);
		assert_int_equal(command_read(&got, misfits[i].verb, arguments, &e), misfits[i].want);
		assert_true(e.text[0] != '\0' && !strchr(e.text, '\n'));
		json_decref(arguments);
	}
}

static void refuses_what_is_no_object(void **state)
{
	(void)state;
	static const char *const cases[] = {"", " ", "x", "{", "}", "[]", "1", "null", "true", "\"a\"", "{}x",
		"{}{}", "{\"a\":1,\"a\":2}", "{'a':1}", "{\"a\":}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":1,}", "{a:1}", "{\"a\":NaN}", "{\"a\":1e999}",
		"\xef\xbb\xbf{}"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e;
		json_t *arguments = NULL;
		assert_int_equal(command_load(cases[i], strlen(cases[i]), &arguments, &e), -EINVAL);
		assert_null(arguments);
	}
	struct error e;
	json_t *arguments;
	assert_int_equal(command_load("{}\0x", 4, &arguments, &e), -EINVAL);
}

static void limits_size_and_depth(void **state)
{
	(void)state;
	struct error e;
	json_t *arguments = NULL;
	size_t size = COMMAND_SIZE_LIMIT + 1;
	char *text = malloc(size);
	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "{}", 2);
	assert_int_equal(command_load(text, size, &arguments, &e), -EMSGSIZE);
	assert_int_equal(command_load(text, size - 1, &arguments, &e), 0);
	json_decref(arguments);
	memset(text, '[', size);
	assert_int_equal(command_load(text, size - 1, &arguments, &e), -EINVAL);
	free(text);
}

static void takes_bare_text(void **state)
{
	(void)state;
	json_t *arguments = command_argument("label", "a\"b", 3);
	assert_string_equal(json_string_value(json_object_get(arguments, "label")), "a\"b");
	json_decref(arguments);
	assert_null(command_argument("label", "\xc3", 1));
	assert_null(command_argument("session", "friday\0x", 8));
	assert_null(command_argument("label", "\0", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_fits),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(limits_size_and_depth),
		cmocka_unit_test(takes_bare_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

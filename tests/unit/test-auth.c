#include "network/auth.h"

#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void makes_and_keeps_a_token(void **state)
{
	(void)state;
	struct error e;
	char folder[] = "/tmp/test-auth-XXXXXX";
	char first[TOKEN_SIZE], second[TOKEN_SIZE];
	assert_non_null(mkdtemp(folder));
	char *path = memory_format("%s/new/token", folder);
	assert_int_equal(token_load(path, first, &e), 0);
	assert_int_equal(strlen(first), 64);
	assert_int_equal(strspn(first, "0123456789abcdef"), 64);
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(token_load(path, second, &e), 0);
	assert_string_equal(first, second);
	unlink(path);
	assert_int_equal(token_load(path, second, &e), 0);
	assert_string_not_equal(first, second);
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"0123456789abcdef\n", 0},
		{"0123456789abcdef\r\n", 0},
		{"A-z_0.9~A-z_0.9~", 0},
		{"", -EINVAL},
		{"\n", -EINVAL},
		{"short\n", -EINVAL},
		{"0123456789abcde f", -EINVAL},
		{"0123456789abcdef\nmore\n", -EINVAL},
		{"0123456789abcdef;", -EINVAL},
		{"00000000000000000000000000000000000000000000000000000000000000000", -EINVAL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(file_replace(path, cases[i].text, strlen(cases[i].text), &e), 0);
		assert_int_equal(token_load(path, second, &e), cases[i].want);
	}
	unlink(path);
	free(path);
	path = memory_format("%s/new", folder);
	assert_true(token_load(path, second, &e) < 0);
	rmdir(path);
	rmdir(folder);
	free(path);
}

static void compares_tokens(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "0", "0123456789abcdeg", "0123456789abcde",
		"0123456789abcdef0", " 0123456789abcdef", "0123456789ABCDEF",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
	assert_true(token_matches("0123456789abcdef", "0123456789abcdef"));
	assert_false(token_matches("0123456789abcdef", NULL));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(token_matches("0123456789abcdef", wrong[i]));
}

static void reads_bearer(void **state)
{
	(void)state;
	assert_string_equal(auth_bearer("Bearer x"), "x");
	assert_string_equal(auth_bearer("bearer   x"), "x");
	assert_null(auth_bearer(NULL));
	assert_null(auth_bearer("Bearer"));
	assert_null(auth_bearer("Bearerx"));
	assert_null(auth_bearer("Basic x"));
}

static void knows_its_names(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool want;
	} cases[] = {
		{"localhost", true},
		{"LocalHost:8090", true},
		{"127.0.0.1", true},
		{"10.1.2.3:80", true},
		{"[::1]", true},
		{"[fe80::1]:8090", true},
		{"box", true},
		{"BOX:1", true},
		{"box.local:8090", true},
		{NULL, false},
		{"", false},
		{":80", false},
		{"box:", false},
		{"box:x", false},
		{"box:123456", false},
		{"box:1:2", false},
		{"boxx", false},
		{"box.local.", false},
		{"box.example", false},
		{"local", false},
		{"localhost.example", false},
		{"127.0.0.1.example", false},
		{"127.1", false},
		{"0x7f.0.0.1", false},
		{"::1", false},
		{"[::1", false},
		{"[::1]x", false},
		{"[box]", false},
		{"[]", false},
		{"box/", false},
		{"a@box", false},
		{"room1", true},
		{"ROOM1.local:8090", true},
		{"room1.lan", false},
		{"room1.local.", false},
		{"room", false},
		{"room1.localx", false},
		{".local", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(auth_host_allowed(cases[i].host, "box", "room1"), cases[i].want);
}

static void reads_passwords(void **state)
{
	(void)state;
	static const struct {
		const char *header, *want; /* NULL: none */
	} cases[] = {
		{"Basic dTpzZXNhbWU=", "sesame"},
		{"basic  dTpzZXNhbWU=", "sesame"},
		{"Basic OnNlc2FtZTo6", "sesame::"},
		{"Basic dTo=", ""},
		{"Basic dXNlcg==", NULL}, /* no colon */
		{"Basic dTpzZXNhbWU", NULL},
		{"Basic ====", NULL},
		{"Basic *", NULL},
		{"Basic ", NULL},
		{"Basic", NULL},
		{"Bearer dTpzZXNhbWU=", NULL},
		{"", NULL},
		{NULL, NULL},
	};
	char password[TOKEN_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = auth_basic(cases[i].header, password);
		if (cases[i].want)
			assert_string_equal(found ? found : "(none)", cases[i].want);
		else
			assert_null(found);
	}
	char header[1024] = "Basic ";
	memset(header + 6, 'Q', sizeof(header) - 7);
	header[sizeof(header) - 1] = '\0';
	assert_null(auth_basic(header, password));
	header[6 + 200] = '\0'; /* "AAA…", without a colon */
	assert_null(auth_basic(header, password));
	memcpy(header + 6, "OkFB", 4); /* ":AA", and a password longer than a token can be */
	assert_null(auth_basic(header, password));
}

static void wants_the_same_origin(void **state)
{
	(void)state;
	static const struct {
		const char *site, *origin, *host;
		bool want;
	} cases[] = {
		{"same-origin", NULL, "box", true},
		{NULL, "http://box:8090", "box:8090", true},
		{NULL, "https://box", "box", true},
		{NULL, NULL, "box", false},
		{NULL, "null", "box", false},
		{NULL, "http://box", "box:8090", false},
		{NULL, "http://box:8090", NULL, false},
		{NULL, "http://evil", "box", false},
		{NULL, "http://box.evil", "box", false},
		{NULL, "ftp://box", "box", false},
		{NULL, "box", "box", false},
		{"cross-site", "http://box", "box", false},
		{"same-site", NULL, "box", false},
		{"none", NULL, "box", false},
		{"", NULL, "box", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			auth_same_origin(cases[i].site, cases[i].origin, cases[i].host), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_and_keeps_a_token),
		cmocka_unit_test(compares_tokens),
		cmocka_unit_test(reads_bearer),
		cmocka_unit_test(knows_its_names),
		cmocka_unit_test(reads_passwords),
		cmocka_unit_test(wants_the_same_origin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

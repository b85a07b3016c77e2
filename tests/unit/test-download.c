#include "network/download.h"

#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

static void test_name(void **state)
{
	(void)state;
	static const struct {
		const char *title, *path, *name;
	} cases[] = {
		{"Night Bus", "master.flac", "Night Bus - master.flac"},
		{NULL, "master.flac", "20261122-190311-thursday - master.flac"},
		{"", "master.flac", "20261122-190311-thursday - master.flac"},
		{"Night Bus", "raw/01-kick.flac", "Night Bus - 01-kick.flac"},
		{"Nachtbus für Zoë", "mix.flac", "Nachtbus für Zoë - mix.flac"},
		{"../../etc/passwd", "mix.flac", "_._.._etc_passwd - mix.flac"},
		{"-rf *", "mix.flac", "_rf _ - mix.flac"},
		{"AC/DC: \"Live\"\r\nX: y", "mix.flac", "AC_DC_ _Live___X_ y - mix.flac"},
		{"a\\b|c<d>e?", "mix.flac", "a_b_c_d_e_ - mix.flac"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[DOWNLOAD_NAME_SIZE];
		struct manifest take = {
			.id = (char *)"20261122-190311-thursday", .title = (char *)cases[i].title};
		download_name(name, &take, cases[i].path);
		assert_string_equal(name, cases[i].name);
	}
}

/* Cut off between two characters, and the file's own name is whole. */
static void test_long(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 2; shift++) {
		char title[402] = "u", name[DOWNLOAD_NAME_SIZE];
		for (size_t i = shift; i + 2 < sizeof(title); i += 2)
			memcpy(title + i, "ü", 2);
		struct manifest take = {.id = (char *)"20261122-190311-thursday", .title = title};
		download_name(name, &take, "raw/01-kick.flac");
		assert_int_equal(strspn(name, "u\xc3\xbc"), 120 - shift);
		assert_string_equal(name + 120 - shift, " - 01-kick.flac");
	}
}

static void test_disposition(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"Night Bus - master.flac", "attachment; filename=\"Night Bus - master.flac\""},
		{"Zoë.flac", "attachment; filename=\"Zo_.flac\"; filename*=UTF-8''Zo%C3%AB.flac"},
		{"夜 100%.flac",
			"attachment; filename=\"_ 100%.flac\"; filename*=UTF-8''%E5%A4%9C%20100%25.flac"},
		{"a\"b\\c\r\n.flac", "attachment; filename=\"a_b_c__.flac\""},
		{"ë\"'.flac", "attachment; filename=\"__'.flac\"; filename*=UTF-8''%C3%AB%22%27.flac"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *value = download_disposition(cases[i].name);
		assert_string_equal(value, cases[i].value);
		free(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_disposition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

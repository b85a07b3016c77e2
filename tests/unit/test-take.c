#include "takes/take.h"

#include "tests/unit/harness.h"
#include "tests/unit/plant.h"

#include <errno.h>
#include <sys/stat.h>

/* 2026-11-22T19:03:11.5Z */
static const int64_t started_ns = INT64_C(1795374191500000000);

static void test_create(void **state)
{
	static const struct {
		const char *session, *id;
	} cases[] = {
		{"thursday", "20261122-190311-thursday"},
		{"thursday", "20261122-190311-thursday-2"},
		{"thursday", "20261122-190311-thursday-3"},
		{"", "20261122-190311-session"},
		{"Thursday Jam", "20261122-190311-thursday-jam"},
		{"../../etc", "20261122-190311-------etc"},
		{"caf\xc3\xa9", "20261122-190311-caf--"},
		{"a/b", "20261122-190311-a-b"},
	};
	char *takes = file_join(*state, "new/takes"), *none;
	struct error missing;
	/* Where the disk with the takes will be, nothing is made before it is there. */
	assert_int_equal(take_create(takes, started_ns, "thursday", &none, &none, &missing), -ENOENT);
	assert_non_null(strstr(missing.text, takes));
	free(takes);
	takes = file_join(*state, "takes");
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *id, *folder;
		struct error e = {""};
		if (take_create(takes, started_ns, cases[i].session, &id, &folder, &e) < 0)
			fail_msg("%s", e.text);
		assert_string_equal(id, cases[i].id);
		assert_true(take_id_valid(id));
		char *expected = file_join(takes, id), *raw = file_join(folder, "raw");
		struct stat status;
		assert_string_equal(folder, expected);
		assert_int_equal(stat(raw, &status), 0);
		assert_true(S_ISDIR(status.st_mode));
		free(raw);
		free(expected);
		free(folder);
		free(id);
	}
	free(takes);
}

static void test_long_session_name(void **state)
{
	char name[1000];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		char *id, *folder;
		struct error e = {""};
		assert_int_equal(take_create(*state, started_ns, name, &id, &folder, &e), 0);
		assert_true(take_id_valid(id));
		free(folder);
		free(id);
	}
}

static void test_create_fails(void **state)
{
	char *file = file_join(*state, "file"), *under = file_join(file, "takes");
	char *id, *folder;
	struct error e = {""};
	harness_put(file, "", 0);
	assert_int_equal(take_create(under, started_ns, "x", &id, &folder, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, file));
	assert_true(take_create(file, started_ns, "x", &id, &folder, &e) < 0);
	free(under);
	free(file);
}

static void test_raw_names(void **state)
{
	(void)state;
	static const struct {
		int index;
		const char *track;
		int segment;
		const char *name;
	} cases[] = {
		{1, "kick", 1, "raw/01-kick.flac"},
		{1, "kick", 2, "raw/01-kick.2.flac"},
		{10, "Lead Vox", 1, "raw/10-lead-vox.flac"},
		{100, "x", 11, "raw/100-x.11.flac"},
		{3, "", 1, "raw/03-track.flac"},
		{4, "../x", 1, "raw/04----x.flac"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *name = take_raw_name(cases[i].index, cases[i].track, cases[i].segment);
		assert_string_equal(name, cases[i].name);
		free(name);
	}
}

static void test_id_valid(void **state)
{
	(void)state;
	static const char *const good[] = {
		"20261122-190311-thursday",
		"20261122-190311-thursday-2",
		"00000000-000000-x",
		"20261122-190311--",
	};
	static const char *const bad[] = {
		"",
		"x",
		".",
		"..",
		"20261122",
		"20261122-190311",
		"20261122-190311-",
		"20261122-190311_x",
		"2026112-190311-x",
		"20261122-19031-x",
		"20261122-190311-X",
		"20261122-190311-a b",
		"20261122-190311-a/b",
		"20261122-190311-..",
		"20261122-190311-a.b",
		"/20261122-190311-x",
		"20261122-190311-caf\xc3\xa9",
		"-0261122-190311-x",
		"20261122-190311-x\n",
	};
	for (size_t i = 0; i < TABLE_SIZE(good); i++)
		assert_true(take_id_valid(good[i]));
	for (size_t i = 0; i < TABLE_SIZE(bad); i++)
		assert_false(take_id_valid(bad[i]));
	char *longest = memory_format("20261122-190311-%0200d", 1);
	assert_false(take_id_valid(longest));
	free(longest);
}

static void test_find(void **state)
{
	static const char id[] = "20261122-190311-thursday";
	char *takes = *state, *planted = plant_take(takes, id), *found;
	struct error e = {""};
	assert_int_equal(take_find(takes, id, &found, &e), 0);
	assert_string_equal(found, planted);
	free(found);
	assert_int_equal(take_find("/nowhere", planted, &found, &e), 0); /* a path */
	assert_string_equal(found, planted);
	free(found);
	assert_int_equal(chdir(planted), 0);
	assert_int_equal(take_find("/nowhere", ".", &found, &e), 0);
	assert_string_equal(found, ".");
	free(found);
	assert_int_equal(chdir("/"), 0);
	free(planted);
}

static void test_find_nothing(void **state)
{
	static const struct {
		const char *take;
		const char *message;
	} cases[] = {
		{"20261122-190311-friday", "no such take"},
		{"friday", "not a take's id"},
		{"", "not a take's id"},
		{"./friday", "no such take"},
		{"..", "no such take"},
		{"/dev/null", "no such take"},
		{"/dev/null/", "no such take"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *found = NULL;
		struct error e = {""};
		assert_int_equal(take_find(*state, cases[i].take, &found, &e), -ENOENT);
		assert_null(found);
		assert_non_null(strstr(e.text, cases[i].message));
		assert_non_null(strstr(e.text, *state));
		assert_non_null(strstr(e.text, "woodshed takes"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_create),
		harness_in_folder(test_long_session_name),
		harness_in_folder(test_create_fails),
		cmocka_unit_test(test_raw_names),
		cmocka_unit_test(test_id_valid),
		harness_in_folder(test_find),
		harness_in_folder(test_find_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

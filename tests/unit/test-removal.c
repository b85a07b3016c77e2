#include "takes/removal.h"

#include "common/log.h"
#include "takes/lock.h"
#include "tests/unit/harness.h"
#include "tests/unit/plant.h"

#include <errno.h>
#include <sys/stat.h>

#define ID "20261122-190311-thursday"
#define SECOND ID "-2"
#define PLAIN "removing-" ID
#define ASIDE ".removing-" ID
#define SECOND_ASIDE ".removing-" SECOND

static bool there(const char *folder, const char *name)
{
	struct stat status;
	char *path = file_join(folder, name);
	bool is = lstat(path, &status) == 0;
	free(path);
	return is;
}

static void put(const char *folder, const char *name, const char *text)
{
	char *path = file_join(folder, name);
	harness_put(path, text, strlen(text));
	free(path);
}

static void must_remove(const char *folder)
{
	struct error e = {""};
	if (removal_run(folder, &e) < 0)
		fail_msg("%s", e.text);
}

static void test_removes_it_all(void **state)
{
	char *folder = plant_take(*state, ID), *other = plant_take(*state, SECOND);
	char *raw = file_join(folder, "raw"), *deep = file_join(raw, "a/b/c");
	struct error e = {""};
	assert_int_equal(file_make_folders(deep, &e), 0);
	put(deep, "x", "x");
	put(raw, "01-x.flac", "x");
	must_remove(folder);
	assert_false(there(*state, ID));
	assert_false(there(*state, ASIDE));
	assert_true(there(other, "take.json"));
	assert_int_equal(removal_run(folder, &e), -ENOENT);
	free(deep);
	free(raw);
	free(other);
	free(folder);
}

static void test_ways_to_name_it(void **state)
{
	char *folder = plant_take(*state, ID), *slashes = memory_format("%s///", folder);
	must_remove(slashes);
	assert_false(there(*state, ID));
	free(slashes);
	free(plant_take(*state, ID));
	assert_int_equal(chdir(folder), 0);
	must_remove(".");
	assert_int_equal(chdir("/"), 0);
	assert_false(there(*state, ID));
	free(folder);
}

/* What a link within a take leads to is not the take's. */
static void test_links_are_not_followed(void **state)
{
	char *folder = plant_take(*state, ID), *outside = file_join(*state, "outside");
	char *link = file_join(folder, "raw/link"), *file = file_join(folder, "link");
	assert_int_equal(mkdir(outside, 0755), 0);
	put(outside, "precious", "x");
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(symlink("../outside/precious", file), 0);
	must_remove(folder);
	assert_false(there(*state, ID));
	assert_true(there(outside, "precious"));
	free(file);
	free(link);
	free(outside);
	free(folder);
}

static void test_refused(void **state)
{
	static const struct {
		bool keep;
		enum take_state state;
		const char *message;
	} cases[] = {
		{true, TAKE_RECORDED, "is kept"},
		{true, TAKE_FAILED, "is kept"},
		{false, TAKE_RECORDING, "being recorded"},
		{false, TAKE_RENDERING, "being rendered"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct manifest take = plant_manifest();
		struct error e = {""};
		take.keep = cases[i].keep;
		take.state = cases[i].state;
		char *folder = plant_as(*state, ID, &take);
		assert_int_equal(removal_run(folder, &e), -EBUSY);
		assert_non_null(strstr(e.text, cases[i].message));
		assert_true(there(folder, "take.json"));
		free(folder);
	}
}

static void test_odd_folders(void **state)
{
	struct error e = {""};
	char *folder = plant_take(*state, ID), *other = plant_take(*state, "my take");
	char *link = file_join(*state, "20261122-190311-link");
	assert_int_equal(symlink(folder, link), 0);
	assert_int_equal(removal_run(link, &e), -EINVAL);
	assert_non_null(strstr(e.text, "link"));
	assert_int_equal(removal_run(other, &e), -EINVAL);
	assert_non_null(strstr(e.text, "by hand"));
	put(folder, "take.json", "{");
	assert_true(removal_run(folder, &e) < 0); /* whether it is kept, nobody knows */
	assert_true(there(folder, "take.json"));
	assert_true(there(other, "take.json"));
	free(link);
	free(other);
	free(folder);
}

static void test_locked(void **state)
{
	struct error e = {""};
	char *folder = plant_take(*state, ID);
	int lock = take_lock(folder, &e);
	assert_true(lock >= 0);
	assert_int_equal(removal_run(folder, &e), -EBUSY);
	assert_true(there(folder, "take.json"));
	close(lock);
	must_remove(folder);
	free(folder);
}

static void test_sweep(void **state)
{
	static const char *const mine[] = {ASIDE, SECOND_ASIDE};
	static const char *const others[] = {".removing-", ".removing-x", ".removing", PLAIN, ID};
	for (size_t i = 0; i < TABLE_SIZE(mine); i++)
		free(plant_take(*state, mine[i]));
	for (size_t i = 0; i < TABLE_SIZE(others); i++)
		free(plant_take(*state, others[i]));
	char *index = file_join(*state, ".index");
	assert_int_equal(mkdir(index, 0755), 0);
	put(index, "ids", "x");
	put(index, "ids.AbCdEf", "x");
	removal_sweep(*state);
	removal_sweep("/nowhere");
	for (size_t i = 0; i < TABLE_SIZE(mine); i++)
		assert_false(there(*state, mine[i]));
	for (size_t i = 0; i < TABLE_SIZE(others); i++)
		assert_true(there(*state, others[i]));
	assert_true(there(index, "ids"));
	assert_false(there(index, "ids.AbCdEf"));
	free(index);
}

/* The power went after the renaming, and a take of the same second was made and is removed, too. */
static void test_left_from_before(void **state)
{
	free(plant_take(*state, ASIDE));
	char *folder = plant_take(*state, ID);
	must_remove(folder);
	assert_false(there(*state, ID));
	assert_false(there(*state, ASIDE));
	free(folder);
}

static void test_bytes(void **state)
{
	char *folder = plant_take(*state, ID);
	uint64_t before = removal_bytes(folder);
	char *large = memory_new(1 << 20), *path = file_join(folder, "raw/01-x.flac");
	memset(large, 'x', 1 << 20);
	harness_put(path, large, 1 << 20);
	uint64_t after = removal_bytes(folder);
	assert_in_range(after - before, 1 << 20, (1 << 20) + 65536);
	assert_int_equal(removal_bytes("/nowhere"), 0);
	free(path);
	free(large);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_removes_it_all),
		harness_in_folder(test_ways_to_name_it),
		harness_in_folder(test_links_are_not_followed),
		harness_in_folder(test_refused),
		harness_in_folder(test_odd_folders),
		harness_in_folder(test_locked),
		harness_in_folder(test_sweep),
		harness_in_folder(test_left_from_before),
		harness_in_folder(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "network/files.h"

#include "tests/unit/plant.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ID "20261122-190311-thursday"

static void parses_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		uint64_t size;
		enum range_result want;
		uint64_t first, count;
	} cases[] = {
		{"bytes=0-0", 10, RANGE_PART, 0, 1},
		{"bytes=0-9", 10, RANGE_PART, 0, 10},
		{"bytes=0-", 10, RANGE_PART, 0, 10},
		{"bytes=9-", 10, RANGE_PART, 9, 1},
		{"bytes=3-5", 10, RANGE_PART, 3, 3},
		{"bytes=3-99", 10, RANGE_PART, 3, 7},
		{"bytes=3-18446744073709551615", 10, RANGE_PART, 3, 7},
		{"bytes=3-99999999999999999999999999", 10, RANGE_PART, 3, 7},
		{"bytes=-1", 10, RANGE_PART, 9, 1},
		{"bytes=-10", 10, RANGE_PART, 0, 10},
		{"bytes=-99", 10, RANGE_PART, 0, 10},
		{"bytes=-99999999999999999999999999", 10, RANGE_PART, 0, 10},
		{"BYTES=1-2", 10, RANGE_PART, 1, 2},
		{"bytes= 1-2 ", 10, RANGE_PART, 1, 2},
		{"bytes=4294967296-4294967297", UINT64_C(8589934592), RANGE_PART, UINT64_C(4294967296), 2},
		{"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=18446744073709551615-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-5", 0, RANGE_UNSATISFIABLE, 0, 0},
		{NULL, 10, RANGE_WHOLE, 0, 0},
		{"", 10, RANGE_WHOLE, 0, 0},
		{"bytes", 10, RANGE_WHOLE, 0, 0},
		{"bytes=", 10, RANGE_WHOLE, 0, 0},
		{"bytes=-", 10, RANGE_WHOLE, 0, 0},
		{"bytes=--1", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1", 10, RANGE_WHOLE, 0, 0},
		{"bytes=5-3", 10, RANGE_WHOLE, 0, 0},
		{"bytes=+1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-+2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1--2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-2x", 10, RANGE_WHOLE, 0, 0},
		{"bytes=0x1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1 -2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-2,3-4", 10, RANGE_WHOLE, 0, 0},
		{"bytes=-1,", 10, RANGE_WHOLE, 0, 0},
		{"lines=1-2", 10, RANGE_WHOLE, 0, 0},
		{" bytes=1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes =1-2", 10, RANGE_WHOLE, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t first = 0, count = 0;
		assert_int_equal(range_parse(cases[i].header, cases[i].size, &first, &count), cases[i].want);
		assert_true(first == cases[i].first && count == cases[i].count);
	}
}

static void finds_tags(void **state)
{
	(void)state;
	static const struct {
		const char *header, *etag;
		bool want;
	} cases[] = {
		{"\"a\"", "\"a\"", true},
		{"W/\"a\"", "\"a\"", true},
		{"*", "\"a\"", true},
		{" \"b\" , \"a\"", "\"a\"", true},
		{"\"b\",W/\"a\"", "\"a\"", true},
		{NULL, "\"a\"", false},
		{"", "\"a\"", false},
		{"\"a\"", "", false},
		{"*", "", false},
		{"a", "\"a\"", false},
		{"\"a", "\"a\"", false},
		{"\"ab\"", "\"a\"", false},
		{"\"A\"", "\"a\"", false},
		{"w/\"a\"", "\"a\"", false},
		{"\"b\" x \"a\"", "\"a\"", false},
		{",,,", "\"a\"", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(etag_listed(cases[i].header, cases[i].etag), cases[i].want);
}

/* Linux has it since 5.6; qemu's emulation of programs for other processors, as of Debian 12, has not. */
static bool has_openat2(void)
{
	return syscall(SYS_openat2, -1, "", NULL, 0) == 0 || errno != ENOSYS;
}

/* The presets that the manifest names may be had, as raw tracks and renders may, and nothing beside them. */
static void opens_presets(void **state)
{
	static char file[] = "presets/mix/rock.yaml";
	if (!has_openat2())
		skip();
	struct take_preset preset = {.file = file};
	struct manifest manifest = plant_manifest();
	struct takefile found;
	struct error e;
	assert_int_equal(hash_bytes("help: x\n", 8, &preset.hash, &e), 0);
	manifest.presets = &preset;
	manifest.preset_count = 1;
	char *folder = plant_as(*state, ID, &manifest), *of = file_join(folder, "presets/mix");
	char *path = file_join(folder, file), *other = file_join(of, "other.yaml");
	assert_int_equal(file_make_folders(of, &e), 0);
	harness_put(path, "help: x\n", 8);
	harness_put(other, "help: y\n", 8);
	assert_int_equal(takefile_open(&found, *state, ID, file, &e), 0);
	assert_string_equal(found.type, "application/yaml");
	assert_int_equal(found.size, 8);
	assert_memory_equal(found.etag + 1, preset.hash.sha256, 64);
	close(found.fd);
	static const char *const refused[] = {
		"presets/mix/other.yaml", "presets/mix", "presets", "presets/mix/../mix/rock.yaml"};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(takefile_open(&found, *state, ID, refused[i], &e), -ENOENT);
	free(other);
	free(path);
	free(of);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_ranges),
		cmocka_unit_test(finds_tags),
		harness_in_folder(opens_presets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

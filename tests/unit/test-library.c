#include "takes/library.h"

#include "common/log.h"
#include "takes/index.h"
#include "tests/unit/harness.h"
#include "tests/unit/plant.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

static const char *const library[] = {
	"20261122-190311-thursday-10",
	"20261122-190311-thursday-9",
	"20261122-190311-thursday-2",
	"20261122-190311-thursday",
	"20261122-190310-zebra",
	"20261122-090311-thursday",
	"20251122-190311-thursday",
	"00001122-000959-x",
	"00001122-000100-x",
};

static void plant_library(const char *takes)
{
	for (size_t i = 0; i < TABLE_SIZE(library); i++)
		free(plant_take(takes, library[(i * 4 + 3) % TABLE_SIZE(library)]));
}

static void check_list(const char *takes, const char *before, size_t limit, size_t first, size_t count)
{
	size_t last = first + count;
	struct take_list list;
	struct error e = {""};
	if (take_list_load(&list, takes, before, limit, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(list.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(list.entries[i].id, library[first + i]);
		assert_string_equal(list.entries[i].manifest.id, library[first + i]);
	}
	if (count > 0 && last < TABLE_SIZE(library))
		assert_string_equal(list.cursor, library[last - 1]);
	else
		assert_null(list.cursor);
	take_list_finish(&list);
	take_list_finish(&list);
}

static void test_list_order_and_pages(void **state)
{
	plant_library(*state);
	size_t all = TABLE_SIZE(library);
	check_list(*state, NULL, 0, 0, all);
	check_list(*state, NULL, 3, 0, 3);
	check_list(*state, library[2], 3, 3, 3);
	check_list(*state, library[all - 2], 3, all - 1, 1);
	check_list(*state, library[all - 1], 3, 0, 0);
	check_list(*state, "20261122-190311-thursday-5", 1, 2, 1); /* gone since */
	check_list(*state, NULL, 1000, 0, all);
}

static void test_list_skips_and_counts(void **state)
{
	const char *takes = *state;
	struct error e = {""};
	static const char *const others[] = {"lost+found", ".20261122-190311-hidden", "20261122-190311-empty",
		"notes", "20261122-190311-Upper"};
	for (size_t i = 0; i < TABLE_SIZE(others); i++) {
		char *folder = file_join(takes, others[i]);
		assert_int_equal(file_make_folders(folder, &e), 0);
		free(folder);
	}
	char *file = file_join(takes, "20261122-190311-file");
	harness_put(file, "x", 1);
	free(plant_take(takes, library[0]));
	char *broken = plant_take(takes, library[1]), *manifest = file_join(broken, "take.json");
	harness_put(manifest, "{", 1);
	struct take_list list;
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(take_list_load(&list, takes, NULL, 0, &e), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.unreadable, 1);
	take_list_finish(&list);
	free(manifest);
	free(broken);
	free(file);
}

static void test_list_of_nothing(void **state)
{
	char *none = file_join(*state, "none"), *file = file_join(*state, "file");
	struct take_list list;
	struct error e = {""};
	harness_put(file, "", 0);
	assert_int_equal(take_list_load(&list, none, NULL, 0, &e), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(take_list_load(&list, *state, NULL, 0, &e), 0); /* but for a file */
	assert_int_equal(list.count, 0);
	assert_int_equal(take_list_load(&list, file, NULL, 0, &e), -ENOTDIR);
	assert_int_equal(take_list_load(&list, none, "../x", 0, &e), -EINVAL);
	take_list_finish(&list);
	free(file);
	free(none);
}

/* ---- large libraries ---- */

enum { MANY = 20000 };

/* The id of take `i` of the many, 0 the oldest. */
static void id_of(int i, char id[64])
{
	time_t seconds = 1600000000 + (time_t)i * 3607;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(id, 64, "%Y%m%d-%H%M%S-", &tm);
	strcat(id, i % 3 ? "thursday" : "sunday-2");
}

/* Every take has the same take.json: a link costs less than a file. */
static void plant_linked(const char *takes, const char *first, int i)
{
	char id[64];
	id_of(i, id);
	char *folder = file_join(takes, id), *path = file_join(folder, "take.json");
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(link(first, path), 0);
	free(path);
	free(folder);
}

static void plant_many(const char *takes)
{
	char id[64];
	id_of(0, id);
	char *folder = plant_take(takes, id), *first = file_join(folder, "take.json");
	for (int i = 1; i < MANY; i++)
		plant_linked(takes, first, (int)((long)i * 7919 % MANY));
	free(first);
	free(folder);
}

static int make_many(void **state)
{
	int result = harness_make_folder(state);
	if (result == 0)
		plant_many(*state);
	return result;
}

static struct index *must_open(const char *takes)
{
	struct index *index;
	struct error e = {""};
	if (index_open(&index, takes, &e) < 0)
		fail_msg("%s", e.text);
	return index;
}

static void check_all(struct index *index)
{
	struct error e = {""};
	assert_int_equal(index_count(index), MANY);
	for (int i = 0; i < MANY; i++) {
		const char *id;
		char expected[64];
		size_t at;
		id_of(MANY - 1 - i, expected);
		assert_int_equal(index_id(index, (size_t)i, &id, &e), 0);
		assert_string_equal(id, expected);
		if (i % 100 != 0)
			continue;
		assert_int_equal(index_after(index, expected, &at, &e), 0);
		assert_int_equal(at, i + 1);
	}
}

static void test_kept_index(void **state)
{
	for (int round = 0; round < 2; round++) {
		struct index *index = must_open(*state);
		assert_int_equal(index_was_kept(index), round > 0);
		check_all(index);
		index_close(index);
	}
}

static void check_page(const char *takes, int before, size_t limit, int newest)
{
	char id[64];
	struct take_list list;
	struct error e = {""};
	id_of(before, id);
	assert_int_equal(take_list_load(&list, takes, before < MANY ? id : NULL, limit, &e), 0);
	assert_int_equal(list.count, limit);
	for (size_t i = 0; i < limit; i++) {
		id_of(newest - (int)i, id);
		assert_string_equal(list.entries[i].id, id);
	}
	if (newest >= (int)limit)
		assert_string_equal(list.cursor, id);
	else
		assert_null(list.cursor);
	take_list_finish(&list);
}

static void test_pages_of_many(void **state)
{
	check_page(*state, MANY, 50, MANY - 1);
	check_page(*state, MANY - 50, 200, MANY - 51);
	check_page(*state, 10000, 20, 9999);
	check_page(*state, 20, 20, 19);
}

/* Whatever changes by hand shows at once, be it within the same tick of the file system's clock. */
static void test_changes_show_at_once(void **state)
{
	char *extra = file_join(*state, "20261122-190311-extra"),
	     *other = file_join(*state, "20261122-190311-o");
	for (int round = 0; round < 20; round++) {
		static const size_t counts[] = {MANY + 1, MANY + 1, MANY};
		for (int step = 0; step < 3; step++) {
			int done = step == 0   ? mkdir(extra, 0755)
				   : step == 1 ? rename(extra, other)
					       : rmdir(other);
			assert_int_equal(done, 0);
			struct index *index = must_open(*state);
			assert_int_equal(index_count(index), counts[step]);
			index_close(index);
		}
	}
	free(other);
	free(extra);
}

static void test_own_changes_leave_it(void **state)
{
	char id[64];
	struct take_list list;
	struct error e = {""};
	index_close(must_open(*state));
	id_of(7, id);
	char *folder = file_join(*state, id);
	struct manifest manifest = plant_manifest();
	manifest.title = (char[]){"Night Bus"};
	assert_int_equal(manifest_save(&manifest, folder, &e), 0);
	struct index *index = must_open(*state);
	assert_true(index_was_kept(index));
	index_close(index);
	id_of(8, id);
	assert_int_equal(take_list_load(&list, *state, id, 1, &e), 0);
	assert_string_equal(list.entries[0].manifest.title, "Night Bus"); /* fresh from the disk */
	take_list_finish(&list);
	free(folder);
}

static void flip(const char *path, long at)
{
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	int byte = fgetc(file);
	assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
	fputc(byte ^ 0x20, file);
	fclose(file);
}

static void test_damaged_file(void **state)
{
	static const long places[] = {0, 8, 12, 16, 24, 40, 48, 56, 60, 64, 100, 200, 70000, -1};
	char *path = file_join(*state, ".index/ids");
	log_set_level(LOG_LEVEL_ERROR);
	for (size_t i = 0; i < TABLE_SIZE(places); i++) {
		index_close(must_open(*state));
		flip(path, places[i]);
		check_page(*state, MANY, 3, MANY - 1);
		for (int before = MANY - 1; before > 100; before -= 950)
			check_page(*state, before, 1, before - 1);
		check_page(*state, 20, 20, 19);
		struct index *index = must_open(*state);
		check_all(index);
		index_close(index);
	}
	free(path);
}

static void test_spoilt_file(void **state)
{
	static const char *const commands[] = {"truncate -s 0 ids", "truncate -s 40 ids",
		"truncate -s -1 ids", "echo >>ids", "rm ids && mkdir ids", "rm -r ids && ln -s /dev/zero ids",
		"rm ids && mkfifo ids", "rm ids && cp /proc/self/exe ids",
		"cd .. && rm -r .index && echo >.index"};
	for (size_t i = 0; i < TABLE_SIZE(commands); i++) {
		char *command = memory_format("cd '%s/.index' && %s", (char *)*state, commands[i]);
		index_close(must_open(*state));
		assert_int_equal(system(command), 0);
		struct index *index = must_open(*state);
		check_all(index);
		index_close(index);
		free(command);
	}
}

static void test_small_libraries_keep_no_file(void **state)
{
	plant_library(*state);
	check_list(*state, NULL, 0, 0, TABLE_SIZE(library));
	char *path = file_join(*state, ".index");
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

/* Folders that were made and never became takes do not hold a page up, nor hide what is behind them. */
static void test_folders_without_takes(void **state)
{
	char id[64];
	for (int i = 0; i < 12000; i++) {
		id_of(MANY - 1 - i, id);
		char *path = memory_format("%s/%s/take.json", (char *)*state, id);
		assert_int_equal(unlink(path), 0);
		free(path);
	}
	char *before = NULL;
	int pages = 0;
	struct error e = {""};
	for (;; pages++) {
		struct take_list list;
		assert_int_equal(take_list_load(&list, *state, before, 10, &e), 0);
		free(before);
		if (list.count > 0) {
			id_of(MANY - 12001, id);
			assert_string_equal(list.entries[0].id, id);
			take_list_finish(&list);
			break;
		}
		assert_non_null(list.cursor);
		before = memory_text(list.cursor);
		take_list_finish(&list);
	}
	assert_int_equal(pages, 2);
}

int main(void)
{
	/* Twenty thousand folders on a busy disk take minutes, and it is not the disk that is tested. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	const struct CMUnitTest small[] = {
		harness_in_folder(test_list_order_and_pages),
		harness_in_folder(test_list_skips_and_counts),
		harness_in_folder(test_list_of_nothing),
		harness_in_folder(test_small_libraries_keep_no_file),
	};
	/* On one library, which each leaves as it was but for the last: to plant one takes seconds. */
	const struct CMUnitTest large[] = {
		cmocka_unit_test(test_kept_index),
		cmocka_unit_test(test_pages_of_many),
		cmocka_unit_test(test_changes_show_at_once),
		cmocka_unit_test(test_own_changes_leave_it),
		cmocka_unit_test(test_damaged_file),
		cmocka_unit_test(test_spoilt_file),
		cmocka_unit_test(test_folders_without_takes),
	};
	int failed = cmocka_run_group_tests(small, NULL, NULL);
	return failed + cmocka_run_group_tests(large, make_many, harness_remove_folder);
}

#include "tests/unit/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

static size_t count_entries(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return (size_t)count - 2;
}

static void test_replace_and_read(void **state)
{
	static const char *const contents[] = {"first", "", "a longer second one"};
	char *path = file_join(*state, "file");
	for (size_t i = 0; i < TABLE_SIZE(contents); i++) {
		size_t size;
		struct error e = {""};
		assert_int_equal(file_replace(path, contents[i], strlen(contents[i]), &e), 0);
		char *data = harness_get(path, &size);
		assert_int_equal(size, strlen(contents[i]));
		assert_string_equal(data, contents[i]);
		free(data);
	}
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0644);
	assert_int_equal(count_entries(*state), 1); /* no temporary file stays */
	free(path);
}

static void test_replace_fails(void **state)
{
	char *path = file_join(*state, "none/file"), *folder = file_join(*state, "folder");
	struct error e = {""};
	assert_int_equal(file_replace(path, "x", 1, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(file_replace(folder, "x", 1, &e), -EISDIR);
	assert_int_equal(count_entries(*state), 1);
	free(folder);
	free(path);
}

struct replacing {
	const char *path;
	_Atomic bool stop;
	int result;
};

static void *replace_often(void *data)
{
	struct replacing *replacing = data;
	char text[5000];
	for (int i = 0; !atomic_load(&replacing->stop) && replacing->result == 0; i++) {
		memset(text, 'a' + i % 26, sizeof(text));
		replacing->result = file_replace(replacing->path, text, sizeof(text), NULL);
	}
	return NULL;
}

/* Who reads meanwhile sees one whole file or the other. */
static void test_replace_is_atomic(void **state)
{
	char *path = file_join(*state, "file");
	struct replacing replacing = {.path = path};
	pthread_t thread;
	harness_put(path, "", 0);
	assert_int_equal(pthread_create(&thread, NULL, replace_often, &replacing), 0);
	bool whole = true;
	for (int i = 0; i < 300 && whole; i++) {
		size_t size;
		char *data = harness_get(path, &size);
		for (size_t j = 1; j < size; j++)
			whole = whole && data[j] == data[0];
		whole = whole && (size == 0 || size == 5000);
		free(data);
	}
	atomic_store(&replacing.stop, true);
	pthread_join(thread, NULL);
	assert_true(whole);
	assert_int_equal(replacing.result, 0);
	free(path);
}

static void test_read_limit(void **state)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
	char *path = file_join(*state, "file"), *data = memory_array(100000, 1), *got;
	size_t size;
	struct error e = {""};
	for (size_t i = 0; i < TABLE_SIZE(sizes); i++) {
		harness_put(path, data, sizes[i]);
		assert_int_equal(file_read(path, sizes[i], &got, &size, &e), 0);
		assert_int_equal(size, sizes[i]);
		free(got);
		if (sizes[i] > 0)
			assert_int_equal(file_read(path, sizes[i] - 1, &got, &size, &e), -EFBIG);
	}
	assert_int_equal(file_read(*state, 10, &got, &size, &e), -EISDIR);
	/* What would wait for ever, or never end. */
	char *fifo = file_join(*state, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(fifo, 10, &got, &size, &e), -ENOTSUP);
	assert_int_equal(file_read("/dev/zero", 10, &got, &size, &e), -ENOTSUP);
	assert_string_equal(e.text, "/dev/zero: no plain file");
	unlink(fifo);
	free(fifo);
	free(data);
	free(path);
}

static void test_publish(void **state)
{
	char *temporary = file_join(*state, ".part"), *path = file_join(*state, "file");
	struct error e = {""};
	assert_int_equal(file_publish(temporary, path, &e), -ENOENT);
	harness_put(path, "old", 3);
	harness_put(temporary, "new", 3);
	assert_int_equal(file_publish(temporary, path, &e), 0);
	size_t size;
	char *data = harness_get(path, &size);
	assert_string_equal(data, "new");
	assert_int_equal(access(temporary, F_OK), -1);
	free(data);
	free(path);
	free(temporary);
}

static void test_make_folders(void **state)
{
	static const char *const names[] = {"a", "a/b/c/d", "a/b", "x/y/", "p//q", "."};
	struct error e = {""};
	for (size_t i = 0; i < TABLE_SIZE(names); i++) {
		char *path = file_join(*state, names[i]);
		struct stat status;
		assert_int_equal(file_make_folders(path, &e), 0);
		assert_int_equal(file_make_folders(path, &e), 0);
		assert_int_equal(stat(path, &status), 0);
		assert_true(S_ISDIR(status.st_mode));
		free(path);
	}
	assert_int_equal(file_make_folders("/", &e), 0);
	assert_int_equal(file_make_folders(".", &e), 0);
	assert_int_equal(file_make_folders("", &e), -ENOENT);
	char *file = file_join(*state, "file"), *under = file_join(file, "x");
	harness_put(file, "", 0);
	assert_int_equal(file_make_folders(file, &e), -ENOTDIR);
	assert_int_equal(file_make_folders(under, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, file));
	free(under);
	free(file);
}

static void test_join(void **state)
{
	(void)state;
	static const struct {
		const char *folder, *name, *path;
	} cases[] = {
		{"a", "b", "a/b"},
		{"a/", "b", "a/b"},
		{"/", "b", "/b"},
		{"", "b", "b"},
		{"a", "/b", "/b"},
		{".", "b", "./b"},
		{"a/b", "c/d", "a/b/c/d"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *path = file_join(cases[i].folder, cases[i].name);
		assert_string_equal(path, cases[i].path);
		free(path);
	}
}

static void test_folder(void **state)
{
	(void)state;
	static const struct {
		const char *path, *folder;
	} cases[] = {{"a", "."}, {"a/b", "a"}, {"/a", "/"}, {"/", "/"}, {"a/b/c", "a/b"}, {"/a/b", "/a"},
		{"", "."}};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *folder = file_folder(cases[i].path);
		assert_string_equal(folder, cases[i].folder);
		free(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_replace_and_read),
		harness_in_folder(test_replace_fails),
		harness_in_folder(test_replace_is_atomic),
		harness_in_folder(test_read_limit),
		harness_in_folder(test_publish),
		harness_in_folder(test_make_folders),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

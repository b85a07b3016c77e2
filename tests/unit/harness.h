/* What every CMocka program here begins with: the headers that CMocka wants in front of it, and a private
 * folder that leaves nothing behind. */
#ifndef WOODSHED_TESTS_UNIT_HARNESS_H
#define WOODSHED_TESTS_UNIT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/memory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE_SIZE(table) (sizeof(table) / sizeof((table)[0]))

static inline int harness_remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

/* CMocka's set-up and tear-down: `*state` is the path of a new folder. */
static inline int harness_make_folder(void **state)
{
	const char *base = getenv("TMPDIR");
	char *folder = memory_format("%s/woodshed-test-XXXXXX", base ? base : "/tmp");
	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int harness_remove_folder(void **state)
{
	char *folder = *state;
	int result = nftw(folder, harness_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(folder);
	return result;
}

#define harness_in_folder(test) \
	cmocka_unit_test_setup_teardown(test, harness_make_folder, harness_remove_folder)

/* Without file_replace's syncing, which would take most of a test's time. */
static inline void harness_put(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		fail_msg("cannot write %s", path);
}

static inline char *harness_get(const char *path, size_t *size)
{
	struct error e = {""};
	char *data = NULL;
	if (file_read(path, 1U << 30, &data, size, &e) < 0)
		fail_msg("%s", e.text);
	return data;
}

#endif

/* Tests of what is loaded from one file, `f`, in a folder of the test's own. */
#ifndef WOODSHED_TESTS_UNIT_ONE_FILE_H
#define WOODSHED_TESTS_UNIT_ONE_FILE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static char one_folder[] = "/tmp/woodshed-test-XXXXXX";

static inline void put(const char *name, const char *text)
{
	FILE *stream = fopen(name, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static inline int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(one_folder) && chdir(one_folder) == 0 ? 0 : -1;
}

static inline int leave_folder(void **state)
{
	(void)state;
	unlink("f");
	return rmdir(one_folder);
}

#endif

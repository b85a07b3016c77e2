/* Bad files of a table, each with everything that is to be said of it. */
#ifndef WOODSHED_TESTS_EXPECT_FAULTS_H
#define WOODSHED_TESTS_EXPECT_FAULTS_H

#include "common/text.h"
#include "config/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bad {
	const char *text;   /* of the file */
	const char *faults; /* as printed, the file's name being "f"; may be without the last newline */
};

static inline char *printed(const struct faults *faults)
{
	struct text written;
	FILE *stream = text_open(&written);
	faults_print(faults, stream);
	char *text = text_close(&written);
	if (written.size > 0 && text[written.size - 1] == '\n')
		text[written.size - 1] = '\0';
	return text;
}

/* Compares and finishes `faults`. */
static inline void expect_faults(struct faults *faults, const char *expected)
{
	char *text = printed(faults);
	assert_string_equal(text, expected);
	free(text);
	faults_finish(faults);
}

#endif

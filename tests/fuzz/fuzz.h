/* What a fuzz target is: one file, with this function in it. libFuzzer calls it (`tests/fuzz/run`), and so
 * does replay.c with every file of a corpus, in any build and without clang. */
#ifndef WOODSHED_TESTS_FUZZ_H
#define WOODSHED_TESTS_FUZZ_H

#include "common/key.h"
#include "config/faults.h"

#include <stddef.h>
#include <stdint.h>

/* Aborts on whatever should never be; else returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts unless `condition` holds; unlike assert it is never compiled away. */
#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)

void fuzz_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

/* Makes `data` the content of a file without a name; returns its path, the same one every time. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* A kind of file: its table, and how what it says comes and goes. */
struct fuzz_kind {
	const struct record *record;
	int (*load)(void *loaded, const char *path, struct faults *faults);
	void (*finish)(void *loaded);
};

/* What is printed of `loaded` loads to what prints the same. */
void fuzz_check_printed(const struct fuzz_kind *kind, const void *loaded);

/* A result and what was told about it belong together: a failure has an error, each fault a text that a
 * terminal can be shown. Finishes `faults`. */
void fuzz_check_faults(int result, struct faults *faults);

#endif

#include "fuzz.h"

#include "common/text.h"
#include "config/print.h"
#include "config/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	REQUIRE(fd >= 0 && ftruncate(fd, 0) == 0);
	REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

static char *printed(const struct record *record, const void *loaded)
{
	struct text written;
	print_record(record, loaded, text_open(&written));
	char *text = text_close(&written);
	REQUIRE(strlen(text) == written.size);
	return text;
}

void fuzz_check_printed(const struct fuzz_kind *kind, const void *loaded)
{
	struct faults faults;
	void *again = malloc(kind->record->size);
	REQUIRE(again);
	char *text = printed(kind->record, loaded);
	const char *path = fuzz_file((const uint8_t *)text, strlen(text));
	faults_init(&faults, path);
	int result = kind->load(again, path, &faults);
	if (result < 0)
		faults_print(&faults, stderr);
	REQUIRE(result == 0);
	char *second = printed(kind->record, again);
	if (strcmp(text, second) != 0)
		fprintf(stderr, "%s----\n%s", text, second);
	REQUIRE(strcmp(text, second) == 0);
	kind->finish(again);
	faults_finish(&faults);
	free(second);
	free(text);
	free(again);
}

static void check_text(const char *text)
{
	uint32_t character;
	REQUIRE(text && text[0]);
	for (size_t at = 0, size = strlen(text); at < size;) {
		size_t length = utf8_read(text + at, size - at, &character);
		REQUIRE(length > 0 && !utf8_is_control(character));
		at += length;
	}
}

static size_t check_list(const struct faults *faults)
{
	size_t errors = faults->more;
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->list[i];
		REQUIRE(fault->line >= 0 && fault->column >= (fault->line > 0));
		check_text(fault->text);
		errors += !fault->warning;
	}
	for (size_t i = 0; i < faults->other_count; i++)
		errors += check_list(&faults->others[i]);
	return errors;
}

void fuzz_check_faults(int result, struct faults *faults)
{
	static FILE *nowhere;
	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	REQUIRE(nowhere);
	REQUIRE((result == 0) == (faults->errors == 0));
	REQUIRE((check_list(faults) == 0) == (faults->errors == 0));
	faults_print(faults, nowhere);
	struct error e = {0};
	faults_first(faults, &e);
	REQUIRE((e.text[0] != '\0') == (faults->errors > 0));
	faults_finish(faults);
}

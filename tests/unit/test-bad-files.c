/* Every file of bad-files.txt: each fault with its line, column and message, and no other. `test-bad-files
 * KIND FILE` prints what is said of a file, for who adds one. */
#include "appliance/processors.h"
#include "common/file.h"
#include "common/memory.h"
#include "config/session.h"
#include "expect-faults.h"

#include <errno.h>
#include <unistd.h>

static struct interface_config interfaces[] = {{"xr18", "xr18", 18, 0}, {"desk", "desk", 0, 0}};
static const struct appliance room = {.interfaces = {interfaces, 2}};

/* One block of the file, its texts cut out of it. */
struct bad_file {
	char *kind, *text, *faults;
	int line; /* where it begins */
};

static int load(const char *kind, const char *path, struct faults *faults)
{
	struct appliance appliance;
	struct session session;
	int result;
	if (strcmp(kind, "session") == 0) {
		result = session_load(&session, path, processors_records(), &room, faults);
		if (result == 0)
			session_finish(&session);
	} else {
		result = appliance_load(&appliance, path, faults);
		if (result == 0)
			appliance_finish(&appliance);
	}
	return result;
}

/* Ends the text before `mark` and returns what follows the mark's line. */
static char *cut(char *text, const char *mark)
{
	char *found = strstr(text, mark);
	if (!found)
		return NULL;
	*found = '\0';
	return found + strlen(mark);
}

static int count_lines(const char *from, const char *to)
{
	int count = 0;
	while (from < to)
		count += *from++ == '\n';
	return count;
}

/* "…" at the end of an expected line stands for anything. */
static bool line_fits(const char *said, size_t length, const char *expected, size_t expected_length)
{
	static const char rest[] = "…";
	size_t tail = sizeof(rest) - 1;
	if (expected_length >= tail && memcmp(expected + expected_length - tail, rest, tail) == 0) {
		expected_length -= tail;
		length = length < expected_length ? length : expected_length;
	}
	return length == expected_length && memcmp(said, expected, length) == 0;
}

/* Keys that are to come become others with every version; here it is about what is wrong. */
static const char *skip_unused(const char *said)
{
	size_t length = strcspn(said, "\n");
	while (length > 0 && memmem(said, length, "nothing in this version uses it yet", 35)) {
		said += length + (said[length] == '\n');
		length = strcspn(said, "\n");
	}
	return said;
}

static bool fits(const char *said, const char *expected)
{
	while (*(said = skip_unused(said)) && *expected) {
		size_t length = strcspn(said, "\n"), expected_length = strcspn(expected, "\n");
		if (!line_fits(said, length, expected, expected_length))
			return false;
		said += length + (said[length] == '\n');
		expected += expected_length + (expected[expected_length] == '\n');
	}
	return *said == *expected;
}

static void check_block(const struct bad_file *block)
{
	struct faults faults;
	FILE *stream = fopen("f", "w");
	assert_non_null(stream);
	fputs(block->text, stream);
	fclose(stream);
	faults_init(&faults, "f");
	int result = load(block->kind, "f", &faults);
	char *said = printed(&faults);
	if (result != -EINVAL || !fits(said, block->faults))
		fail_msg("bad-files.txt:%d:\n%s\nsays\n%s\n-- and not\n%s", block->line, block->text, said,
			block->faults);
	free(said);
	faults_finish(&faults);
}

static void test_files(void **state)
{
	(void)state;
	char *text;
	size_t size;
	int count = 0;
	assert_int_equal(file_read(BAD_FILES, 1 << 20, &text, &size, NULL), 0);
	char *start = memory_text(text);
	char *at = cut(text, "\n== ");
	while (at) {
		struct bad_file block = {.kind = at, .line = count_lines(start, start + (at - text)) + 1};
		block.text = cut(at, "\n");
		block.faults = cut(block.text, "\n--\n");
		assert_non_null(block.faults);
		at = cut(block.faults, "\n== ");
		size_t length = strlen(block.faults);
		if (length > 0 && block.faults[length - 1] == '\n')
			block.faults[length - 1] = '\0';
		check_block(&block);
		count++;
	}
	assert_true(count >= 150);
	free(start);
	free(text);
}

static char folder[] = "/tmp/woodshed-test-bad-files-XXXXXX";

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	unlink("f");
	return chdir("/") + rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, enter_folder, leave_folder),
	};
	if (argc != 3)
		return cmocka_run_group_tests(tests, NULL, NULL);
	struct faults faults;
	faults_init(&faults, argv[2]);
	int result = load(argv[1], argv[2], &faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	return result < 0 ? 2 : 0;
}

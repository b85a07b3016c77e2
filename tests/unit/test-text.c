#include "common/text.h"

#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

static void test_nothing(void **state)
{
	(void)state;
	struct text text;
	text_open(&text);
	char *nothing = text_close(&text);
	assert_string_equal(nothing, "");
	assert_int_equal(text.size, 0);
	assert_null(text.to);
	free(nothing);
}

/* As many bytes as were written, and one more that ends them. */
static void test_bytes(void **state)
{
	(void)state;
	struct text text;
	FILE *to = text_open(&text);
	assert_ptr_equal(to, text.to);
	fputs("one", to);
	fputc('\0', to);
	fprintf(to, "%s %d", "two", 3);
	char *bytes = text_close(&text);
	assert_int_equal(text.size, 9);
	assert_memory_equal(bytes, "one\0two 3", 10);
	free(bytes);
}

/* Longer than any buffer that stdio begins with, and two at a time. */
static void test_long(void **state)
{
	(void)state;
	enum { LINES = 100000 };
	struct text up, down;
	text_open(&up);
	text_open(&down);
	for (int i = 0; i < LINES; i++) {
		fprintf(up.to, "%05d\n", i);
		fprintf(down.to, "%05d\n", LINES - 1 - i);
	}
	char *rising = text_close(&up), *falling = text_close(&down);
	assert_int_equal(up.size, 6 * LINES);
	assert_int_equal(down.size, 6 * LINES);
	for (size_t i = 0; i < LINES; i++)
		assert_memory_equal(rising + 6 * i, falling + 6 * (LINES - 1 - i), 6);
	assert_int_equal(strlen(falling), down.size);
	free(rising);
	free(falling);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

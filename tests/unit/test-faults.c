#include "common/memory.h"
#include "common/text.h"
#include "config/utf8.h"
#include "expect-faults.h"

#include <string.h>

/* What a terminal `columns` wide is shown of one fault, without the first line. */
static char *shown(const char *source, int line, int column, int columns, bool colour)
{
	struct faults faults;
	struct faults_style style = {.source = true, .colour = colour, .columns = columns};
	struct text written;
	faults_init(&faults, "f");
	faults.source = memory_text(source);
	faults_add(&faults, line, column, "x");
	faults_print_as(&faults, &style, text_open(&written));
	char *text = text_close(&written);
	faults_finish(&faults);
	char *first = strchr(text, '\n');
	assert_non_null(first);
	memmove(text, first + 1, strlen(first));
	return text;
}

struct picture {
	const char *source;
	int line, column, columns;
	const char *shown;
};

static const struct picture pictures[] = {
	{"a: b\nc: d\n", 2, 4, 80, "    c: d\n       ^\n"},
	{"a: b\r\nc: d\r\n", 2, 4, 80, "    c: d\n       ^\n"},
	{"a: b\rc: d", 2, 4, 80, "    c: d\n       ^\n"},
	{"a: b\xC2\x85"
	 "c: d\xE2\x80\xA8"
	 "e: f",
		3, 4, 80, "    e: f\n       ^\n"},
	{"\xEF\xBB\xBF"
	 "a: b",
		1, 4, 80, "    a: b\n       ^\n"},
	/* A value that is missing stands behind the last character. */
	{"tempo:\n", 1, 7, 80, "    tempo:\n          ^\n"},
	{"tempo:\n", 1, 40, 80, "    tempo:\n          ^\n"},
	/* Nothing to show: an empty line, no such line, a fault of the whole file. */
	{"a: b\n\nc: d\n", 2, 1, 80, ""},
	{"a: b\n", 7, 1, 80, ""},
	{"a: b\n", 0, 0, 80, ""},
	/* Two bytes, three bytes, four; wide ones take two cells, combining ones none. */
	{"title: Fü\xC3\x9F"
	 "e, bad: 1",
		1, 15, 80, "    title: Füße, bad: 1\n                  ^\n"},
	{"t: \xE5\xA4\x9C\xE3\x83\x90\xE3\x82\xB9, b: 1", 1, 8, 80,
		"    t: \xE5\xA4\x9C\xE3\x83\x90\xE3\x82\xB9, b: 1\n              ^\n"},
	{"t: \xF0\x9F\x8E\xB8, b: 1", 1, 6, 80, "    t: \xF0\x9F\x8E\xB8, b: 1\n          ^\n"},
	{"t: e\xCC\x81t, b: 1", 1, 9, 80, "    t: e\xCC\x81t, b: 1\n           ^\n"},
	/* A tab goes to the next of the stops, in the line and under it. */
	{"a:\tb", 1, 4, 80, "    a:      b\n            ^\n"},
	{"a:\t\tb # c", 1, 5, 80, "    a:              b # c\n                    ^\n"},
	{"\ta: b", 1, 1, 80, "            a: b\n    ^\n"},
	/* What would act on the terminal is not passed on. */
	{"a: \033[31mred", 1, 4, 80, "    a: ?[31mred\n       ^\n"},
	{"a: \xFF\xFEx, b", 1, 6, 80, "    a: ??x, b\n         ^\n"},
	{"a: \xE2\x80\xAEx", 1, 5, 80, "    a: ?x\n        ^\n"},
	/* Longer than the terminal: cut on the right, on both sides, on the left. */
	{"0123456789012345678901234567890123456789", 1, 3, 25, "    0123456789012345678…\n      ^\n"},
	{"0123456789012345678901234567890123456789", 1, 21, 25,
		"    …890123456789012345…\n                 ^\n"},
	{"0123456789012345678901234567890123456789", 1, 40, 25,
		"    …234567890123456789\n                      ^\n"},
};

static void test_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
		const struct picture *p = &pictures[i];
		char *text = shown(p->source, p->line, p->column, p->columns, false);
		if (strcmp(text, p->shown) != 0)
			fail_msg("picture %zu:\n%s\nis not\n%s", i, text, p->shown);
		free(text);
	}
}

/* Cells of a line of the picture, … being one. */
static int cells(const char *text)
{
	int count = 0;
	uint32_t character;
	for (size_t length; (length = utf8_read(text, strlen(text), &character)) > 0; text += length)
		count += utf8_width(character);
	return count;
}

/* Wherever the fault stands and however wide the terminal is: nothing wraps, and the caret is under it. */
static void test_every_width(void **state)
{
	(void)state;
	char source[201];
	for (int i = 0; i < 200; i++)
		source[i] = (char)('0' + i % 75);
	source[200] = '\0';
	for (int columns = 21; columns < 210; columns += 7) {
		for (int column = 1; column <= 200; column++) {
			char *line = shown(source, 1, column, columns, false);
			char *under = strchr(line, '\n');
			*under++ = '\0';
			int caret = (int)strcspn(under, "^");
			assert_true(cells(line) < columns && caret < columns);
			const char *at = line;
			uint32_t character;
			for (int cell = 0; cell < caret; cell++)
				at += utf8_read(at, strlen(at), &character);
			assert_int_equal(*at, source[column - 1]);
			free(line);
		}
	}
}

static void test_colour(void **state)
{
	(void)state;
	char *text = shown("a: b", 1, 4, 80, true);
	assert_string_equal(text, "    a: b\n       \033[1;31m^\033[0m\n");
	free(text);
}

/* A file of one endless line, or one with a thousand faults at its end, is told in no time. */
static void test_endless(void **state)
{
	(void)state;
	size_t size = 4u << 20;
	char *source = memory_new(size + 1);
	memset(source, 'x', size);
	char *text = shown(source, 1, 4000000, 80, false);
	assert_string_equal(text, "");
	free(text);
	struct faults faults;
	struct faults_style style = {.source = true, .columns = 80};
	faults_init(&faults, "f");
	for (size_t i = 0; i < size; i += 2)
		source[i] = '\n';
	faults.source = source;
	for (int i = 0; i < 1000; i++)
		faults_add(&faults, 2000000 + i, 1, "x");
	struct text written;
	faults_print_as(&faults, &style, text_open(&written));
	text = text_close(&written);
	faults_finish(&faults);
	assert_non_null(strstr(text, "f:2000999:1: error: x\n    x\n    ^\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_every_width),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_endless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

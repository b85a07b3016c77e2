#include "network/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void parses_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		uint64_t size;
		enum range_result want;
		uint64_t first, count;
	} cases[] = {
		{"bytes=0-0", 10, RANGE_PART, 0, 1},
		{"bytes=0-9", 10, RANGE_PART, 0, 10},
		{"bytes=0-", 10, RANGE_PART, 0, 10},
		{"bytes=9-", 10, RANGE_PART, 9, 1},
		{"bytes=3-5", 10, RANGE_PART, 3, 3},
		{"bytes=3-99", 10, RANGE_PART, 3, 7},
		{"bytes=3-18446744073709551615", 10, RANGE_PART, 3, 7},
		{"bytes=3-99999999999999999999999999", 10, RANGE_PART, 3, 7},
		{"bytes=-1", 10, RANGE_PART, 9, 1},
		{"bytes=-10", 10, RANGE_PART, 0, 10},
		{"bytes=-99", 10, RANGE_PART, 0, 10},
		{"bytes=-99999999999999999999999999", 10, RANGE_PART, 0, 10},
		{"BYTES=1-2", 10, RANGE_PART, 1, 2},
		{"bytes= 1-2 ", 10, RANGE_PART, 1, 2},
		{"bytes=4294967296-4294967297", UINT64_C(8589934592), RANGE_PART, UINT64_C(4294967296), 2},
		{"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=18446744073709551615-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-5", 0, RANGE_UNSATISFIABLE, 0, 0},
		{NULL, 10, RANGE_WHOLE, 0, 0},
		{"", 10, RANGE_WHOLE, 0, 0},
		{"bytes", 10, RANGE_WHOLE, 0, 0},
		{"bytes=", 10, RANGE_WHOLE, 0, 0},
		{"bytes=-", 10, RANGE_WHOLE, 0, 0},
		{"bytes=--1", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1", 10, RANGE_WHOLE, 0, 0},
		{"bytes=5-3", 10, RANGE_WHOLE, 0, 0},
		{"bytes=+1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-+2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1--2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-2x", 10, RANGE_WHOLE, 0, 0},
		{"bytes=0x1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1 -2", 10, RANGE_WHOLE, 0, 0},
		{"bytes=1-2,3-4", 10, RANGE_WHOLE, 0, 0},
		{"bytes=-1,", 10, RANGE_WHOLE, 0, 0},
		{"lines=1-2", 10, RANGE_WHOLE, 0, 0},
		{" bytes=1-2", 10, RANGE_WHOLE, 0, 0},
		{"bytes =1-2", 10, RANGE_WHOLE, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t first = 0, count = 0;
		assert_int_equal(range_parse(cases[i].header, cases[i].size, &first, &count), cases[i].want);
		assert_true(first == cases[i].first && count == cases[i].count);
	}
}

static void finds_tags(void **state)
{
	(void)state;
	static const struct {
		const char *header, *etag;
		bool want;
	} cases[] = {
		{"\"a\"", "\"a\"", true},
		{"W/\"a\"", "\"a\"", true},
		{"*", "\"a\"", true},
		{" \"b\" , \"a\"", "\"a\"", true},
		{"\"b\",W/\"a\"", "\"a\"", true},
		{NULL, "\"a\"", false},
		{"", "\"a\"", false},
		{"\"a\"", "", false},
		{"*", "", false},
		{"a", "\"a\"", false},
		{"\"a", "\"a\"", false},
		{"\"ab\"", "\"a\"", false},
		{"\"A\"", "\"a\"", false},
		{"w/\"a\"", "\"a\"", false},
		{"\"b\" x \"a\"", "\"a\"", false},
		{",,,", "\"a\"", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(etag_listed(cases[i].header, cases[i].etag), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_ranges),
		cmocka_unit_test(finds_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

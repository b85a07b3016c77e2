#include "common/clock.h"

#include "tests/unit/harness.h"

#include <errno.h>

static void test_rfc3339(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t utc_ns;
		const char *again;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z"},
		{"2026-11-22T19:03:11.123456Z", INT64_C(1795374191123456000), "2026-11-22T19:03:11.123456Z"},
		{"2026-11-22T19:03:11.5Z", INT64_C(1795374191500000000), "2026-11-22T19:03:11.500000Z"},
		{"2026-11-22T19:03:11.123456789123Z", INT64_C(1795374191123456789),
			"2026-11-22T19:03:11.123456Z"},
		{"2028-02-29T23:59:59Z", INT64_C(1835481599000000000), "2028-02-29T23:59:59.000000Z"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		int64_t utc_ns = -1;
		char text[CLOCK_RFC3339_SIZE];
		assert_int_equal(clock_parse_rfc3339(cases[i].text, &utc_ns), 0);
		assert_int_equal(utc_ns, cases[i].utc_ns);
		assert_string_equal(clock_rfc3339(utc_ns, text), cases[i].again);
	}
}

static void test_not_rfc3339(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"Z",
		"now",
		"2026-11-22",
		"2026-11-22T19:03:11",
		"2026-11-22T19:03:11+00:00",
		"2026-11-22T19:03:11.Z",
		"2026-11-22T19:03:11.5",
		"2026-11-22T19:03:11Zx",
		"2026-11-22T19:03:11 Z",
		"2026-11-22t19:03:11Z",
		"2026-11-22 19:03:11Z",
		"2026-02-30T00:00:00Z",
		"2027-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-11-22T25:03:11Z",
		"2026-11-22T19:61:11Z",
		" 026-11-22T19:03:11Z",
		"2026-11-22T19:03: 1Z",
		"9999-01-01T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"-2026-11-22T19:03:11Z",
		"02026-11-22T19:03:11Z",
	};
	for (size_t i = 0; i < TABLE_SIZE(bad); i++) {
		int64_t utc_ns;
		if (clock_parse_rfc3339(bad[i], &utc_ns) != -EINVAL)
			fail_msg("%s was taken", bad[i]);
	}
}

static void test_clocks_go_on(void **state)
{
	(void)state;
	int64_t before = clock_monotonic_ns();
	assert_true(clock_monotonic_ns() >= before);
	assert_true(clock_utc_ns() > INT64_C(1600000000) * CLOCK_NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_not_rfc3339),
		cmocka_unit_test(test_clocks_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which broken promises are told, and how. */
#include "recorder/safety.h"

#include "tests/unit/harness.h"

static void test_a_promise_that_is_kept(void **state)
{
	(void)state;
	struct safety safety = {0};
	for (int i = 0; i < 100; i++)
		assert_int_equal(safety_look(&safety, 1, 0.0125 * i), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 1.25), SAFETY_NO_NEWS);
	assert_int_equal(safety.breaks, 0);
	assert_true(safety.most_s == 1.25);
}

static void test_once_is_a_line_three_times_an_alert(void **state)
{
	(void)state;
	struct safety safety = {0};
	assert_int_equal(safety_look(&safety, 1, 1.3), SAFETY_BROKEN);
	assert_int_equal(safety_look(&safety, 1, 1.4), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 0.4), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 1.3), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 0.1), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 1.3), SAFETY_ALERT);
	assert_int_equal(safety_look(&safety, 1, 0.1), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&safety, 1, 9), SAFETY_NO_NEWS);
	assert_int_equal(safety.breaks, 4);
	assert_true(safety.most_s == 9);
}

static void test_by_far_is_an_alert(void **state)
{
	(void)state;
	struct safety safety = {0}, grows = {0};
	assert_int_equal(safety_look(&safety, 1, 3.8), SAFETY_ALERT);
	assert_int_equal(safety_look(&safety, 1, 4), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&grows, 2, 2.3), SAFETY_BROKEN);
	assert_int_equal(safety_look(&grows, 2, 6.7), SAFETY_NO_NEWS);
	assert_int_equal(safety_look(&grows, 2, 6.8), SAFETY_ALERT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_promise_that_is_kept),
		cmocka_unit_test(test_once_is_a_line_three_times_an_alert),
		cmocka_unit_test(test_by_far_is_an_alert),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

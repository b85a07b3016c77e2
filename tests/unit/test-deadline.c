/* When the syncer's rounds begin, by a clock of the test's own: whatever a round costs, what came when one
 * began is safe a period later, at the end of the next. */
#include "recorder/deadline.h"

#include "tests/unit/harness.h"

#define MS INT64_C(1000000)
#define PERIOD (875 * MS)

/* What is promised beyond the period, less a FLAC frame of 85 ms. */
#define SLACK (290 * MS)

struct round {
	int64_t late, taken;
};

/* The longest that anything waited to be safe: from the beginning of a round to the end of the next. */
static int64_t longest(const struct round *rounds, size_t count, size_t skip)
{
	struct deadline deadline;
	int64_t worst = 0, began = 0;
	deadline_init(&deadline, PERIOD, 5000 * MS);
	for (size_t i = 0; i < count; i++) {
		int64_t before = began;
		began = deadline.due_ns + rounds[i].late;
		int64_t done = began + rounds[i].taken;
		if (i > skip && done - before > worst)
			worst = done - before;
		deadline_round(&deadline, began, done);
		assert_true(deadline.due_ns >= done);
	}
	return worst;
}

static void test_rounds_that_cost_nothing(void **state)
{
	(void)state;
	struct round rounds[20] = {0};
	assert_int_equal(longest(rounds, 20, 0), PERIOD);
}

/* What disk and machine take of the period is not added to it. */
static void test_rounds_that_take_long(void **state)
{
	(void)state;
	struct round rounds[20];
	for (int64_t taken = 0; taken <= PERIOD / 2; taken += 50 * MS)
		for (int64_t late = 0; late + taken <= PERIOD / 2; late += 50 * MS) {
			for (int i = 0; i < 20; i++)
				rounds[i] = (struct round){late, taken};
			assert_int_equal(longest(rounds, 20, 1), PERIOD);
		}
}

/* One that is slow now and then does so without breaking the promise: the last one is not forgotten at once.
 */
static void test_rounds_that_vary(void **state)
{
	(void)state;
	struct round rounds[200];
	for (int every = 2; every <= 5; every++) {
		for (int i = 0; i < 200; i++)
			rounds[i] = (struct round){i % 3 * 5 * MS, i % every == 0 ? 400 * MS : 10 * MS};
		assert_true(longest(rounds, 200, (size_t)every + 1) <= PERIOD + SLACK);
	}
	/* The first of its kind finds nobody prepared; the promise has room for it. */
	const struct round sudden[] = {{0, 10 * MS}, {0, 10 * MS}, {100 * MS, 190 * MS}, {0, 10 * MS}};
	assert_true(longest(sudden, 4, 0) <= PERIOD + SLACK);
}

/* A disk that is never done in time is asked again when it is, and not before. */
static void test_rounds_that_take_too_long(void **state)
{
	(void)state;
	struct round rounds[20];
	for (int i = 0; i < 20; i++)
		rounds[i] = (struct round){0, 3 * PERIOD};
	assert_int_equal(longest(rounds, 20, 0), 6 * PERIOD);
}

/* A bad minute is forgotten. */
static void test_forgets(void **state)
{
	(void)state;
	struct deadline deadline;
	deadline_init(&deadline, PERIOD, 0);
	deadline_round(&deadline, PERIOD, 2 * PERIOD);
	assert_int_equal(deadline.head_ns, PERIOD / 2);
	for (int i = 0; i < 20; i++)
		deadline_round(&deadline, deadline.due_ns, deadline.due_ns);
	assert_true(deadline.head_ns < 2 * MS);
}

static void test_earlier_but_not_later(void **state)
{
	(void)state;
	struct deadline deadline;
	deadline_init(&deadline, PERIOD, 0);
	assert_int_equal(deadline.due_ns, PERIOD);
	deadline_hasten(&deadline, 0);
	assert_int_equal(deadline.due_ns, PERIOD / 8);
	deadline_hasten(&deadline, PERIOD);
	assert_int_equal(deadline.due_ns, PERIOD / 8);
	deadline_call(&deadline, MS);
	assert_int_equal(deadline.due_ns, MS);
	deadline_call(&deadline, PERIOD);
	assert_int_equal(deadline.due_ns, MS);
}

/* A shorter period holds for what came before it, too; a longer one ends no wait that has begun. */
static void test_another_period(void **state)
{
	(void)state;
	struct deadline deadline;
	deadline_init(&deadline, PERIOD, 0);
	deadline_set_period(&deadline, 4 * PERIOD, 100 * MS);
	assert_int_equal(deadline.due_ns, PERIOD);
	deadline_round(&deadline, PERIOD, PERIOD);
	assert_int_equal(deadline.due_ns, 5 * PERIOD);
	deadline_set_period(&deadline, PERIOD, 2 * PERIOD);
	assert_int_equal(deadline.due_ns, 2 * PERIOD);
	deadline_round(&deadline, 2 * PERIOD, 2 * PERIOD);
	assert_int_equal(deadline.due_ns, 3 * PERIOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds_that_cost_nothing),
		cmocka_unit_test(test_rounds_that_take_long),
		cmocka_unit_test(test_rounds_that_vary),
		cmocka_unit_test(test_rounds_that_take_too_long),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_earlier_but_not_later),
		cmocka_unit_test(test_another_period),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

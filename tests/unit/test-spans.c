#include "recorder/spans.h"

#include "tests/unit/harness.h"

/* Each frame says where it came from: its tape position, or that it is silence. */
static void expect(
	const struct spans *spans, uint64_t frame, uint64_t frames, bool silence, uint64_t position)
{
	struct span span = spans_at(spans, frame);
	assert_int_equal(span.frame, frame);
	assert_int_equal(span.frames, frames);
	assert_int_equal(span.silence, silence);
	if (!silence)
		assert_int_equal(span.position, position);
}

static struct spans make(void)
{
	struct spans spans = {0};
	assert_int_equal(spans_first(&spans), 0);
	assert_int_equal(spans_end(&spans), 0);
	spans_forget(&spans, 1000000);
	spans_add(&spans, 100, 5000);
	spans_add(&spans, 50, 5100); /* goes on */
	spans_add_silence(&spans, 20);
	spans_add_silence(&spans, 10);
	spans_add(&spans, 0, 5150);
	spans_add(&spans, 70, 5150); /* the tape has no silence */
	spans_add(&spans, 40, 6000); /* something was skipped */
	assert_int_equal(spans_end(&spans), 290);
	return spans;
}

static void test_at(void **state)
{
	(void)state;
	struct spans spans = make();
	assert_int_equal(spans.count, 4);
	expect(&spans, 0, 150, false, 5000);
	expect(&spans, 149, 1, false, 5149);
	expect(&spans, 150, 30, true, 0);
	expect(&spans, 179, 1, true, 0);
	expect(&spans, 180, 70, false, 5150);
	expect(&spans, 250, 40, false, 6000);
	expect(&spans, 289, 1, false, 6039);
	spans_finish(&spans);
}

static void test_played(void **state)
{
	(void)state;
	struct spans spans = make();
	static const uint64_t cases[][2] = {
		{0, 260}, {149, 111}, {150, 110}, {170, 110}, {180, 110}, {185, 105}, {289, 1}, {290, 0}, {999, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(spans_played(&spans, cases[i][0]), cases[i][1]);
	spans_forget(&spans, 5170); /* all but the silence was played */
	assert_int_equal(spans_played(&spans, 150), 140);
	spans_finish(&spans);
	assert_int_equal(spans_played(&spans, 0), 0);
}

static void test_forget(void **state)
{
	(void)state;
	static const struct {
		uint64_t position, first;
	} cases[] = {
		{0, 0},
		{5000, 0},
		{5001, 1},
		{5149, 149},
		{5150, 150}, /* the silence after it is there */
		{5151, 181},
		{5220, 250},
		{5999, 250},
		{6000, 250},
		{6001, 251},
		{6040, 290},
		{9000, 290},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct spans spans = make();
		spans_forget(&spans, cases[i].position);
		spans_forget(&spans, cases[i].position); /* again: nothing more */
		if (spans_first(&spans) != cases[i].first)
			fail_msg("%zu: %llu, not %llu", i, (unsigned long long)spans_first(&spans),
				(unsigned long long)cases[i].first);
		assert_int_equal(spans_end(&spans), 290);
		if (cases[i].first < 250)
			expect(&spans, 250, 40, false, 6000);
		spans_add(&spans, 10, 9000); /* what comes next has its number */
		expect(&spans, 290, 10, false, 9000);
		spans_finish(&spans);
	}
}

/* A take of days with few gaps, all of which is forgotten as it goes, takes no memory. */
static void test_stays_small(void **state)
{
	(void)state;
	struct spans spans = {0};
	uint64_t position = 0, frames = 0;
	for (int i = 0; i < 100000; i++) {
		spans_add(&spans, 480, position);
		spans_add_silence(&spans, 10);
		position += 480;
		frames += 490;
		spans_forget(&spans, position > 4800 ? position - 4800 : 0);
	}
	assert_int_equal(spans_end(&spans), frames);
	assert_true(spans.count < 30 && spans.room <= 64);
	spans_finish(&spans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_played),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_stays_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

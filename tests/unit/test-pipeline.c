/* The pipeline: every part sees the items in their order and never before the stage before is done, whatever
 * the number of threads; failures end it. */
#include "appliance/pipeline.h"
#include "common/error.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PARTS = 5, ITEMS = 200, SLOTS = 2 };

/* The rooms that the stages share: a race on them is what the thread sanitizer would see. */
struct scene {
	uint64_t rooms[SLOTS][PARTS]; /* of stage 0 and 1 */
	uint64_t sums[SLOTS];
	uint64_t out[2][ITEMS];
	uint64_t next[4][PARTS]; /* item */
	uint64_t fail_item;
	size_t fail_stage;
	_Atomic unsigned wrong;
};

static int step(struct scene *scene, size_t stage, size_t part, uint64_t item, struct error *e)
{
	scene->wrong += scene->next[stage][part]++ != item;
	if (item % 7 == part)
		sched_yield();
	if (scene->fail_item == item && scene->fail_stage == stage)
		return error_set(e, EIO, "stage %zu, item %d", stage, (int)item);
	return 0;
}

static int fill(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct scene *scene = data;
	scene->rooms[item % SLOTS][part] = item * PARTS + part;
	return step(scene, stage, part, item, e);
}

/* Beside its own room it looks at its neighbour's of the stage before, as a key does. */
static int square(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct scene *scene = data;
	scene->rooms[item % SLOTS][part] *= scene->rooms[item % SLOTS][part];
	return step(scene, stage, part, item, e);
}

static int sum(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct scene *scene = data;
	uint64_t total = 0;
	for (size_t i = 0; i < PARTS; i++)
		total += scene->rooms[item % SLOTS][i];
	scene->sums[item % SLOTS] = total;
	return step(scene, stage, part, item, e);
}

static int take(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct scene *scene = data;
	scene->out[part][item] = scene->sums[item % SLOTS];
	return step(scene, stage, part, item, e);
}

static const struct pipeline_stage stages[] = {
	{fill, PARTS, 2, SLOTS}, {square, PARTS, 1, 0}, {sum, 1, 3, SLOTS}, {take, 2, 3, 0}};

static int run(struct scene *scene, uint64_t items, unsigned jobs, struct error *e)
{
	return pipeline_run(stages, COUNT(stages), scene, items, jobs, e);
}

static void test_order(void **unused)
{
	static const unsigned jobs[] = {1, 2, 3, 7, 16};
	(void)unused;
	for (size_t i = 0; i < COUNT(jobs); i++) {
		struct scene scene = {.fail_item = ITEMS};
		struct error e;
		assert_int_equal(run(&scene, ITEMS, jobs[i], &e), 0);
		assert_int_equal(scene.wrong, 0);
		for (uint64_t item = 0; item < ITEMS; item++) {
			uint64_t total = 0;
			for (uint64_t part = 0; part < PARTS; part++)
				total += (item * PARTS + part) * (item * PARTS + part);
			assert_true(scene.out[0][item] == total && scene.out[1][item] == total);
		}
	}
}

static void test_few_items(void **unused)
{
	(void)unused;
	for (uint64_t items = 0; items < 4; items++) {
		struct scene scene = {.fail_item = ITEMS};
		struct error e;
		assert_int_equal(run(&scene, items, 4, &e), 0);
		assert_int_equal(scene.next[3][1], items);
	}
}

static void test_failures(void **unused)
{
	(void)unused;
	for (size_t stage = 0; stage < COUNT(stages); stage++) {
		for (unsigned jobs = 1; jobs < 5; jobs++) {
			struct scene scene = {.fail_item = 50, .fail_stage = stage};
			struct error e;
			char text[64];
			snprintf(text, sizeof(text), "stage %zu, item 50", stage);
			assert_int_equal(run(&scene, ITEMS, jobs, &e), -EIO);
			assert_string_equal(e.text, text);
			assert_true(scene.next[3][0] <= 51 && scene.next[0][0] <= 54);
		}
	}
}

/* A session without tracks: nothing to read, and the sum is of nothing. */
static void test_no_parts(void **unused)
{
	static const struct pipeline_stage without[] = {
		{fill, 0, 2, SLOTS}, {square, 0, 1, 0}, {sum, 1, 3, SLOTS}, {take, 2, 3, 0}};
	struct scene scene = {.fail_item = ITEMS};
	struct error e;
	(void)unused;
	assert_int_equal(pipeline_run(without, COUNT(without), &scene, ITEMS, 3, &e), 0);
	assert_int_equal(scene.next[3][0], ITEMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_few_items),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_no_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

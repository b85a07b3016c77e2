/* The arranged render's cutting and joining, away from files: plans, fades, tails, and a source that fails.
 */
#include "tests/unit/harness.h"

#include "editing/arrange.h"

#include <errno.h>
#include <math.h>

enum { RATE = 1000, TAKE = 20000 }; /* fades of 20 frames, windows of 5 */

/* A take whose sample n is n, or what the test puts there. */
struct tape {
	double samples[TAKE];
	bool fails;
};

static int read_tape(void *data, uint64_t frame, struct block *block, struct error *e)
{
	const struct tape *tape = data;
	if (tape->fails)
		return error_set(e, EIO, "the tape broke");
	for (uint32_t i = 0; i < block->frames; i++)
		block->channel[0][i] = frame + i < TAKE ? tape->samples[frame + i] : 0;
	return 0;
}

static struct tape tape;
static struct arrange_plan plan;
static struct arranger arranger;

static void arrange(struct arrange_piece *pieces, size_t count)
{
	struct error e;
	const struct arrange_source source = {read_tape, &tape, 1, TAKE};
	arrange_plan_init(&plan, pieces, count, TAKE, RATE);
	assert_int_equal(arranger_init(&arranger, &plan, &source, RATE, &e), 0);
}

/* The whole arrangement, in blocks of a size that nothing else has. */
static double *read_all(void)
{
	struct error e;
	double *all = memory_array(plan.frames, sizeof(*all));
	for (uint64_t at = 0; at < plan.frames;) {
		uint64_t left = plan.frames - at;
		struct block block = {
			.channels = 1, .frames = left < 37 ? (uint32_t)left : 37, .channel = {all + at}};
		assert_int_equal(arranger_read(&arranger, &block, &e), 0);
		at += block.frames;
	}
	return all;
}

static void fill_noise(uint64_t from, uint64_t to, double level)
{
	uint32_t state = (uint32_t)from + 1;
	for (uint64_t i = from; i < to; i++) {
		state = state * 1664525 + 1013904223;
		tape.samples[i] = level * ((double)state / UINT32_MAX * 2 - 1);
	}
}

static void test_plan(void **state)
{
	(void)state;
	struct arrange_piece pieces[] = {{.source = 100, .frames = 1000},
		{.source = 1100, .frames = 500},    /* follows on */
		{.source = 0, .frames = 30},	    /* shorter than two fades */
		{.source = 19000, .frames = 1000}}; /* to the take's end */
	static const uint64_t at[] = {0, 1000, 1500, 1530}, fade[] = {0, 0, 15, 15};
	arrange_plan_init(&plan, pieces, TABLE_SIZE(pieces), TAKE, RATE);
	assert_int_equal(plan.frames, 2530);
	for (size_t i = 0; i < TABLE_SIZE(pieces); i++) {
		assert_int_equal(pieces[i].at, at[i]);
		assert_int_equal(pieces[i].fade, fade[i]);
	}
	assert_int_equal(plan.edge_in, 5);
	assert_int_equal(plan.edge_out, 0);
	arrange_plan_init(&plan, pieces, 1, TAKE, RATE);
	assert_int_equal(plan.edge_out, 5);
	arrange_plan_init(&plan, NULL, 0, TAKE, RATE);
	assert_int_equal(plan.frames, 0);
}

/* What follows on passes untouched; a piece at the take's first frame has nothing before it to fade in from.
 */
static void test_pass(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < TAKE; i++)
		tape.samples[i] = (double)i;
	struct arrange_piece pieces[] = {{.source = 5000, .frames = 1000}, {.source = 6000, .frames = 14000},
		{.source = 0, .frames = 700}};
	arrange(pieces, TABLE_SIZE(pieces));
	double *all = read_all();
	for (uint64_t i = 5; i < 15000 - 20; i++)
		assert_true(all[i] == (double)(5000 + i));
	for (uint64_t i = 15000; i < 15700 - 5; i++)
		assert_true(all[i] == (double)(i - 15000));
	/* Only the piece that ends is heard in the fade. */
	for (uint64_t i = 0; i < 20; i++)
		assert_true(fabs(all[14980 + i] -
				    (double)(19980 + i) * cos(M_PI_2 * ((double)i + 0.5) / 20)) < 1e-6);
	free(all);
	arranger_rewind(&arranger);
	all = read_all();
	assert_true(all[100] == 5100);
	free(all);
	arranger_finish(&arranger);
}

/* Equal power: of two noises the fade is neither louder nor softer than they are. */
static void test_power(void **state)
{
	(void)state;
	double power = 0;
	int joins = 0;
	for (; joins < 400; joins++) {
		fill_noise((uint64_t)joins, TAKE, 1);
		struct arrange_piece pieces[] = {
			{.source = 9000, .frames = 100}, {.source = 3000, .frames = 100}};
		arrange(pieces, 2);
		double *all = read_all();
		for (int i = 80; i < 100; i++)
			power += all[i] * all[i];
		free(all);
		arranger_finish(&arranger);
	}
	power /= 20.0 * joins;
	assert_true(power > 0.97 / 3 && power < 1.03 / 3);
}

/* When a tail is found, and how long it is: at most 2 s, and not past the next piece. */
static void test_tails(void **state)
{
	(void)state;
	static const struct {
		double decay_s;	   /* to 1/e of its level, from frame 4000 on; 0: it goes on */
		uint64_t next_hit; /* after the cut at 5000; 0: none */
		double level;
		uint64_t least, most;
	} cases[] = {
		{0.5, 0, 0.5, 1800, 2000}, {0.5, 400, 0.5, 300, 396}, {0.5, 50, 0.5, 0, 0},
		{0, 0, 0.5, 0, 0},    /* a pad that is held would clash */
		{20, 0, 0.5, 0, 0},   /* so would one that sinks by 0.4 dB a second */
		{0.5, 0, 1e-6, 0, 0}, /* nothing is to be heard of it */
		{0.02, 0, 0.5, 0, 0}, /* gone before the cut */
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		memset(tape.samples, 0, sizeof(tape.samples));
		for (uint64_t n = 4000; n < 8000; n++) {
			double t = (double)(n - 4000) / RATE;
			double gain = cases[i].decay_s > 0 ? exp(-t / cases[i].decay_s) : 1;
			tape.samples[n] = cases[i].level * gain * (n % 2 ? 1 : -1);
		}
		if (cases[i].next_hit)
			fill_noise(5000 + cases[i].next_hit, 8000, 0.9);
		struct arrange_piece pieces[] = {
			{.source = 3000, .frames = 2000}, {.source = 10000, .frames = 3000}};
		arrange(pieces, 2);
		assert_in_range(arranger.tails[0], cases[i].least, cases[i].most);
		arranger_finish(&arranger);
		pieces[1].frames = 300;
		arrange(pieces, 2);
		assert_in_range(arranger.tails[0], 0, 300);
		arranger_finish(&arranger);
	}
}

static void test_failing_source(void **state)
{
	(void)state;
	struct error e;
	double samples[64];
	struct block block = {.channels = 1, .frames = 64, .channel = {samples}};
	const struct arrange_source source = {read_tape, &tape, 1, TAKE};
	struct arrange_piece pieces[] = {{.source = 3000, .frames = 500}, {.source = 100, .frames = 300}};
	arrange(pieces, 2);
	tape.fails = true;
	assert_int_equal(arranger_read(&arranger, &block, &e), -EIO);
	assert_string_equal(e.text, "the tape broke");
	arranger_finish(&arranger);
	assert_int_equal(arranger_init(&arranger, &plan, &source, RATE, &e), -EIO);
	assert_null(arranger.tails);
	tape.fails = false;
	arranger_finish(&arranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_failing_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

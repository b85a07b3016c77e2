/* Solving and rendering: the targets are met, or the plan says why not; what needs nothing passes bit by bit.
 */
#include "programme.h"

#include "tests/unit/sanitized.h"

static struct programme again;

static void targets_are_met(void **state)
{
	(void)state;
	static const struct {
		double level, lufs, dbtp;
		unsigned bits;
	} cases[] = {
		{0.4, -14, -1, 24},
		{0.4, -14, -1, 16},
		{0.4, -10, -1, 16},
		{0.4, -23, -1, 24},  /* gain alone */
		{0.01, -16, -2, 24}, /* very quiet */
		{1.0, -30, -1, 16},  /* too loud */
		{1.0, -16, -6, 24},
		{0.0016, -20, -1, 24}, /* near the absolute gate */
		{0.4, -9, 0, 24},
		{0.4, -40, -30, 16},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i += SANITIZED ? 3 : 1) {
		make_music(cases[i].level);
		struct master_plan plan = make(cases[i].lufs, cases[i].dbtp, cases[i].bits, &master);

		struct meter_reading r = measure(&master);
		if (fabs(r.integrated_lufs - cases[i].lufs) > 0.03 || r.true_peak_dbtp > cases[i].dbtp)
			fail_msg("%g LUFS, %g dBTP: %.3f LUFS, %.4f dBTP", cases[i].lufs, cases[i].dbtp,
				r.integrated_lufs, r.true_peak_dbtp);
		assert_int_equal(plan.limited_by, MASTER_LIMIT_NONE);
		assert_true(is_on_grid(&master, cases[i].bits));
		assert_memory_equal(&r, &plan.master, sizeof(r));
		assert_true(plan.most_reduction_db <= MAX_REDUCTION_DB);
		assert_true(plan.limits == (plan.most_reduction_db > 0));
	}
}

static double click_track(uint64_t frame)
{
	return frame % 24000 == 0 ? 0.9 : 0.001 * noise();
}

static double one_loud_click(uint64_t frame)
{
	return frame == 100000 ? 0.9 : 0.02 * sin((double)frame * 0.05);
}

static void too_much_reduction_is_given_up(void **state)
{
	(void)state;
	static double (*const programmes[])(uint64_t) = {click_track, one_loud_click};
	for (size_t i = 0; i < sizeof(programmes) / sizeof(programmes[0]); i++) {
		make_level(programmes[i], RATE * 5);
		struct master_plan plan = make(-14, -1, 24, &master);

		assert_int_equal(plan.limited_by, MASTER_LIMIT_REDUCTION);
		assert_true(plan.master.integrated_lufs < -14.1);
		assert_true(plan.master.true_peak_dbtp <= -1);
		assert_true(plan.most_reduction_db > MAX_REDUCTION_DB - 0.1);
		assert_true(plan.most_reduction_db <= MAX_REDUCTION_DB);
	}
}

static double nothing(uint64_t frame)
{
	(void)frame;
	return 0;
}

static double below_the_gate(uint64_t frame)
{
	return rint(2 * sin((double)frame * 0.1)) * 0x1p-23 + 0; /* no -0, which an integer has not */
}

static void silence_stays_silence(void **state)
{
	(void)state;
	static double (*const programmes[])(uint64_t) = {nothing, below_the_gate};
	static const uint64_t lengths[] = {0, 1, 1000, RATE * 2};
	for (size_t p = 0; p < 2; p++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			make_level(programmes[p], lengths[l]);
			struct master_plan plan = make(-14, -1, 24, &master);

			assert_true(plan.limited_by == MASTER_LIMIT_SILENCE ||
				    (p == 1 && lengths[l] < RATE && plan.limited_by == MASTER_LIMIT_SHORT));
			assert_true(plan.gain_db == 0 && is_same(&mix, &master));
		}
	}
}

static double loud_tone(uint64_t frame)
{
	return 0.99 * sin(M_PI / 2 * (double)frame + M_PI / 4);
}

static double over_the_ceiling(uint64_t frame)
{
	return 1.5 * sin((double)frame * 0.3);
}

static void short_programmes_keep_their_peak_in(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {1, 5, 300, RATE * 4 / 10 - 1};
	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		make_level(over_the_ceiling, lengths[l]);
		mix.side[0][0] = 1.5;
		struct master_plan plan = make(-14, -1, 16, &master);

		assert_int_equal(plan.limited_by, MASTER_LIMIT_SHORT);
		assert_true(plan.master.true_peak_dbtp <= -1 && plan.master.true_peak_dbtp > -1.5);
		assert_true(plan.master.integrated_lufs == -INFINITY);
	}
}

static double dc(uint64_t frame)
{
	(void)frame;
	return 0.25;
}

static double full_dc(uint64_t frame)
{
	return frame % 40000 < 20000 ? 1 : -1;
}

/* Whatever comes in, what comes out keeps to the true peak and is made of numbers. */
static void odd_programmes_keep_the_ceiling(void **state)
{
	(void)state;
	static double (*const programmes[])(uint64_t) = {
		dc, full_dc, loud_tone, over_the_ceiling, click_track};
	static const double targets[] = {-5, -14, -30, NAN};
	for (size_t p = 0; p < sizeof(programmes) / sizeof(programmes[0]); p++) {
		for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
			if (SANITIZED && t != p % 4)
				continue;
			make_level(programmes[p], RATE * 2);
			struct master_plan plan = make(targets[t], -3, 16, &master);

			assert_true(plan.master.true_peak_dbtp <= -3);
			double error = fabs(plan.master.integrated_lufs - targets[t]);
			assert_true(isnan(targets[t]) || plan.limited_by != MASTER_LIMIT_NONE || error < 0.1);
		}
	}
}

static void what_needs_nothing_passes_bit_by_bit(void **state)
{
	(void)state;
	make_music(0.4);
	double lufs = measure(&mix).integrated_lufs;
	const double targets[][2] = {{NAN, NAN}, {NAN, -1}, {lufs, -1}, {lufs + 0.01, NAN}};
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct master_plan plan = make(targets[i][0], targets[i][1], 24, &master);

		assert_true(plan.gain_db == 0 && !plan.limits && plan.most_reduction_db == 0);
		assert_int_equal(plan.word_bits, 24);
		assert_true(is_same(&mix, &master));
		make(targets[i][0], targets[i][1], 16, &master); /* here bits are dropped */
		assert_true(is_on_grid(&master, 16) && !is_same(&mix, &master));
	}
}

/* A mix that reaches full scale, both ways, is no reason to touch it. */
static void full_scale_passes_where_no_peak_is_asked_for(void **state)
{
	(void)state;
	mix.frames = RATE;
	for (uint64_t i = 0; i < RATE; i++) {
		mix.side[0][i] = i % 2 ? -1 : 32767 * 0x1p-15;
		mix.side[1][i] = -1;
	}
	struct master_plan plan = make(NAN, NAN, 16, &master);
	assert_int_equal(plan.word_bits, 16);

	assert_true(is_same(&mix, &master));
	plan = make(-3, NAN, 16, &master); /* but what is made louder is kept from clipping */
	assert_true(plan.master.true_peak_dbtp <= 0);
}

static void a_master_is_its_own_master(void **state)
{
	(void)state;
	make_music(0.4);
	make(-12, -1, 24, &master);
	memcpy(&mix, &master, sizeof(mix));
	mix.size = BLOCK_FRAMES;
	make(-12, -1, 24, &again);
	assert_true(is_same(&mix, &again));
}

static void frames_stay_in_time(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan = make(-9, -1, 24, &master);
	assert_true(plan.limits);
	double best = -1;
	int best_shift = 0;
	for (int shift = -400; shift <= 400; shift++) {
		double sum = 0;
		for (int i = (int)RATE; i < (int)RATE * 2; i++)
			sum += mix.side[0][i] * master.side[0][i + shift];
		if (sum > best) {
			best = sum;
			best_shift = shift;
		}
	}
	assert_int_equal(best_shift, 0);
}

static void the_same_twice_in_any_blocks(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {BLOCK_FRAMES, 1, 7, 64, 1000};
	make_music(0.4);
	mix.frames = RATE * 2;
	struct master_plan plan = make(-10, -1, 16, &master);

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		mix.size = sizes[s];
		struct master_plan other = make(-10, -1, 16, &again);
		assert_true(is_same(&master, &again));
		assert_memory_equal(&plan, &other, sizeof(plan));
	}
	mix.size = BLOCK_FRAMES;
}

static void progress_only_grows(void *data, double done)
{
	double *last = data;
	assert_true(done >= *last && done <= 1);
	*last = done;
}

static void progress_reaches_the_end(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan;
	struct master_config config = config_of(-12, -1);
	struct error e;
	double done = 0;
	config.chain.highpass_hz = 20;
	assert_int_equal(make_with(&plan, &config, 24, &master, progress_only_grows, &done, &e), 0);
	assert_true(done == 1);
}

static void bad_targets_are_refused(void **state)
{
	(void)state;
	static const double cases[][3] = {{1, -1, 24}, {-71, -1, 24}, {INFINITY, -1, 24}, {-INFINITY, -1, 24},
		{-14, 0.1, 24}, {-14, -41, 24}, {-14, INFINITY, 24}, {-14, -1, 8}, {-14, -1, 33}};
	make_level(nothing, RATE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct master_plan plan;
		struct error e = {{0}};
		struct master_config config = config_of(cases[i][0], cases[i][1]);
		int result = make_with(&plan, &config, (unsigned)cases[i][2], &master, NULL, NULL, &e);
		assert_int_equal(result, -EINVAL);
		assert_true(e.text[0] != '\0');
	}
}

static void failures_are_handed_on(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan;
	struct master_config config = config_of(-12, -1);
	struct error e;
	config.chain.glue_db = 1;
	for (int blocks = 1; blocks < 700; blocks += 250) { /* in the first pass and in later ones */
		mix.fails_after = blocks;
		assert_int_equal(make_with(&plan, &config, 24, &master, NULL, NULL, &e), -EIO);
		assert_string_equal(e.text, "the disk is gone");
	}
	mix.fails_after = 0;
	mix.frames = RATE * 8;
	full_after = RATE;
	assert_int_equal(make_with(&plan, &config, 24, &master, NULL, NULL, &e), -ENOSPC);
	assert_string_equal(e.text, "the disk is full");
	full_after = FRAMES_MOST;
}

static void limits_have_names(void **state)
{
	(void)state;
	assert_string_equal(master_limit_name(MASTER_LIMIT_NONE), "none");
	assert_string_equal(master_limit_name(MASTER_LIMIT_GATING), "gating");
	assert_string_equal(master_limit_name(MASTER_LIMIT_PSR), "psr");
	assert_int_equal(mastering_processors.count, 2);
	assert_string_equal(mastering_processors.types[0]->settings->name, "limiter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_met),
		cmocka_unit_test(too_much_reduction_is_given_up),
		cmocka_unit_test(silence_stays_silence),
		cmocka_unit_test(short_programmes_keep_their_peak_in),
		cmocka_unit_test(odd_programmes_keep_the_ceiling),
		cmocka_unit_test(what_needs_nothing_passes_bit_by_bit),
		cmocka_unit_test(full_scale_passes_where_no_peak_is_asked_for),
		cmocka_unit_test(a_master_is_its_own_master),
		cmocka_unit_test(frames_stay_in_time),
		cmocka_unit_test(the_same_twice_in_any_blocks),
		cmocka_unit_test(progress_reaches_the_end),
		cmocka_unit_test(bad_targets_are_refused),
		cmocka_unit_test(failures_are_handed_on),
		cmocka_unit_test(limits_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

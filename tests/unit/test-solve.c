/* Which gain a master needs: the target, or the limit that stops it; and what is asked for in vain. */
#include "modelled.h"

#include "common/units.h"
#include "mastering/solve.h"

enum { RATE = 48000, SECONDS = 8 };

static struct model *tones, *drums, *silence;
static double tones_lufs, drums_lufs;

static int make_models(void **state)
{
	(void)state;
	tones = model_create(RATE, RATE * SECONDS, NULL, 0);
	drums = model_create(RATE, RATE * SECONDS, NULL, 0);
	silence = model_create(RATE, RATE * SECONDS, NULL, 0);
	assert_true(tones && drums && silence);
	tones_lufs = hear(tones, RATE, RATE * SECONDS, 1024, tone).integrated_lufs;
	drums_lufs = hear(drums, RATE, RATE * SECONDS, 1024, hits).integrated_lufs;
	hear(silence, RATE, RATE * SECONDS, 1024, nothing);
	return 0;
}

static int drop_models(void **state)
{
	(void)state;
	model_destroy(tones);
	model_destroy(drums);
	model_destroy(silence);
	return 0;
}

static struct solver solver_of(
	const struct model *model, double target_lufs, double ceiling_db, double peak_dbtp)
{
	return (struct solver){.model = model,
		.limiter = {.lookahead_s = 0.005, .release_s = 0.25, .clip_peak = 1},
		.target_lufs = target_lufs,
		.ceiling_db = ceiling_db,
		.peak_dbtp = peak_dbtp,
		.most_gain_db = ceiling_db + 12 - peak_dbtp};
}

/* What the model says of the gain that was found, a hundredth either way. */
static double off_target(const struct solver *s)
{
	struct model_reading reading;
	struct model_limiter limiter = s->limiter;
	limiter.ceiling = units_from_db(s->ceiling_db);
	assert_int_equal(model_run(s->model, units_from_db(s->gain_db), &limiter, &reading), 0);
	assert_true(reading.integrated_lufs == s->modelled_lufs);
	return reading.integrated_lufs + s->offset_lu - s->target_lufs;
}

static void targets_in_reach_are_reached(void **state)
{
	(void)state;
	static const double targets[] = {-60, -40, -23, -20, -18};
	static const double offsets[] = {0, 0.3, -0.5};
	for (size_t i = 0; i < 5 * 3 * 2; i++) {
		bool tonal = i >= 15;
		struct solver s = solver_of(tonal ? tones : drums, targets[i % 5], -1, tonal ? -6.02 : -0.95);
		s.offset_lu = offsets[i / 5 % 3];
		assert_int_equal(solve_gain(&s), 0);
		if (fabs(off_target(&s)) > 0.01 || s.limited_by != MASTER_LIMIT_NONE)
			fail_msg("case %zu: off by %.3f LU", i, off_target(&s));
		assert_true(s.gain_db <= s.most_gain_db);
	}
}

/* Without a limiter in its way, the gain is what the target is away. */
static void a_low_target_needs_no_limiter(void **state)
{
	(void)state;
	struct solver quiet = solver_of(tones, -40, -1, -6.02), soft = solver_of(drums, -40, -1, -0.95);
	assert_int_equal(solve_gain(&quiet), 0);
	assert_int_equal(solve_gain(&soft), 0);
	assert_true(fabs(quiet.gain_db - (-40 - tones_lufs)) < 0.02);
	assert_true(fabs(soft.gain_db - (-40 - drums_lufs)) < 0.02);
}

static void what_is_out_of_reach_says_why(void **state)
{
	(void)state;
	static const struct {
		double target_lufs, ceiling_db, min_psr_lu;
		enum master_limit limit;
	} cases[] = {{0, -1, 0, MASTER_LIMIT_REDUCTION}, {-3, -20, 0, MASTER_LIMIT_REDUCTION},
		{0, -40, 0, MASTER_LIMIT_REDUCTION}, {-9, -1, 16.5, MASTER_LIMIT_PSR},
		{-12, -1, 16, MASTER_LIMIT_PSR}, {-30, -1, 10, MASTER_LIMIT_NONE},
		{-30, -1, 0, MASTER_LIMIT_NONE}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct solver s = solver_of(drums, cases[i].target_lufs, cases[i].ceiling_db, -0.95);
		s.min_psr_lu = cases[i].min_psr_lu;
		if (cases[i].limit == MASTER_LIMIT_PSR)
			s.most_gain_db += 30; /* as much reduction as you like */
		assert_int_equal(solve_gain(&s), 0);
		if (s.limited_by != cases[i].limit)
			fail_msg("case %zu: limited by %s, %.2f LU off", i, master_limit_name(s.limited_by),
				off_target(&s));
		assert_true(s.gain_db <= s.most_gain_db + 1e-9);
		if (cases[i].limit != MASTER_LIMIT_NONE)
			assert_true(off_target(&s) < 0);
	}
}

/* The peaks stand out by what they must, and loudness goes no lower than that needs. */
static void psr_is_kept_but_no_more(void **state)
{
	(void)state;
	static const double least[] = {15.5, 16, 16.5};
	for (size_t i = 0; i < 3; i++) {
		struct solver s = solver_of(drums, -6, -1, -0.95);
		struct model_reading reading;
		s.min_psr_lu = least[i];
		s.most_gain_db += 30;
		assert_int_equal(solve_gain(&s), 0);
		struct model_limiter limiter = s.limiter;
		limiter.ceiling = units_from_db(-1);
		assert_int_equal(model_run(drums, units_from_db(s.gain_db), &limiter, &reading), 0);
		double psr = fmin(s.peak_dbtp + s.gain_db, -1) - reading.max_short_term_lufs;
		bool limits = s.gain_db + s.peak_dbtp > -1 + 0.001;
		if (limits && fabs(psr - least[i]) > 0.01)
			fail_msg("at least %g LU: %.3f", least[i], psr);
		assert_true(limits || psr <= least[i] + 0.01);
	}
}

/* None of it may hang or give a gain that is no number. */
static void what_makes_no_sense_ends(void **state)
{
	(void)state;
	static const double targets[] = {-14, -70, 0, 100, -1000};
	static const double mosts[] = {-100, 0, 5, 200};
	struct model *tiny = model_create(RATE, 0, NULL, 0);
	assert_non_null(tiny);
	const struct model *const models[] = {silence, tiny, tones};
	for (size_t i = 0; i < 5 * 4 * 3; i++) {
		struct solver s = solver_of(models[i / 20], targets[i % 5], -1, -6.02);
		s.most_gain_db = mosts[i / 5 % 4];
		s.min_psr_lu = i % 2 ? 8 : 0;
		assert_int_equal(solve_gain(&s), 0);
		assert_true(isfinite(s.gain_db));
	}
	model_destroy(tiny);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_in_reach_are_reached),
		cmocka_unit_test(a_low_target_needs_no_limiter),
		cmocka_unit_test(what_is_out_of_reach_says_why),
		cmocka_unit_test(psr_is_kept_but_no_more),
		cmocka_unit_test(what_makes_no_sense_ends),
	};
	return cmocka_run_group_tests(tests, make_models, drop_models);
}

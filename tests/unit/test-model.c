/* The model of a programme behind a gain and the limiter: against what is known of steady tones, and what it
 * does with too little, too much and nothing. */
#include "modelled.h"

#include "common/units.h"

static const struct model_limiter none = {INFINITY, 0.005, 0.25, 1, 0};

static struct model *create(uint32_t rate, uint64_t frames)
{
	struct model *made = model_create(rate, frames, NULL, 0);
	assert_non_null(made);
	return made;
}

static struct model_reading run(
	const struct model *model, double gain_db, const struct model_limiter *limiter)
{
	struct model_reading reading;
	assert_int_equal(model_run(model, units_from_db(gain_db), limiter, &reading), 0);
	return reading;
}

static void a_gain_is_a_gain(void **state)
{
	(void)state;
	static const uint32_t rates[] = {8000, 11025, 44100, 48000, 96000};
	static const double gains_db[] = {-20, -3, 0, 7};
	static const sound_fn sounds[] = {tone, hits};
	for (size_t i = 0; i < 5 * 4 * 2; i++) {
		uint32_t rate = rates[i % 5];
		double gain_db = gains_db[i / 5 % 4];
		struct model *model = create(rate, 5 * (uint64_t)rate);
		struct r128_reading heard = hear(model, rate, 5 * (uint64_t)rate, 1000, sounds[i / 20]);
		struct model_reading r = run(model, gain_db, &none);
		assert_true(fabs(r.integrated_lufs - heard.integrated_lufs - gain_db) < 0.01);
		assert_true(fabs(r.max_short_term_lufs - heard.max_short_term_lufs - gain_db) < 0.01);
		model_destroy(model);
	}
}

/* A steady tone above the ceiling comes out at it; what the soft clip takes off its peaks the limiter need
 * not. */
static void a_tone_comes_out_at_the_ceiling(void **state)
{
	(void)state;
	static const struct {
		double gain_db, ceiling_db, clip_db, off_db;
	} cases[] = {{0, 0, 0, 0}, {0, -6, 0, 0}, {0, -12, 0, 6}, {6, -1, 0, 1}, {12, -1, 0, 7},
		{12, -1, 1, 6}, {20, -3, 3, 14}, {-30, -36, 0, 0}, {-30, -40, 0, 4}};
	struct model *model = create(48000, 48000 * 8);
	struct r128_reading heard = hear(model, 48000, 48000 * 8, 1024, tone);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_limiter limiter = {
			units_from_db(cases[i].ceiling_db), 0.005, 0.25, 0.5, cases[i].clip_db};
		double lufs = run(model, cases[i].gain_db, &limiter).integrated_lufs;
		double wanted = heard.integrated_lufs + cases[i].gain_db - cases[i].off_db;
		if (fabs(lufs - wanted) > 0.1)
			fail_msg("case %zu: %.3f LUFS, not %.3f", i, lufs, wanted);
	}
	model_destroy(model);
}

static void more_gain_is_never_less_loud(void **state)
{
	(void)state;
	static const struct model_limiter limiter = {0.8, 0.01, 0.1, 0.9, 1};
	struct model *model = create(44100, 44100 * 6);
	hear(model, 44100, 44100 * 6, 441, hits);
	double last = -INFINITY;
	for (double gain_db = -20; gain_db < 30; gain_db += 0.5) {
		double lufs = run(model, gain_db, &limiter).integrated_lufs;
		assert_true(lufs >= last);
		last = lufs;
	}
	model_destroy(model);
}

static void pieces_change_nothing(void **state)
{
	(void)state;
	static const struct model_limiter limiter = {0.3, 0.005, 0.25, 1, 0};
	static const uint32_t sizes[] = {1, 7, 480, 1000};
	struct model *whole = create(48000, 48000 * 2);
	hear(whole, 48000, 48000 * 2, BLOCK_FRAMES, hits);
	struct model_reading wanted = run(whole, 3, &limiter);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct model *cut = create(48000, 48000 * 2);
		hear(cut, 48000, 48000 * 2, sizes[i], hits);
		assert_true(run(cut, 3, &limiter).integrated_lufs == wanted.integrated_lufs);
		model_destroy(cut);
	}
	model_destroy(whole);
}

static double second_half_louder(double t)
{
	return t < 3 ? 0.1 * tone(t) : tone(t);
}

static void of_titles_the_loudest_counts(void **state)
{
	(void)state;
	static const uint64_t titles[] = {0, 48000 * 3};
	struct model *all = create(48000, 48000 * 6), *apart = model_create(48000, 48000 * 6, titles, 2);
	assert_non_null(apart);
	hear(all, 48000, 48000 * 6, 1000, second_half_louder);
	hear(apart, 48000, 48000 * 6, 1000, second_half_louder);
	struct model *loud = create(48000, 48000 * 3);
	struct r128_reading heard = hear(loud, 48000, 48000 * 3, 1000, tone);
	assert_true(fabs(run(apart, 0, &none).integrated_lufs - heard.integrated_lufs) < 0.05);
	assert_true(run(all, 0, &none).integrated_lufs < heard.integrated_lufs + 0.05);
	model_destroy(all);
	model_destroy(apart);
	model_destroy(loud);
}

/* Nothing, too little for a gating block, silence, and what makes it: no loudness, and no fault. */
static void of_nothing_there_is_no_loudness(void **state)
{
	(void)state;
	static const struct model_limiter limiter = {0.5, 0.005, 0.25, 1, 0},
					  hostile = {1e-30, 1, 1e-9, 1e-30, 3};
	static const struct {
		uint64_t frames;
		sound_fn sound;
		double gain_db;
	} cases[] = {{0, tone, 0}, {1, tone, 0}, {479, tone, 0}, {48000 / 10 * 3, tone, 0},
		{48000 * 2, nothing, 0}, {48000 * 2, nothing, 60}, {48000 * 2, tone, -400},
		{48000 * 2, hits, -200}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = create(48000, cases[i].frames);
		hear(model, 48000, cases[i].frames, 480, cases[i].sound);
		assert_true(run(model, cases[i].gain_db, &limiter).integrated_lufs == -INFINITY);
		assert_true(run(model, cases[i].gain_db, &none).integrated_lufs == -INFINITY);
		assert_true(!(run(model, cases[i].gain_db, &hostile).integrated_lufs > -70));
		model_destroy(model);
	}
	model_destroy(NULL);
}

/* More than was said would come is left out, not written past the end. */
static void more_than_was_announced_is_left_out(void **state)
{
	(void)state;
	static const uint64_t announced[] = {0, 1, 480, 48000, 48000 + 479};
	for (size_t i = 0; i < sizeof(announced) / sizeof(announced[0]); i++) {
		struct model *model = create(48000, announced[i]);
		hear(model, 48000, 48000 * 3, 1024, tone);
		double lufs = run(model, 0, &none).integrated_lufs;
		assert_true(announced[i] < 48000 ? lufs == -INFINITY : lufs > -12 && lufs < 0);
		model_destroy(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gain_is_a_gain),
		cmocka_unit_test(a_tone_comes_out_at_the_ceiling),
		cmocka_unit_test(more_gain_is_never_less_loud),
		cmocka_unit_test(pieces_change_nothing),
		cmocka_unit_test(of_titles_the_loudest_counts),
		cmocka_unit_test(of_nothing_there_is_no_loudness),
		cmocka_unit_test(more_than_was_announced_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

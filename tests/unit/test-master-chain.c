/* Whole masters with a chain: targets are met behind it, and what stops them is told. */
#include "programme.h"

#include "tests/unit/sanitized.h"

static void slope(double db_an_octave)
{
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		target[t] = db_an_octave * log2(longterm_third_hz(t) / 1000);
}

/* Everything on: the targets are met all the same, and every step says what it did. */
static void a_chain_meets_its_targets(void **state)
{
	(void)state;
	static const double levels[] = {0.4, 0.02};
	slope(-1.5);
	for (size_t i = 0; i < 2; i++) {
		make_music(levels[i]);
		struct master_plan plan;
		struct master_config config = config_of(-14, -1);
		struct error e;
		config.chain.highpass_hz = 20;
		config.chain.tone_db = 3;
		config.chain.multiband_db = 2;
		config.chain.glue_db = 1;
		config.chain.mono_below_hz = 120;
		config.chain.soft_clip_db = 1;
		config.chain.dither = MASTER_DITHER_SHAPED;
		assert_int_equal(make_with(&plan, &config, 16, &master, NULL, NULL, &e), 0);
		struct meter_reading r = measure(&master);
		assert_true(fabs(r.integrated_lufs + 14) < 0.1 && r.true_peak_dbtp <= -1);
		assert_memory_equal(&r, &plan.master, sizeof(r));
		assert_int_equal(plan.limited_by, MASTER_LIMIT_NONE);
		assert_true(plan.shaped && plan.noise_shaped && is_on_grid(&master, 16));
		assert_int_equal(plan.chain.band_count, 4);
		assert_true(plan.chain.tone_count > 0 && plan.chain.glues);
		for (size_t b = 0; b < 4; b++) {
			assert_true(plan.chain.band[b].most_db > 0.5 && plan.chain.band[b].most_db <= 6);
			assert_true(plan.chain.band[b].mean_db < plan.chain.band[b].most_db);
		}
		for (size_t t = 0; t < plan.chain.tone_count; t++)
			assert_true(fabs(plan.chain.tone_db[t]) < 3.3);
		assert_true(plan.chain.glue.most_db > 0 && plan.chain.glue.most_db <= 2);
		assert_true(plan.soft_clip_db > 0 && plan.soft_clip_db < 2);
	}
}

static double pink_memory[3];

static double pink(uint64_t frame)
{
	double white = noise();
	if (frame == 0)
		memset(pink_memory, 0, sizeof(pink_memory));
	pink_memory[0] = 0.99765 * pink_memory[0] + white * 0.0990460;
	pink_memory[1] = 0.96300 * pink_memory[1] + white * 0.2965164;
	pink_memory[2] = 0.57000 * pink_memory[2] + white * 1.0526913;
	return 0.03 * (pink_memory[0] + pink_memory[1] + pink_memory[2] + white * 0.1848);
}

static double band_db(const struct programme *p, double hz)
{
	struct longterm *l;
	struct error e;
	assert_int_equal(longterm_create(&l, RATE, 2, &e), 0);
	for (uint64_t at = 0; at + BLOCK_FRAMES <= p->frames; at += BLOCK_FRAMES) {
		struct block block = {
			2, BLOCK_FRAMES, {(double *)p->side[0] + at, (double *)p->side[1] + at}};
		longterm_add(l, &block);
	}
	longterm_end(l);
	double db = 10 * log10(longterm_band(l, hz / 1.4, hz * 1.4, NULL, NULL).sides);
	longterm_destroy(l);
	return db;
}

/* Pink noise is level in octaves: bent toward a slope of so many dB, or as far as it may go. */
static void tone_goes_toward_its_target(void **state)
{
	(void)state;
	static const struct {
		double slope_db, most_db, wanted_db; /* at 5 kHz against 315 Hz: four octaves */
	} cases[] = {{-0.5, 4, -2}, {0.5, 4, 2}, {-3, 2, -4}, {3, 1, 2}, {0, 4, 0}};
	for (size_t i = 0; i < ROWS_TRIED(cases); i++) {
		make_level(pink, RATE * 8);
		slope(cases[i].slope_db);
		double before = band_db(&mix, 5000) - band_db(&mix, 315);
		struct master_plan plan;
		struct master_config config = config_of(-23, -1);
		struct error e;
		config.chain.tone_db = cases[i].most_db;
		assert_int_equal(make_with(&plan, &config, 24, &master, NULL, NULL, &e), 0);
		double moved = band_db(&master, 5000) - band_db(&master, 315) - before;
		if (fabs(moved - cases[i].wanted_db) > 0.6)
			fail_msg("%g dB an octave: %.2f dB", cases[i].slope_db, moved);
	}
}

static void psr_stops_loudness(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan;
	struct master_config config = config_of(-9, -1);
	struct error e;
	config.chain.min_psr_lu = 10;
	assert_int_equal(make_with(&plan, &config, 24, &master, NULL, NULL, &e), 0);
	assert_int_equal(plan.limited_by, MASTER_LIMIT_PSR);
	assert_true(plan.achieved_lufs < -9.1);
	double psr = plan.master.true_peak_dbtp - plan.master.max_short_term_lufs;
	assert_true(psr > 9.85 && psr < 10.3);
}

/* Two titles 12 LU apart: the louder one is brought to the target, and the other stays as far below. */
static void the_loudest_title_counts(void **state)
{
	(void)state;
	static const uint64_t starts[] = {0, RATE * 4};
	make_level(pink, RATE * 8);
	for (uint64_t i = 0; i < RATE * 4; i++)
		mix.side[0][i] = mix.side[1][i] *= 0.25;
	titles = starts;
	title_count = 2;
	struct master_plan plan;
	struct master_config config = config_of(-16, -1);
	struct error e;
	config.album_lufs = -20;
	assert_int_equal(make_with(&plan, &config, 24, &master, NULL, NULL, &e), 0);
	title_count = 0;
	assert_true(plan.by_title && plan.requested_lufs == -20);
	assert_true(fabs(plan.achieved_lufs + 20) < 0.1);
	memmove(master.side[0], master.side[0] + RATE * 4, RATE * 4 * sizeof(double));
	memmove(master.side[1], master.side[1] + RATE * 4, RATE * 4 * sizeof(double));
	master.frames = RATE * 4;
	assert_true(fabs(measure(&master).integrated_lufs + 20) < 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_meets_its_targets),
		cmocka_unit_test(tone_goes_toward_its_target),
		cmocka_unit_test(psr_stops_loudness),
		cmocka_unit_test(the_loudest_title_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

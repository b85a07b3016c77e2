/* Solving and rendering: the targets are met, or the plan says why not; what needs nothing passes bit by bit.
 */
#include "common/units.h"
#include "mastering/master.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE UINT64_C(48000)
#define FRAMES_MOST (RATE * 12)

struct programme {
	double side[2][FRAMES_MOST];
	uint64_t frames, at;
	uint32_t size; /* of the blocks that it is read in */
	int fails_after;
};

static struct programme mix, master, again;

static uint64_t random_state;

static double noise(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(int64_t)random_state * 0x1p-63;
}

static int programme_rewind(void *data, struct error *e)
{
	(void)e;
	((struct programme *)data)->at = 0;
	return 0;
}

static int programme_read(void *data, struct block *block, struct error *e)
{
	struct programme *programme = data;
	if (programme->fails_after > 0 && --programme->fails_after == 0)
		return error_set(e, EIO, "the disk is gone");
	uint64_t left = programme->frames - programme->at;
	block->frames = left < programme->size ? (uint32_t)left : programme->size;
	for (int c = 0; c < 2; c++)
		memcpy(block->channel[c], programme->side[c] + programme->at, block->frames * sizeof(double));
	programme->at += block->frames;
	return 0;
}

static int programme_write(void *data, const struct block *block, struct error *e)
{
	struct programme *programme = data;
	if (programme->frames + block->frames > FRAMES_MOST)
		return error_set(e, ENOSPC, "the disk is full");
	for (int c = 0; c < 2; c++)
		memcpy(programme->side[c] + programme->frames, block->channel[c],
			block->frames * sizeof(double));
	programme->frames += block->frames;
	return 0;
}

static struct master_source source_of(struct programme *programme)
{
	return (struct master_source){RATE, programme->frames, programme_rewind, programme_read, programme};
}

/* Drums, a bass, a tune and some air, in sections of different loudness, on a 24 bit grid. */
static void make_music(double level)
{
	random_state = 1;
	mix.frames = RATE * 8;
	for (uint64_t i = 0; i < mix.frames; i++) {
		double t = (double)i / RATE, section = i / RATE % 4 == 3 ? 0.2 : 1;
		double hit = exp(-30 * fmod(t, 0.5)), snare = exp(-40 * fmod(t + 0.25, 0.5));
		double bass = 0.3 * sin(2 * M_PI * 55 * t), tune = 0.1 * sin(2 * M_PI * 440 * t + sin(5 * t));
		double kick = 0.8 * hit * sin(2 * M_PI * 60 * t), air = 0.02 * noise();
		double rest = bass + kick + 0.5 * snare * noise();
		mix.side[0][i] = rint(level * section * (rest + tune + air) * 0x1p23) * 0x1p-23;
		mix.side[1][i] = rint(level * section * (rest - tune + air) * 0x1p23) * 0x1p-23;
	}
}

static void make_level(double (*sample)(uint64_t frame), uint64_t frames)
{
	random_state = 1;
	mix.frames = frames;
	for (uint64_t i = 0; i < frames; i++)
		mix.side[0][i] = mix.side[1][i] = sample(i);
}

static struct master_plan solve(double lufs, double dbtp)
{
	struct master_plan plan;
	struct master_config config = {.loudness_lufs = lufs, .true_peak_dbtp = dbtp};
	struct master_source source = source_of(&mix);
	struct error e = {{0}};
	mix.size = BLOCK_FRAMES;
	if (master_solve(&plan, &config, &source, NULL, NULL, &e) != 0)
		fail_msg("%s", e.text);
	return plan;
}

static void render(struct master_plan *plan, unsigned bits, struct programme *to)
{
	struct master_source source = source_of(&mix);
	struct master_sink sink = {programme_write, to};
	struct error e = {{0}};
	to->frames = 0;
	if (master_render(plan, &source, bits, &sink, NULL, NULL, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(to->frames, mix.frames);
}

static struct meter_reading measure(struct programme *programme)
{
	struct meter *meter;
	struct meter_reading reading;
	struct error e;
	assert_int_equal(meter_create(&meter, RATE, 2, &e), 0);
	for (uint64_t at = 0; at < programme->frames; at += BLOCK_FRAMES) {
		uint64_t left = programme->frames - at;
		struct block block = {2, left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
			{programme->side[0] + at, programme->side[1] + at}};
		assert_int_equal(meter_add(meter, &block), 0);
	}
	meter_read(meter, &reading);
	meter_destroy(meter);
	return reading;
}

static bool is_on_grid(const struct programme *programme, unsigned bits)
{
	double scale = ldexp(1, (int)bits - 1);
	for (uint64_t i = 0; i < programme->frames; i++)
		for (int c = 0; c < 2; c++)
			if (programme->side[c][i] * scale != rint(programme->side[c][i] * scale))
				return false;
	return true;
}

static bool is_same(const struct programme *a, const struct programme *b)
{
	return a->frames == b->frames && memcmp(a->side[0], b->side[0], a->frames * sizeof(double)) == 0 &&
	       memcmp(a->side[1], b->side[1], a->frames * sizeof(double)) == 0;
}

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
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_music(cases[i].level);
		struct master_plan plan = solve(cases[i].lufs, cases[i].dbtp);
		render(&plan, cases[i].bits, &master);
		struct meter_reading r = measure(&master);
		if (fabs(r.integrated_lufs - cases[i].lufs) > 0.03 || r.true_peak_dbtp > cases[i].dbtp)
			fail_msg("%g LUFS, %g dBTP: %.3f LUFS, %.4f dBTP", cases[i].lufs, cases[i].dbtp,
				r.integrated_lufs, r.true_peak_dbtp);
		assert_int_equal(plan.limited_by, MASTER_LIMIT_NONE);
		assert_true(is_on_grid(&master, cases[i].bits));
		assert_memory_equal(&r, &plan.master, sizeof(r));
		assert_true(plan.most_reduction_db <= MASTER_MAX_REDUCTION_DB);
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
		struct master_plan plan = solve(-14, -1);
		render(&plan, 24, &master);
		assert_int_equal(plan.limited_by, MASTER_LIMIT_REDUCTION);
		assert_true(plan.master.integrated_lufs < -14.1);
		assert_true(plan.master.true_peak_dbtp <= -1);
		assert_true(plan.most_reduction_db > MASTER_MAX_REDUCTION_DB - 0.1);
		assert_true(plan.most_reduction_db <= MASTER_MAX_REDUCTION_DB);
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
			struct master_plan plan = solve(-14, -1);
			render(&plan, 24, &master);
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
		struct master_plan plan = solve(-14, -1);
		render(&plan, 16, &master);
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
			make_level(programmes[p], RATE * 2);
			struct master_plan plan = solve(targets[t], -3);
			render(&plan, 16, &master);
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
		struct master_plan plan = solve(targets[i][0], targets[i][1]);
		render(&plan, 24, &master);
		assert_true(plan.gain_db == 0 && !plan.limits && plan.most_reduction_db == 0);
		assert_int_equal(plan.word_bits, 24);
		assert_true(is_same(&mix, &master));
		render(&plan, 16, &master); /* here bits are dropped */
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
	struct master_plan plan = solve(NAN, NAN);
	assert_int_equal(plan.word_bits, 16);
	render(&plan, 16, &master);
	assert_true(is_same(&mix, &master));
	plan = solve(-3, NAN); /* but what is made louder is kept from clipping */
	render(&plan, 16, &master);
	assert_true(plan.master.true_peak_dbtp <= 0);
}

static void a_master_is_its_own_master(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan = solve(-12, -1);
	render(&plan, 24, &master);
	memcpy(&mix, &master, sizeof(mix));
	plan = solve(-12, -1);
	render(&plan, 24, &master);
	assert_true(is_same(&mix, &master));
}

static void frames_stay_in_time(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan = solve(-9, -1);
	assert_true(plan.limits);
	render(&plan, 24, &master);
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
	struct master_plan plan = solve(-10, -1);
	render(&plan, 16, &master);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct master_plan other = solve(-10, -1);
		mix.size = sizes[s];
		render(&other, 16, &again);
		assert_true(is_same(&master, &again));
		assert_memory_equal(&plan, &other, sizeof(plan));
	}
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
	struct master_config config = {.loudness_lufs = -12, .true_peak_dbtp = -1};
	struct master_source source = source_of(&mix);
	struct master_sink sink = {programme_write, &master};
	struct error e;
	double done = 0;
	assert_int_equal(master_solve(&plan, &config, &source, progress_only_grows, &done, &e), 0);
	assert_true(done == 1);
	master.frames = 0;
	done = 0;
	assert_int_equal(master_render(&plan, &source, 24, &sink, progress_only_grows, &done, &e), 0);
	assert_true(done == 1);
}

static void bad_targets_are_refused(void **state)
{
	(void)state;
	static const double cases[][2] = {
		{1, -1}, {-71, -1}, {INFINITY, -1}, {-INFINITY, -1}, {-14, 0.1}, {-14, -41}, {-14, INFINITY}};
	make_level(nothing, RATE);
	struct master_source source = source_of(&mix);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct master_plan plan;
		struct error e = {{0}};
		struct master_config config = {.loudness_lufs = cases[i][0], .true_peak_dbtp = cases[i][1]};
		assert_int_equal(master_solve(&plan, &config, &source, NULL, NULL, &e), -EINVAL);
		assert_true(e.text[0] != '\0');
	}
	struct master_plan plan = solve(-14, -1);
	struct master_sink sink = {programme_write, &master};
	struct error e;
	assert_int_equal(master_render(&plan, &source, 8, &sink, NULL, NULL, &e), -EINVAL);
	assert_int_equal(master_render(&plan, &source, 33, &sink, NULL, NULL, &e), -EINVAL);
	source.rate = 1;
	struct master_config config = {.loudness_lufs = -14, .true_peak_dbtp = -1};
	assert_int_equal(master_solve(&plan, &config, &source, NULL, NULL, &e), -EINVAL);
}

static void failures_are_handed_on(void **state)
{
	(void)state;
	make_music(0.4);
	struct master_plan plan = solve(-12, -1), other;
	struct master_config config = {.loudness_lufs = -12, .true_peak_dbtp = -1};
	struct master_source source = source_of(&mix);
	struct master_sink sink = {programme_write, &master};
	struct error e;
	for (int blocks = 1; blocks < 900; blocks += 250) { /* in the first pass and in later ones */
		mix.fails_after = blocks;
		assert_int_equal(master_solve(&other, &config, &source, NULL, NULL, &e), -EIO);
		assert_string_equal(e.text, "the disk is gone");
	}
	mix.fails_after = 0;
	master.frames = FRAMES_MOST - RATE;
	assert_int_equal(master_render(&plan, &source, 24, &sink, NULL, NULL, &e), -ENOSPC);
	assert_string_equal(e.text, "the disk is full");
}

static void limits_have_names(void **state)
{
	(void)state;
	assert_string_equal(master_limit_name(MASTER_LIMIT_NONE), "none");
	assert_string_equal(master_limit_name(MASTER_LIMIT_GATING), "gating");
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

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
#define MAX_REDUCTION_DB 12 /* where nothing is said */
#define FRAMES_MOST (RATE * 12)

struct programme {
	double side[2][FRAMES_MOST];
	uint64_t frames, at;
	uint32_t size; /* of the blocks that it is read in */
	int fails_after;
};

static struct programme mix = {.size = BLOCK_FRAMES}, master, again, shaped;

static double target[LONGTERM_THIRDS]; /* of tone */
static uint64_t full_after = FRAMES_MOST;
static const uint64_t *titles;
static size_t title_count;

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
	if (programme->frames + block->frames > full_after)
		return error_set(e, ENOSPC, "the disk is full");
	for (int c = 0; c < 2; c++)
		memcpy(programme->side[c] + programme->frames, block->channel[c],
			block->frames * sizeof(double));
	programme->frames += block->frames;
	return 0;
}

static int programme_restart(void *data, struct error *e)
{
	(void)e;
	((struct programme *)data)->frames = 0;
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

/* Where nothing else is said: loudness and peak alone. */
static struct master_config config_of(double lufs, double dbtp)
{
	struct master_config config = {.loudness_lufs = lufs, .true_peak_dbtp = dbtp, .album_lufs = NAN};
	config.chain = (struct master_chain){.highpass_hz = NAN,
		.tone_db = NAN,
		.multiband_db = NAN,
		.multiband_bands = NAN,
		.width_percent = NAN,
		.mono_below_hz = NAN,
		.glue_db = NAN,
		.soft_clip_db = NAN,
		.lookahead_s = NAN,
		.release_s = NAN,
		.max_reduction_db = NAN,
		.min_psr_lu = NAN,
		.dither = -1};
	master_chain_settle(&config.chain);
	return config;
}

static int make_with(struct master_plan *plan, const struct master_config *config, unsigned bits,
	struct programme *to, master_progress_fn progress, void *data, struct error *e)
{
	struct master_source source = source_of(&mix), back = source_of(&shaped);
	struct master_sink sink = {programme_restart, programme_write, to};
	struct master_sink shaped_to = {programme_restart, programme_write, &shaped};
	shaped.size = BLOCK_FRAMES;
	const struct master_job job = {.config = config,
		.source = &source,
		.shaped = &back,
		.shaped_to = &shaped_to,
		.sink = &sink,
		.bits = bits,
		.target_db = config->chain.tone_db > 0 ? target : NULL,
		.titles = titles,
		.title_count = title_count,
		.progress = progress,
		.progress_data = data};
	return master_make(plan, &job, e);
}

static struct master_plan make(double lufs, double dbtp, unsigned bits, struct programme *to)
{
	struct master_plan plan;
	struct master_config config = config_of(lufs, dbtp);
	struct error e = {{0}};
	if (make_with(&plan, &config, bits, to, NULL, NULL, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(to->frames, mix.frames);
	return plan;
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

/* ---- the chain ---- */

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
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
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
		cmocka_unit_test(a_chain_meets_its_targets),
		cmocka_unit_test(tone_goes_toward_its_target),
		cmocka_unit_test(psr_stops_loudness),
		cmocka_unit_test(the_loudest_title_counts),
		cmocka_unit_test(limits_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Programmes in memory, what masters them, and what came of it. */
#ifndef WOODSHED_TESTS_PROGRAMME_H
#define WOODSHED_TESTS_PROGRAMME_H

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

static struct programme mix = {.size = BLOCK_FRAMES}, master, shaped;

static double target[LONGTERM_THIRDS]; /* of tone */
static uint64_t full_after = FRAMES_MOST;
static const uint64_t *titles;
static size_t title_count;

static uint64_t random_state;

static inline double noise(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(int64_t)random_state * 0x1p-63;
}

static inline int programme_rewind(void *data, struct error *e)
{
	(void)e;
	((struct programme *)data)->at = 0;
	return 0;
}

static inline int programme_read(void *data, struct block *block, struct error *e)
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

static inline int programme_write(void *data, const struct block *block, struct error *e)
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

static inline int programme_restart(void *data, struct error *e)
{
	(void)e;
	((struct programme *)data)->frames = 0;
	return 0;
}

static inline struct master_source source_of(struct programme *programme)
{
	return (struct master_source){RATE, programme->frames, programme_rewind, programme_read, programme};
}

/* Drums, a bass, a tune and some air, in sections of different loudness, on a 24 bit grid. */
static inline void make_music(double level)
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

static inline void make_level(double (*sample)(uint64_t frame), uint64_t frames)
{
	random_state = 1;
	mix.frames = frames;
	for (uint64_t i = 0; i < frames; i++)
		mix.side[0][i] = mix.side[1][i] = sample(i);
}

/* Where nothing else is said: loudness and peak alone. */
static inline struct master_config config_of(double lufs, double dbtp)
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

static inline int make_with(struct master_plan *plan, const struct master_config *config, unsigned bits,
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

static inline struct master_plan make(double lufs, double dbtp, unsigned bits, struct programme *to)
{
	struct master_plan plan;
	struct master_config config = config_of(lufs, dbtp);
	struct error e = {{0}};
	if (make_with(&plan, &config, bits, to, NULL, NULL, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(to->frames, mix.frames);
	return plan;
}

static inline struct meter_reading measure(struct programme *programme)
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

static inline bool is_on_grid(const struct programme *programme, unsigned bits)
{
	double scale = ldexp(1, (int)bits - 1);
	for (uint64_t i = 0; i < programme->frames; i++)
		for (int c = 0; c < 2; c++)
			if (programme->side[c][i] * scale != rint(programme->side[c][i] * scale))
				return false;
	return true;
}

static inline bool is_same(const struct programme *a, const struct programme *b)
{
	return a->frames == b->frames && memcmp(a->side[0], b->side[0], a->frames * sizeof(double)) == 0 &&
	       memcmp(a->side[1], b->side[1], a->frames * sizeof(double)) == 0;
}

#endif

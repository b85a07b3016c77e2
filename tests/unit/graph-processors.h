/* Processors for tests of the mix: one that is late, and multiplies by its key if it has one; one that hears
 * the whole programme first. */
#ifndef WOODSHED_TESTS_GRAPH_PROCESSORS_H
#define WOODSHED_TESTS_GRAPH_PROCESSORS_H

#include "audio/delay.h"
#include "audio/processor.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct late_settings {
	uint32_t frames;
	const char *key;
};

struct late {
	struct delay delays[BLOCK_CHANNELS];
};

static int late_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct late *late = state;
	const struct late_settings *settings = data;
	for (uint32_t c = 0; c < format->channels; c++)
		if (delay_init(&late->delays[c], settings->frames) < 0)
			return error_errno(e, ENOMEM, "late");
	return 0;
}

static void late_process(void *state, struct block *block)
{
	struct late *late = state;
	for (uint32_t c = 0; c < block->channels; c++)
		delay_run(&late->delays[c], block->channel[c], block->frames);
}

/* The key is not delayed: it has to arrive with the block's samples. */
static void late_process_keyed(void *state, struct block *block, const struct block *key)
{
	for (uint32_t c = 0; c < block->channels; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] *= key->channel[key->channels == 2 ? c : 0][i];
	late_process(state, block);
}

static void late_reset(void *state)
{
	struct late *late = state;
	for (int c = 0; c < BLOCK_CHANNELS; c++)
		delay_reset(&late->delays[c]);
}

static const char *late_key(const void *settings)
{
	return ((const struct late_settings *)settings)->key;
}

static uint32_t late_latency(const void *state)
{
	return ((const struct late *)state)->delays[0].frames;
}

static void late_finish(void *state)
{
	struct late *late = state;
	for (int c = 0; c < BLOCK_CHANNELS; c++)
		delay_finish(&late->delays[c]);
}

static const struct record late_record = {.name = "late", .size = sizeof(struct late_settings)};
static const struct processor_type late_type = {.settings = &late_record,
	.state_size = sizeof(struct late),
	.init = late_init,
	.process = late_process,
	.process_keyed = late_process_keyed,
	.key_track = late_key,
	.latency = late_latency,
	.reset = late_reset,
	.finish = late_finish};
/* One that hears everything first, and then brings the loudest moment to a level; its latency is 5. */
struct level {
	struct delay delay;
	double wanted, peak, gain;
};

static int level_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct level *level = state;
	(void)format;
	level->wanted = *(const double *)data;
	level->gain = 1;
	return delay_init(&level->delay, 5) < 0 ? error_errno(e, ENOMEM, "level") : 0;
}

static void level_analyse(void *state, const struct block *block, const struct block *key)
{
	struct level *level = state;
	(void)key;
	for (uint32_t i = 0; i < block->frames; i++)
		level->peak = fmax(level->peak, fabs(block->channel[0][i]));
}

static void level_conclude(void *state)
{
	struct level *level = state;
	level->gain = level->wanted / level->peak;
}

static void level_process(void *state, struct block *block)
{
	struct level *level = state;
	delay_run(&level->delay, block->channel[0], block->frames);
	for (uint32_t i = 0; i < block->frames; i++)
		block->channel[0][i] *= level->gain;
	if (block->channels == 2)
		memcpy(block->channel[1], block->channel[0], block->frames * sizeof(double));
}

static uint32_t level_latency(const void *state)
{
	return ((const struct level *)state)->delay.frames;
}

static void level_reset(void *state)
{
	delay_reset(&((struct level *)state)->delay);
}

static void level_finish(void *state)
{
	delay_finish(&((struct level *)state)->delay);
}

static const struct record level_record = {.name = "level", .size = sizeof(double)};
static const struct processor_type level_type = {.settings = &level_record,
	.state_size = sizeof(struct level),
	.init = level_init,
	.process = level_process,
	.analyse = level_analyse,
	.conclude = level_conclude,
	.latency = level_latency,
	.reset = level_reset,
	.finish = level_finish};
static const struct processor_type *const types[] = {&late_type, &level_type};
static const struct processor_table table = {types, sizeof(types) / sizeof(types[0])};

#endif

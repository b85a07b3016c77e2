#include "mastering/programme.h"

#include "audio/dither.h"
#include "common/units.h"
#include "mastering/limiter.h"

#include <errno.h>
#include <math.h>

enum { CHANNELS = 2, PROGRESS_BLOCKS = 64 };

static const double lookahead_s = 0.005, release_s = 0.25;

struct state {
	const struct programme_run *run;
	struct processor *limiter; /* NULL: none */
	struct meter *meter;
	struct dither dither[CHANNELS];
	double gain;
	uint64_t early;	 /* frames still to be dropped, which the limiter holds back */
	uint32_t word;	 /* all samples together, scaled to 32 bits */
	bool fractional; /* some sample has more than those */
	double samples[CHANNELS][BLOCK_FRAMES];
};

static int state_init(struct state *state, const struct programme_run *run, uint32_t rate, struct error *e)
{
	*state = (struct state){.run = run, .gain = units_from_db(run->gain_db)};
	/* Any two seeds: the noise of the sides must not be alike, or it would be heard in the middle. */
	for (uint64_t c = 0; c < CHANNELS; c++)
		dither_init(&state->dither[c], c + 1);
	int result = meter_create(&state->meter, rate, CHANNELS, e);
	if (result < 0 || !run->limits)
		return result;
	struct limiter_settings settings = {run->ceiling_db, lookahead_s, release_s};
	struct processor_format format = {rate, CHANNELS};
	result = processor_create(&state->limiter, &limiter_type, &settings, &format, e);
	if (result == 0)
		state->early = processor_latency(state->limiter);
	return result;
}

static void state_finish(struct state *state)
{
	processor_destroy(state->limiter);
	meter_destroy(state->meter);
}

static void note_word(struct state *state, const struct block *block)
{
	for (uint32_t c = 0; c < CHANNELS; c++) {
		for (uint32_t i = 0; i < block->frames; i++) {
			double scaled = block->channel[c][i] * 0x1p31;
			if (scaled >= INT32_MIN && scaled <= INT32_MAX && scaled == (double)(int32_t)scaled)
				state->word |= (uint32_t)(int32_t)scaled;
			else
				state->fractional = true;
		}
	}
}

static unsigned word_bits(const struct state *state)
{
	if (state->fractional)
		return 64;
	return state->word ? 32 - (unsigned)__builtin_ctz(state->word) : 1;
}

static void amplify(const struct state *state, struct block *block)
{
	for (uint32_t c = 0; c < CHANNELS; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] *= state->gain;
}

static int deliver(struct state *state, struct block block, struct error *e)
{
	const struct programme_run *run = state->run;
	uint32_t drop = state->early < block.frames ? (uint32_t)state->early : block.frames;
	state->early -= drop;
	block.frames -= drop;
	for (uint32_t c = 0; c < CHANNELS; c++) {
		block.channel[c] += drop;
		if (run->bits)
			dither_quantise(&state->dither[c], block.channel[c], block.frames, run->bits,
				run->most, run->dithers);
	}
	int result = meter_add(state->meter, &block);
	if (result < 0)
		return error_errno(e, result, "loudness of the master");
	return run->sink && block.frames > 0 ? run->sink->write(run->sink->data, &block, e) : 0;
}

static struct block empty_block(struct state *state)
{
	return (struct block){CHANNELS, 0, {state->samples[0], state->samples[1]}};
}

static void report(const struct programme_progress *progress, uint64_t frames, uint64_t of)
{
	if (!progress->fn)
		return;
	double part = of > 0 && frames < of ? (double)frames / (double)of : 1;
	progress->fn(progress->data, progress->from + (progress->to - progress->from) * part);
}

static int run_source(struct state *state, const struct master_source *source,
	const struct programme_progress *progress, struct error *e)
{
	int result = source->rewind(source->data, e);
	uint64_t frames = 0;
	for (unsigned blocks = 0; result >= 0; blocks++) {
		struct block block = empty_block(state);
		result = source->read(source->data, &block, e);
		if (result < 0 || block.frames == 0)
			break;
		frames += block.frames;
		note_word(state, &block);
		amplify(state, &block);
		if (state->limiter)
			processor_process(state->limiter, &block);
		result = deliver(state, block, e);
		if (blocks % PROGRESS_BLOCKS == PROGRESS_BLOCKS - 1)
			report(progress, frames, source->frames);
	}
	return result;
}

/* What the limiter still holds, pushed out by silence. */
static int run_tail(struct state *state, struct error *e)
{
	uint32_t left = state->limiter ? processor_latency(state->limiter) : 0;
	int result = 0;
	while (left > 0 && result >= 0) {
		struct block block = empty_block(state);
		block.frames = left < BLOCK_FRAMES ? left : BLOCK_FRAMES;
		for (uint32_t c = 0; c < CHANNELS; c++)
			for (uint32_t i = 0; i < block.frames; i++)
				block.channel[c][i] = 0;
		left -= block.frames;
		processor_process(state->limiter, &block);
		result = deliver(state, block, e);
	}
	return result;
}

int programme_run(struct programme_run *run, const struct master_source *source,
	const struct programme_progress *progress, struct error *e)
{
	struct state state;
	int result = state_init(&state, run, source->rate, e);
	if (result >= 0)
		result = run_source(&state, source, progress, e);
	if (result >= 0)
		result = run_tail(&state, e);
	if (result >= 0) {
		meter_read(state.meter, &run->reading);
		run->most_reduction_db = state.limiter ? limiter_most_reduction_db(state.limiter) : 0;
		run->word_bits = word_bits(&state);
		report(progress, 1, 1);
	}
	state_finish(&state);
	return result < 0 ? result : 0;
}

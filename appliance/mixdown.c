#include "appliance/mixdown.h"

#include "appliance/pipeline.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>

/* Who takes the mix; each a part of the last stage. */
enum taker { TAKER_FILE, TAKER_METER, TAKER_SCRATCH, TAKERS };

/* The pipeline's stages: the files, then those of the mix, then the takers. */
enum { STAGE_FILES, STAGE_MIX };

/* A chunk is an item of the pipeline. */
struct chunk {
	uint64_t begin; /* frame of what the mix takes in */
	uint32_t frames;
	size_t slot;
};

static uint64_t frames_of(const struct mixdown *m)
{
	return m->edits->extent.frames + mix_latency(m->mix);
}

static struct chunk chunk_of(const struct mixdown *m, uint64_t item)
{
	struct chunk chunk = {.begin = item * MIX_CHUNK, .slot = item % MIX_SLOTS};
	uint64_t left = frames_of(m) - chunk.begin;
	chunk.frames = left < MIX_CHUNK ? (uint32_t)left : MIX_CHUNK;
	return chunk;
}

static int read_track(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct mixdown *m = data;
	struct chunk chunk = chunk_of(m, item);
	if (!mix_needs(m->mix, track))
		return 0;
	double *const *samples = mix_samples(m->mix, track, chunk.slot);
	int result = edits_read(m->edits, track, samples, chunk.frames, e);
	if (result == 0)
		mix_take_in(m->mix, track, chunk.slot, chunk.frames);
	return result;
}

static int run_strip(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	(void)e;
	struct mixdown *m = data;
	struct chunk chunk = chunk_of(m, item);
	mix_run(m->mix, stage - STAGE_MIX, part, chunk.slot, chunk.frames);
	return 0;
}

/* ---- the takers ---- */

static bool is_faded(const struct extent *extent, uint64_t first, uint32_t frames)
{
	return first < extent->fade_in || first + frames + extent->fade_out > extent->frames;
}

/* The block, whose first frame is `first` of the extent, with its fades, in the caller's room. The takers
 * share the mix's own. */
static struct block fade(const struct extent *extent, uint64_t first, const struct block *block,
	double room[static BLOCK_CHANNELS][BLOCK_FRAMES])
{
	struct block faded = {BLOCK_CHANNELS, block->frames, {room[0], room[1]}};
	for (uint32_t i = 0; i < block->frames; i++) {
		double gain = extent_gain(extent, first + i);
		for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
			room[c][i] = gain * block->channel[c][i];
	}
	return faded;
}

static int take(struct mixdown *m, enum taker taker, const struct block *block, struct error *e)
{
	switch (taker) {
	case TAKER_FILE:
		return delivery_write(m->file, block, e);
	case TAKER_METER:
		return meter_add(m->meter, block) < 0 ? error_errno(e, ENOMEM, "measuring the mix") : 0;
	default:
		return scratch_write(m->scratch, block, e);
	}
}

/* What comes out before the first frame of the take is the mix's latency, and is nobody's. */
static int hand_on(void *data, size_t stage, size_t taker, uint64_t item, struct error *e)
{
	(void)stage;
	struct mixdown *m = data;
	struct chunk chunk = chunk_of(m, item);
	double *const *samples = mix_output(m->mix, chunk.slot);
	uint64_t latency = mix_latency(m->mix), early = latency > chunk.begin ? latency - chunk.begin : 0;
	uint32_t from = early < chunk.frames ? (uint32_t)early : chunk.frames;
	int result = 0;
	for (uint32_t n; from < chunk.frames && result == 0; from += n) {
		n = chunk.frames - from < BLOCK_FRAMES ? chunk.frames - from : BLOCK_FRAMES;
		double room[BLOCK_CHANNELS][BLOCK_FRAMES];
		struct block block = {BLOCK_CHANNELS, n, {samples[0] + from, samples[1] + from}};
		uint64_t first = chunk.begin + from - latency;
		if (is_faded(&m->edits->extent, first, n))
			block = fade(&m->edits->extent, first, &block, room);
		result = take(m, (enum taker)taker, &block, e);
	}
	if (taker == TAKER_FILE && m->progress)
		m->progress(m->data, (double)(chunk.begin + chunk.frames) / (double)frames_of(m));
	return result;
}

/* Sends the whole take through the mix; `takers` of its result. The tracks' rooms are free again when the
 * master has what it needs of them, the master's when it is handed on. */
static int run_through(struct mixdown *m, size_t takers, struct error *e)
{
	size_t count = STAGE_MIX + mix_stages(m->mix) + 1, master = count - 2, last = count - 1;
	struct pipeline_stage *stages = memory_array(count, sizeof(*stages));
	stages[STAGE_FILES] = (struct pipeline_stage){read_track, m->edits->stems->count, master, MIX_SLOTS};
	for (size_t i = STAGE_MIX; i <= master; i++)
		stages[i] = (struct pipeline_stage){run_strip, mix_width(m->mix, i - STAGE_MIX), i, 0};
	stages[master].freed_by = last;
	stages[master].slots = MIX_SLOTS;
	stages[last] = (struct pipeline_stage){hand_on, takers, last, 0};
	uint64_t items = (frames_of(m) + MIX_CHUNK - 1) / MIX_CHUNK;
	int result = pipeline_run(stages, count, m, items, m->jobs > 0 ? m->jobs : pipeline_cores(), e);
	free(stages);
	return result;
}

/* Has those that listen hear the take, as many times as that takes. */
static int conclude(struct mixdown *m, struct error *e)
{
	while (mix_listens(m->mix)) {
		int result = run_through(m, 0, e);
		mix_conclude(m->mix);
		if (result == 0)
			result = edits_rewind(m->edits, e);
		if (result < 0)
			return result;
	}
	return 0;
}

int mixdown_run(struct mixdown *m, struct error *e)
{
	int result = conclude(m, e);
	return result < 0 ? result : run_through(m, m->scratch ? TAKERS : TAKER_SCRATCH, e);
}

/* ---- measuring ---- */

/* Adds a chunk to whatever measures blocks. */
static int add_blocks(int (*add)(void *meter, const struct block *block), void *meter, uint32_t channels,
	double *const *samples, uint32_t frames, struct error *e)
{
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES;
		struct block block = {.channels = channels, .frames = n};
		for (uint32_t c = 0; c < channels; c++)
			block.channel[c] = samples[c] + done;
		result = add(meter, &block);
	}
	return result < 0 ? error_errno(e, ENOMEM, "a track could not be measured") : 0;
}

static int add_to_survey(void *meter, const struct block *block)
{
	return survey_add(meter, block);
}

static int add_to_r128(void *meter, const struct block *block)
{
	return r128_add(meter, block);
}

static int survey_track(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct mixdown *m = data;
	uint64_t left = m->edits->extent.frames - item * MIX_CHUNK;
	uint32_t frames = left < MIX_CHUNK ? (uint32_t)left : MIX_CHUNK;
	double samples[BLOCK_CHANNELS][MIX_CHUNK];
	double *const channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = edits_read(m->edits, track, channels, frames, e);
	return result < 0 ? result
			  : add_blocks(add_to_survey, m->surveys[track],
				    m->edits->stems->list[track].reel.channels, channels, frames, e);
}

int mixdown_survey(struct mixdown *m, struct survey *const *surveys, struct error *e)
{
	const struct pipeline_stage stage = {survey_track, m->edits->stems->count, 0, 0};
	uint64_t items = (m->edits->extent.frames + MIX_CHUNK - 1) / MIX_CHUNK;
	m->surveys = surveys;
	int result = pipeline_run(&stage, 1, m, items, m->jobs > 0 ? m->jobs : pipeline_cores(), e);
	return result < 0 ? result : edits_rewind(m->edits, e);
}

static int measure_track(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct mixdown *m = data;
	struct chunk chunk = chunk_of(m, item);
	if (!mix_needs(m->mix, track))
		return 0;
	return add_blocks(add_to_r128, m->meters[track], m->edits->stems->list[track].reel.channels,
		mix_samples(m->mix, track, chunk.slot), chunk.frames, e);
}

int mixdown_measure(struct mixdown *m, struct r128 *const *meters, struct error *e)
{
	enum { FILES, STRIPS, METERS, STAGES };
	const struct pipeline_stage stages[STAGES] = {
		[FILES] = {read_track, m->edits->stems->count, METERS, MIX_SLOTS},
		[STRIPS] = {run_strip, mix_width(m->mix, 0), STRIPS, 0},
		[METERS] = {measure_track, m->edits->stems->count, METERS, 0},
	};
	uint64_t items = (frames_of(m) + MIX_CHUNK - 1) / MIX_CHUNK;
	int result = conclude(m, e);
	m->meters = meters;
	if (result == 0)
		result = pipeline_run(stages, STAGES, m, items, m->jobs > 0 ? m->jobs : pipeline_cores(), e);
	mix_rewind(m->mix);
	return result < 0 ? result : edits_rewind(m->edits, e);
}

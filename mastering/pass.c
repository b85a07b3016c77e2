#include "mastering/pass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, CHUNK_FRAMES = 8 * BLOCK_FRAMES, SLOTS = 6, PROGRESS_CHUNKS = 8 };

struct slot {
	double samples[CHANNELS][CHUNK_FRAMES];
};

struct runner {
	const struct pass *pass;
	uint64_t frames; /* of the source, and those that are held back */
	double fresh[CHANNELS][BLOCK_FRAMES];
	uint32_t fresh_at, fresh_count; /* read, but for a later chunk */
	bool ended;
	struct slot slots[SLOTS];
};

static int read_to(struct runner *r, double *left, double *right, uint32_t *frames, struct error *e)
{
	const struct master_source *source = r->pass->source;
	struct block block = {CHANNELS, 0, {left, right}};
	int result = source->read(source->data, &block, e);
	*frames = result < 0 ? 0 : block.frames;
	r->ended = *frames == 0;
	return result;
}

static int read_chunk(struct runner *r, uint64_t item, struct error *e)
{
	const struct pass *pass = r->pass;
	struct slot *slot = &r->slots[item % SLOTS];
	uint32_t filled = 0;
	int result = 0;
	while (filled < CHUNK_FRAMES && result >= 0) {
		uint32_t left = r->fresh_count - r->fresh_at, room = CHUNK_FRAMES - filled;
		uint32_t n = left < room ? left : room;
		if (left == 0 && room >= BLOCK_FRAMES && !r->ended) {
			result = read_to(r, slot->samples[0] + filled, slot->samples[1] + filled, &n, e);
			filled += n;
			continue;
		}
		for (uint32_t c = 0; c < CHANNELS; c++)
			memcpy(slot->samples[c] + filled, r->fresh[c] + r->fresh_at, n * sizeof(double));
		filled += n;
		r->fresh_at += n;
		if (filled == CHUNK_FRAMES || r->ended)
			break;
		r->fresh_at = 0;
		result = read_to(r, r->fresh[0], r->fresh[1], &r->fresh_count, e);
	}
	for (uint32_t c = 0; c < CHANNELS; c++)
		memset(slot->samples[c] + filled, 0, (CHUNK_FRAMES - filled) * sizeof(double));
	if (pass->progress && item % PROGRESS_CHUNKS == 0)
		pass->progress(pass->progress_data,
			(double)(item * CHUNK_FRAMES) / (double)(r->frames + CHUNK_FRAMES));
	return result;
}

static int run_part(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct runner *r = data;
	const struct pass *pass = r->pass;
	if (stage == 0)
		return read_chunk(r, item, e);
	struct slot *slot = &r->slots[item % SLOTS];
	uint64_t first = item * CHUNK_FRAMES;
	uint64_t from = stage - 1 >= pass->in_time && first < pass->late ? pass->late - first : 0;
	uint64_t to = r->frames - first < CHUNK_FRAMES ? r->frames - first : CHUNK_FRAMES;
	int result = 0;
	for (uint64_t at = from; at < to && result >= 0; at += BLOCK_FRAMES) {
		uint32_t n = to - at < BLOCK_FRAMES ? (uint32_t)(to - at) : BLOCK_FRAMES;
		struct block block = {CHANNELS, n, {slot->samples[0] + at, slot->samples[1] + at}};
		result = pass->stages[stage - 1].run(pass->data, part, &block, e);
	}
	return result;
}

static int run_alone(const struct pipeline_stage *stages, size_t count, void *data, uint64_t items,
	unsigned jobs, struct error *e)
{
	(void)jobs;
	int result = 0;
	for (uint64_t item = 0; item < items; item++)
		for (size_t stage = 0; stage < count; stage++)
			for (size_t part = 0; part < stages[stage].parts && result >= 0; part++)
				result = stages[stage].run(data, stage, part, item, e);
	return result;
}

int pass_run(const struct pass *pass, struct error *e)
{
	struct runner *r = calloc(1, sizeof(*r));
	if (!r)
		return error_errno(e, ENOMEM, "mastering");
	r->pass = pass;
	r->frames = pass->source->frames + pass->late;
	struct pipeline_stage stages[PASS_STAGES + 1] = {
		{.run = run_part, .parts = 1, .freed_by = PASS_STAGES, .slots = SLOTS}};
	for (size_t s = 0; s < PASS_STAGES; s++)
		stages[s + 1] = (struct pipeline_stage){
			.run = run_part, .parts = pass->stages[s].parts, .freed_by = s + 1, .slots = SLOTS};
	int result = pass->source->rewind(pass->source->data, e);
	stage_runner run = pass->run ? pass->run : run_alone;
	if (result >= 0)
		result = run(stages, PASS_STAGES + 1, r, (r->frames + CHUNK_FRAMES - 1) / CHUNK_FRAMES,
			pass->jobs, e);
	if (result >= 0 && pass->progress)
		pass->progress(pass->progress_data, 1);
	free(r);
	return result < 0 ? result : 0;
}

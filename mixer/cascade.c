#include "mixer/cascade.h"

#include "audio/processor.h"

#include <string.h>

void cascade_process(void *state, struct block *block)
{
	struct cascade *cascade = state;
	for (uint32_t c = 0; c < block->channels; c++)
		filter_run_cascade(cascade->sections, cascade->memories[c], cascade->count, block->channel[c],
			block->frames);
}

_Static_assert((int)PROCESSOR_TOGETHER == (int)FILTER_TOGETHER, "a signal a processor");

static bool are_even(struct cascade *const *cascades, struct block *const *blocks)
{
	for (size_t k = 1; k < PROCESSOR_TOGETHER; k++)
		if (cascades[k]->count != cascades[0]->count || blocks[k]->channels != blocks[0]->channels)
			return false;
	return true;
}

static void process_channel(struct cascade *const *cascades, struct block *const *blocks, uint32_t channel)
{
	const struct biquad *sections[PROCESSOR_TOGETHER];
	struct biquad_memory *memories[PROCESSOR_TOGETHER];
	double *samples[PROCESSOR_TOGETHER];
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++) {
		sections[k] = cascades[k]->sections;
		memories[k] = cascades[k]->memories[channel];
		samples[k] = blocks[k]->channel[channel];
	}
	filter_run_together(sections, memories, cascades[0]->count, samples, blocks[0]->frames);
}

void cascade_process_together(void *const *states, struct block *const *blocks)
{
	struct cascade *cascades[PROCESSOR_TOGETHER];
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++)
		cascades[k] = states[k];
	if (are_even(cascades, blocks))
		for (uint32_t c = 0; c < blocks[0]->channels; c++)
			process_channel(cascades, blocks, c);
	else
		for (size_t k = 0; k < PROCESSOR_TOGETHER; k++)
			cascade_process(states[k], blocks[k]);
}

void cascade_reset(void *state)
{
	struct cascade *cascade = state;
	memset(cascade->memories, 0, sizeof(cascade->memories));
}

bool cascade_join(struct cascade *cascade, const struct cascade *behind)
{
	if (cascade->count + behind->count > CASCADE_SECTIONS)
		return false;
	memcpy(cascade->sections + cascade->count, behind->sections,
		behind->count * sizeof(*behind->sections));
	cascade->count += behind->count;
	return true;
}

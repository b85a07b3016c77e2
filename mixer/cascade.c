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

/* Sections lie side by side already. */
void cascade_process_together(void *const *states, struct block *const *blocks)
{
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

/* Sections after one another on every channel of a block: the state of the filtering processors. */
#ifndef WOODSHED_MIXER_CASCADE_H
#define WOODSHED_MIXER_CASCADE_H

#include "audio/block.h"
#include "audio/filter.h"

enum { CASCADE_SECTIONS = 8 };

struct cascade {
	size_t count;
	struct biquad sections[CASCADE_SECTIONS];
	struct biquad_memory memories[BLOCK_CHANNELS][CASCADE_SECTIONS];
};

/* As a processor's `process` and `reset`; `state` is a struct cascade. */
void cascade_process(void *state, struct block *block);
void cascade_reset(void *state);

#endif

/* Sections after one another on every channel of a block: the state of the filtering processors. */
#ifndef WOODSHED_MIXER_CASCADE_H
#define WOODSHED_MIXER_CASCADE_H

#include "audio/block.h"
#include "audio/filter.h"

#include <stdbool.h>

enum { CASCADE_SECTIONS = 12 }; /* the steepest pass and a full equaliser */

struct cascade {
	size_t count;
	struct biquad sections[CASCADE_SECTIONS];
	struct biquad_memory memories[BLOCK_CHANNELS][CASCADE_SECTIONS];
};

/* As a processor's `process`, `process_together` and `reset`; a state is a struct cascade. */
void cascade_process(void *state, struct block *block);
void cascade_process_together(void *const *states, struct block *const *blocks);
void cascade_reset(void *state);

/* Puts the sections of one fresh cascade behind those of another: the same samples in less time. False, and
 * nothing done, where there is no room. */
bool cascade_join(struct cascade *cascade, const struct cascade *behind);

#endif

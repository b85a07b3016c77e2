/* How tightly a track was played: where its notes begin, against where a grid has them. Pure.
 *
 * An onset is where the level of the highs, over 5 ms, passes four times what it was over the 50 ms before;
 * that is a drum, a plucked string or a consonant, and no swell. */
#ifndef WOODSHED_EDITING_TIGHTNESS_H
#define WOODSHED_EDITING_TIGHTNESS_H

#include "audio/block.h"

#include <stddef.h>

enum { TIGHTNESS_PAST = 10 };

struct tightness {
	uint32_t rate, hop; /* frames */
	double *onsets;	    /* frames since the first one that was heard */
	size_t count;
	uint64_t clipped; /* samples at full scale */
	double quietest;  /* mean square of the quietest hop that is no digital silence; INFINITY: none */

	double last, sum, square, peak; /* of the hop under way */
	uint32_t filled;
	uint64_t hops, rested; /* rested: the hop before which no other onset is found */
	double past[TIGHTNESS_PAST];
	double highs[BLOCK_FRAMES]; /* of the hop */
};

void tightness_init(struct tightness *tightness, uint32_t rate);
void tightness_finish(struct tightness *tightness);

/* The next block of the track, its channels summed. */
void tightness_add(struct tightness *tightness, const struct block *block);

/* Root mean square of how far each onset lies from the line nearest to it, less how far they all lie, frames;
 * NAN where there are less than `least` onsets. `lines` ascend. What lies further from a line than half the
 * way to the next is measured against that one. */
double tightness_spread(
	const double *onsets, size_t count, const double *lines, size_t line_count, size_t least);

#endif

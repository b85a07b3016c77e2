/* From the 32-bit floats of the graph to a track's integers. Pure. */
#ifndef WOODSHED_RECORDER_QUANTISE_H
#define WOODSHED_RECORDER_QUANTISE_H

#include <stddef.h>
#include <stdint.h>

/* What was heard of a channel so far; a zeroed value has heard nothing. */
struct heard {
	float peak;	  /* magnitude, 1.0 is full scale */
	uint64_t clipped; /* samples at full scale */
};

/* Rounds `frames` samples (full scale ±1.0) to integers of `bits` (16 to 24), ties to even. A float that such
 * an integer became comes back as exactly that integer; beyond full scale is full scale; no number is 0. */
void quantise(struct heard *heard, const float *in, int32_t *out, size_t frames, uint32_t bits);

#endif

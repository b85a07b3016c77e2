/* Samples side by side: vectors of as many floats as every machine has lanes for, which compilers make of it
 * what it can. Comparisons give words of all ones where they hold. */
#ifndef WOODSHED_AUDIO_LANES_H
#define WOODSHED_AUDIO_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES = 4 };
typedef float lanes_f __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t lanes_i __attribute__((vector_size(LANES * sizeof(int32_t))));

static inline lanes_f lanes_load(const float *samples)
{
	lanes_f x;
	memcpy(&x, samples, sizeof(x));
	return x;
}

/* `yes` where the mask has ones, else `no`. */
static inline lanes_f lanes_pick(lanes_i mask, lanes_f yes, lanes_f no)
{
	return (lanes_f)((mask & (lanes_i)yes) | (~mask & (lanes_i)no));
}

static inline lanes_f lanes_max(lanes_f a, lanes_f b)
{
	return lanes_pick(a > b, a, b);
}

static inline lanes_f lanes_magnitude(lanes_f x)
{
	return (lanes_f)((lanes_i)x & ((lanes_i){0} + INT32_MAX));
}

/* No number is 0. */
static inline lanes_f lanes_number(lanes_f x)
{
	return (lanes_f)((lanes_i)x & (x == x));
}

#endif

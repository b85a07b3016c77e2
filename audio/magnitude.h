/* The magnitude of a float as an integer, which is the larger, the larger the float is: compilers keep the
 * largest of many integers in vectors, but may not of floats, of which some are no numbers. Those are 0. */
#ifndef WOODSHED_AUDIO_MAGNITUDE_H
#define WOODSHED_AUDIO_MAGNITUDE_H

#include <stdint.h>
#include <string.h>

static inline int32_t magnitude_bits(float x)
{
	const int32_t infinity = 0x7f800000;
	int32_t bits;
	memcpy(&bits, &x, sizeof(bits));
	bits &= INT32_MAX;
	return bits > infinity ? 0 : bits;
}

static inline float magnitude_of(int32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

#endif

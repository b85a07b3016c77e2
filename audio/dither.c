#include "audio/dither.h"

#include <math.h>

void dither_init(struct dither *dither, uint64_t seed)
{
	dither->random = seed;
}

/* SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, OOPSLA 2014): any seed will do, and all 64 bits are good,
 * so one step holds both halves of a triangular number. */
static uint64_t next_random(struct dither *dither)
{
	uint64_t z = dither->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Between -1 and 1, most often near 0. */
static double triangular(struct dither *dither)
{
	uint64_t bits = next_random(dither);
	return ((double)(bits >> 32) - (double)(bits & UINT32_MAX)) * 0x1p-32;
}

void dither_quantise(
	struct dither *dither, double *samples, size_t count, unsigned bits, double most, bool noise)
{
	double scale = ldexp(1, (int)bits - 1), step = 1 / scale;
	double lowest = -floor(most * scale), highest = fmin(-lowest, scale - 1);
	for (size_t i = 0; i < count; i++) {
		double value = rint(samples[i] * scale + (noise ? triangular(dither) : 0));
		if (value > highest)
			value = highest;
		else if (!(value >= lowest)) /* so a NaN is a number again, too */
			value = lowest;
		samples[i] = value * step;
	}
}

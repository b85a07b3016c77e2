#include "audio/dither.h"

#include <math.h>
#include <string.h>

void dither_init(struct dither *dither, uint64_t seed)
{
	*dither = (struct dither){.random = seed};
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

static const double shaping[DITHER_TAPS] = {2.033, -2.165, 1.959, -1.590, 0.6149};

/* A sample that the word cannot hold leaves an error that must not come back. */
static double held(double error)
{
	return error > -2 && error < 2 ? error : 0;
}

void dither_quantise_shaped(struct dither *dither, double *samples, size_t count, unsigned bits, double most)
{
	double scale = ldexp(1, (int)bits - 1), step = 1 / scale;
	double lowest = -floor(most * scale), highest = fmin(-lowest, scale - 1);
	double *errors = dither->errors;
	for (size_t i = 0; i < count; i++) {
		double wanted = samples[i] * scale;
		for (int k = 0; k < DITHER_TAPS; k++)
			wanted -= shaping[k] * errors[k];
		double value = rint(wanted + triangular(dither));
		if (value > highest)
			value = highest;
		else if (!(value >= lowest))
			value = lowest;
		memmove(errors + 1, errors, (DITHER_TAPS - 1) * sizeof(*errors));
		errors[0] = held(value - wanted);
		samples[i] = value * step;
	}
}

#include "audio/dither.h"

#include "audio/wide.h"

#include <math.h>
#include <string.h>

void dither_init(struct dither *dither, uint64_t seed)
{
	*dither = (struct dither){.random = seed};
}

enum { TILE = 64, LANES = 4 };

typedef uint64_t words __attribute__((vector_size(LANES * sizeof(uint64_t))));
typedef double numbers __attribute__((vector_size(LANES * sizeof(double))));

/* SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, OOPSLA 2014): any seed will do, and all 64 bits are good,
 * so one step holds both halves of a triangular number. What comes does not depend on what came, only the
 * state, which goes on by the same step each time. */
static const uint64_t random_step = UINT64_C(0x9e3779b97f4a7c15);

/* TILE numbers between -1 and 1, most often near 0, for the states after `random`. 32 bits with the exponent
 * of 2^52 before them are a double, from which another such is taken. */
WIDE static void make_noise(uint64_t random, double noise[TILE])
{
	const uint64_t of_52 = UINT64_C(0x4330000000000000), low_half = UINT32_MAX;
	words at = {random + random_step, random + 2 * random_step, random + 3 * random_step,
		random + 4 * random_step};
	for (size_t i = 0; i < TILE; i += LANES) {
		words z = (at ^ (at >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		numbers high = (numbers)((z >> 32) | of_52), low = (numbers)((z & low_half) | of_52);
		numbers triangular = (high - low) * 0x1p-32;
		memcpy(noise + i, &triangular, sizeof(triangular));
		at += LANES * random_step;
	}
}

/* Steps of 1 that a word has. */
struct grid {
	double scale, step, lowest, highest;
};

static struct grid grid_of(unsigned bits, double most)
{
	double scale = ldexp(1, (int)bits - 1), lowest = -floor(most * scale);
	return (struct grid){scale, 1 / scale, lowest, fmin(-lowest, scale - 1)};
}

/* To the nearest, halves to the even one: what is added to 1.5 * 2^52 has no room for less than 1. */
WIDE static void put_on_grid(double *samples, const double *noise, size_t count, const struct grid *grid)
{
	const double rounder = 0x1.8p52, scale = grid->scale, step = grid->step;
	const double lowest = grid->lowest, highest = grid->highest;
	for (size_t i = 0; i < count; i++) {
		double wanted = samples[i] * scale + noise[i];
		double value = copysign((wanted + rounder) - rounder, wanted);
		value = value >= lowest ? value : lowest; /* so a NaN is a number again, too */
		value = value > highest ? highest : value;
		samples[i] = value * step;
	}
}

void dither_quantise(
	struct dither *dither, double *samples, size_t count, unsigned bits, double most, bool noise)
{
	const struct grid grid = grid_of(bits, most);
	double held_noise[TILE] = {0};
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < TILE ? count - done : TILE;
		if (noise) {
			make_noise(dither->random, held_noise);
			dither->random += n * random_step;
		}
		put_on_grid(samples + done, held_noise, n, &grid);
	}
}

static const double shaping[DITHER_TAPS] = {2.033, -2.165, 1.959, -1.590, 0.6149};

/* A sample that the word cannot hold leaves an error that must not come back. */
static double held(double error)
{
	return error > -2 && error < 2 ? error : 0;
}

static void quantise_shaped(double errors[DITHER_TAPS], double *samples, const double *noise, size_t count,
	const struct grid *grid)
{
	for (size_t i = 0; i < count; i++) {
		double wanted = samples[i] * grid->scale;
		for (int k = 0; k < DITHER_TAPS; k++)
			wanted -= shaping[k] * errors[k];
		double value = rint(wanted + noise[i]);
		if (value > grid->highest)
			value = grid->highest;
		else if (!(value >= grid->lowest))
			value = grid->lowest;
		memmove(errors + 1, errors, (DITHER_TAPS - 1) * sizeof(*errors));
		errors[0] = held(value - wanted);
		samples[i] = value * grid->step;
	}
}

void dither_quantise_shaped(struct dither *dither, double *samples, size_t count, unsigned bits, double most)
{
	const struct grid grid = grid_of(bits, most);
	double noise[TILE];
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < TILE ? count - done : TILE;
		make_noise(dither->random, noise);
		dither->random += n * random_step;
		quantise_shaped(dither->errors, samples + done, noise, n, &grid);
	}
}

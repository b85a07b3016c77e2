/* Harmonics without a sine a sample: a phasor turns on by being multiplied by another. */
#ifndef WOODSHED_TESTS_UNIT_PHASOR_H
#define WOODSHED_TESTS_UNIT_PHASOR_H

#include <math.h>

struct phasor {
	double re, im; /* cosine, sine */
};

static inline struct phasor phasor_at(double radians, double length)
{
	return (struct phasor){length * cos(radians), length * sin(radians)};
}

static inline struct phasor phasor_turn(struct phasor a, struct phasor b)
{
	return (struct phasor){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

#endif

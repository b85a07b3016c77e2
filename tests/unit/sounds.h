/* Sounds whose music is known, for what listens. */
#ifndef WOODSHED_TESTS_UNIT_SOUNDS_H
#define WOODSHED_TESTS_UNIT_SOUNDS_H

#include "tests/unit/phasor.h"

#include <stddef.h>
#include <stdint.h>

enum { SOUNDS_RATE = 48000 };

/* Adds a plucked note: five overtones that fade. */
static inline void sounds_note(
	double *out, size_t frames, double at_s, double length_s, int note, double gain)
{
	const double hz = 440 * exp2((note - 69) / 12.0);
	const size_t first = (size_t)(at_s * SOUNDS_RATE), count = (size_t)(length_s * SOUNDS_RATE);
	const struct phasor step = phasor_at(2 * M_PI * hz / SOUNDS_RATE, 1);
	struct phasor fundamental = {1, 0};
	for (size_t i = 0; i < count && first + i < frames; i++) {
		double t = (double)i / SOUNDS_RATE, sum = 0;
		double ends = fmin(1, fmin(t / 0.004, (length_s - t) / 0.01));
		struct phasor overtone = fundamental;
		for (int k = 1; k <= 5; k++, overtone = phasor_turn(overtone, fundamental))
			sum += overtone.im / (k * k);
		fundamental = phasor_turn(fundamental, step);
		out[first + i] += gain * ends * exp(-1.5 * t) * sum;
	}
}

static inline double sounds_noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (double)(int32_t)*seed * 0x1p-31;
}

/* Adds a drum: noise that fades in a twentieth of a second, and a low thump. */
static inline void sounds_drum(
	double *out, size_t frames, double at_s, double thump, double snap, uint32_t *seed)
{
	const size_t first = (size_t)(at_s * SOUNDS_RATE);
	for (size_t i = 0; i < SOUNDS_RATE / 5 && first + i < frames; i++) {
		double t = (double)i / SOUNDS_RATE;
		out[first + i] += thump * exp(-18 * t) * sin(2 * M_PI * 60 * t) +
				  snap * exp(-60 * t) * sounds_noise(seed);
	}
}

#endif

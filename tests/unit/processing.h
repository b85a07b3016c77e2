/* Running a processor over a signal, for tests. */
#ifndef WOODSHED_TESTS_PROCESSING_H
#define WOODSHED_TESTS_PROCESSING_H

#include "audio/processor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Runs `frames` frames of planar samples in place in blocks of `cut`. */
static inline void run_cut(struct processor *p, double *left, double *right, size_t frames, size_t cut)
{
	for (size_t i = 0; i < frames; i += cut) {
		size_t n = frames - i < cut ? frames - i : cut;
		struct block block = {.channels = right ? 2 : 1, .frames = (uint32_t)n};
		block.channel[0] = left + i;
		block.channel[1] = right ? right + i : NULL;
		processor_process(p, &block);
	}
}

static inline void fill_noise(double *samples, size_t count, unsigned seed)
{
	srand(seed);
	for (size_t i = 0; i < count; i++)
		samples[i] = rand() / (double)RAND_MAX - 0.5;
}

static inline void fill_sine(double *samples, size_t count, double amplitude, double frequency, double rate)
{
	for (size_t i = 0; i < count; i++)
		samples[i] = amplitude * sin(2 * M_PI * frequency / rate * (double)i);
}

#endif

/* Interfaces with a crystal each, for tests: what the clock says at which frame, with a driver's jitter. */
#ifndef WOODSHED_TESTS_UNIT_CRYSTALS_H
#define WOODSHED_TESTS_UNIT_CRYSTALS_H

#include "audio/timebase.h"

#include "tests/unit/harness.h"

#include <math.h>

enum { CRYSTAL_RATE = 48000 };

/* Warming up, the crystal runs ppm + drift_ppm_per_s * t too fast at second t. */
struct crystal {
	double ppm, drift_ppm_per_s;
	double start_s; /* of frame 0 */
};

static inline double crystal_time(const struct crystal *crystal, double frame)
{
	double nominal = frame / CRYSTAL_RATE;
	double t = nominal;
	for (int i = 0; i < (crystal->drift_ppm_per_s != 0 ? 8 : 1); i++)
		t = (nominal - crystal->drift_ppm_per_s * 1e-6 * t * t / 2) / (1 + crystal->ppm * 1e-6);
	return crystal->start_s + t;
}

static inline double crystal_frame(const struct crystal *crystal, double seconds)
{
	double t = seconds - crystal->start_s;
	return CRYSTAL_RATE * (t * (1 + crystal->ppm * 1e-6) + crystal->drift_ppm_per_s * 1e-6 * t * t / 2);
}

struct notes {
	struct clock_point *points;
	size_t count;
};

static inline void note(struct notes *notes, uint32_t stretch, int64_t frame, double seconds)
{
	notes->points = memory_grow(notes->points, notes->count + 1, sizeof(*notes->points));
	notes->points[notes->count++] = (struct clock_point){stretch, frame, (int64_t)llround(seconds * 1e9)};
}

/* -1 to 1, the same on every run. */
static inline double chance(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return (double)(*state >> 8) / (1 << 23) - 1;
}

/* A note a second from second `from` to `to`, each off by up to `jitter_s`. */
static inline void note_every_second(struct notes *notes, const struct crystal *crystal, uint32_t stretch,
	double from, double to, double jitter_s)
{
	uint32_t random = (uint32_t)(from * 7 + crystal->ppm * 13) + 1;
	for (double s = from; s <= to; s++) {
		int64_t frame = llround(s * CRYSTAL_RATE);
		note(notes, stretch, frame,
			crystal_time(crystal, (double)frame) + jitter_s * chance(&random));
	}
}

#endif

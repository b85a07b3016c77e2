/* How a wanted reduction becomes a smooth one: what every dynamics processor has in common, and the chunks
 * that they work in. RT safe. */
#ifndef WOODSHED_AUDIO_BALLISTICS_H
#define WOODSHED_AUDIO_BALLISTICS_H

#include <math.h>
#include <stddef.h>

/* Dynamics processors work chunk by chunk, each stage over the whole chunk: loops of a fixed count are what
 * compilers turn into vectors. */
enum { CHUNK = 64 };

/* -300 dB under every power keeps logarithms and means away from zero and denormals. */
#define FLOOR_POWER 1e-30

/* +120 dB: louder than any sound, and what becomes of infinities and NaN. */
#define MOST_POWER 1e12

/* The share of a value that is left after one frame, where 1/e is left after `time_s`. */
static inline double keep_of(double time_s, double rate)
{
	return time_s > 0 ? exp(-1 / (time_s * rate)) : 0;
}

/* dB taken off a decaying reduction each frame, so that it ends at exactly zero. */
#define DECAY_DB 1e-12

/* Giannoulis, Massberg & Reiss's smooth decoupled peak detector. */
struct ballistics {
	double attack_keep, release_keep;
	double held, reduction; /* dB: after release, after attack as well */
};

/* Both times are to 63 % of the change; a release that is shorter than the attack is as long. */
void ballistics_init(struct ballistics *b, double attack_s, double release_s, double rate);
void ballistics_run(struct ballistics *b, double *values, size_t count);

/* The same of four at a time, for a whole CHUNK of each: to the bit what each gives alone, in little more
 * than the time of one, which spends its time in waiting for its own last value. */
enum { BALLISTICS_TOGETHER = 4 };
void ballistics_run_together(struct ballistics *const b[static BALLISTICS_TOGETHER],
	double *const values[static BALLISTICS_TOGETHER]);

#endif

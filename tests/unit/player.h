/* A player for tests of editing: notes as instruments make them, without a sound file. */
#ifndef WOODSHED_TESTS_PLAYER_H
#define WOODSHED_TESTS_PLAYER_H

#include "tests/unit/phasor.h"

#include <stdlib.h>
#include <string.h>

enum { PLAYER_RATE = 48000 };

static inline double uniform(void)
{
	return rand() / (double)RAND_MAX;
}

/* A plucked or struck instrument: notes of a scale with decaying harmonics and a burst of noise at the start,
 * which differ from note to note as a player's do. */
static inline void play(double *samples, int frames, double lowest_hz, unsigned seed)
{
	static const int scale[] = {0, 3, 5, 7, 10, 12, 15, 17};
	int beats = frames * 4 / PLAYER_RATE;
	srand(seed);
	memset(samples, 0, (size_t)frames * sizeof(*samples));
	for (int beat = 0; beat < beats; beat++) {
		int start = beat * frames / beats + (int)(uniform() * 300);
		double hz = lowest_hz * pow(2, scale[rand() % 8] / 12.0), level = 0.2 + 0.3 * uniform();
		struct phasor now[12], step[12]; /* of each harmonic */
		for (int h = 0; h < 12; h++) {
			now[h] = phasor_at(2 * M_PI * uniform(), 1);
			step[h] = phasor_at(
				2 * M_PI * hz * (h + 1) / PLAYER_RATE, exp(-(4.0 + 3 * h) / PLAYER_RATE));
		}
		for (int i = start; i < frames && i < start + PLAYER_RATE / 2; i++) {
			double t = (double)(i - start) / PLAYER_RATE, sum = 0;
			for (int h = 0; h < 12; h++) {
				sum += now[h].im / (h + 1);
				now[h] = phasor_turn(now[h], step[h]);
			}
			samples[i] += level * (0.3 * sum + exp(-t * 120) * (uniform() - 0.5));
		}
	}
}

#endif

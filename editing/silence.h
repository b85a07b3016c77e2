/* Where nobody plays: the quietest windows of a track, and the spectrum of what is left there. One thread. */
#ifndef WOODSHED_EDITING_SILENCE_H
#define WOODSHED_EDITING_SILENCE_H

#include "audio/spectrum.h"

#include <stdbool.h>
#include <stdint.h>

enum { SILENCE_WINDOWS = 96 }; /* the quietest that are kept */

struct silence {
	size_t bins;
	float *power;			/* SILENCE_WINDOWS × bins */
	double energy[SILENCE_WINDOWS]; /* a max-heap: the loudest of the kept ones first */
	size_t slot[SILENCE_WINDOWS];	/* of `power`, beside each */
	size_t kept;
	double loudest; /* energy of any window */
	double level;	/* mean power of the noise that silence_profile found, as energy */
};

void silence_init(struct silence *silence, size_t bins);
void silence_finish(struct silence *silence); /* a zeroed value is fine */

/* One window's spectrum. Digital silence tells of nothing and is passed over. */
void silence_add(struct silence *silence, const struct spectrum_bin *bins);

/* Fills `profile` with the mean power of each bin where nobody plays. False, and all zero, where there is no
 * such stretch: the quietest windows are not 20 dB below the loudest, differ among each other as music does,
 * or are too few. */
bool silence_profile(struct silence *silence, float *profile);

/* dBFS (RMS) of the profile for windows of `size` samples; -INFINITY where there is none. */
double silence_level_db(const struct silence *silence, double size);

#endif

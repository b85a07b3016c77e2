/* What all tracks of a song come to together: one row of onsets and one of pitches. Owned by the struct; one
 * thread. */
#ifndef WOODSHED_LISTENING_TOGETHER_H
#define WOODSHED_LISTENING_TOGETHER_H

#include "listening/heard.h"

#include <stdbool.h>

/* What a track's role says that it plays; where it says nothing, its sound is asked. */
enum listened_as { LISTENED_UNKNOWN, LISTENED_DRUMS, LISTENED_NOTES };

/* A track as listening knows it. */
struct listened {
	struct heard heard;
	enum listened_as as;
};

struct together {
	double rate;   /* as heard has it */
	size_t frames; /* of the longest track */
	float *onset;  /* of all, each track's by its own measure; mean square 1 where anything began */
	float *kick;   /* what began below, on drums */
	float *snare;  /* what began in the middle, on drums */
	float *hat;    /* what began above that, on drums */
	float *bass;   /* what began below, on the others */
	float *notes;  /* all that began on the others */
	float *power;  /* mean square, all together */
	size_t spectra;
	float *pitch;	/* spectra × HEARD_NOTES: amplitudes of the peaks on the semitones */
	double tuning;	/* semitones above A = 440 Hz, -0.5 to 0.5 */
	double pitched; /* how many tracks count as pitched */
	bool has_drums;
};

/* How much a track counts as pitched, 0 to 1. */
double together_pitched(const struct listened *track);

void together_make(struct together *together, const struct listened *tracks, size_t count);
void together_finish(struct together *together); /* a zeroed value is fine */

#endif

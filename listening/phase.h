/* Whether beats that were found are beats, or the offbeats between them: where a band plays as much on
 * either, harmonies still change with bars, and so on beats. Pure. */
#ifndef WOODSHED_LISTENING_PHASE_H
#define WOODSHED_LISTENING_PHASE_H

#include "listening/evidence.h"
#include "listening/steps.h"

/* What speaks for beats against the moments halfway between them, each from about -1 to 1. */
enum phase_sign {
	PHASE_ONSET,  /* more begins on them */
	PHASE_CHANGE, /* the harmony changes more */
	PHASE_LINE,   /* it does so on every third or fourth of them more than on others */
	PHASE_BEGIN,  /* the song begins on one */
	PHASE_SIGNS,
};

/* How much each sign counts, found on songs (tests/stress/listening-fit). */
extern const double phase_weights[PHASE_SIGNS];

/* `begin`: the frame of what is played first. */
void phase_see(
	double sign[PHASE_SIGNS], const struct steps *beats, const struct evidence *evidence, double begin);

/* Makes each beat, but for the last, the moment halfway to the next one. */
void phase_shift(struct steps *beats);

/* Does so if the signs, weighed, are against the beats. */
void phase_choose(struct steps *beats, const struct evidence *evidence, double begin);

#endif

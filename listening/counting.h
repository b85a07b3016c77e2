/* Ways in which a song's pulse may make its beats and bars, each judged by what happens on and between them.
 * Pure. */
#ifndef WOODSHED_LISTENING_COUNTING_H
#define WOODSHED_LISTENING_COUNTING_H

#include "listening/bars.h"

/* One way: the beat is `ratio` pulses long, the bar `meter` beats, and the beats lie `shift` of a beat behind
 * where bar lines seem to be (what is played ahead of the beat, as in swing, can seem to be one). */
struct counting {
	double ratio, shift;
	int meter;
	struct steps lines; /* frames: where bar lines seem to be */
	double bpm, score;
};

/* The best of all, and the best of those with another tempo, which has no lines (score -INFINITY: there is
 * none). False where no way has eight bars. */
bool counting_find(struct counting *best, struct counting *other, const struct evidence *evidence,
	const struct pulse *pulse, const struct bars_known *known);
void counting_finish(struct counting *grid); /* a zeroed value is fine */

#endif

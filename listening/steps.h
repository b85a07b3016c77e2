/* The best row of steps through a signal: of all rows of frames that are about a period apart the one with
 * the highest sum of the signal, less what its steps cost (D. P. W. Ellis, "Beat tracking by dynamic
 * programming", JNMR 36 (1), 2007). Pure. */
#ifndef WOODSHED_LISTENING_STEPS_H
#define WOODSHED_LISTENING_STEPS_H

#include <stddef.h>

struct steps {
	double *frame; /* ascending */
	size_t count;
};

struct steps_search {
	const float *signal;
	size_t frames;
	/* The period at a frame, in frames, at least 2. */
	double (*period)(const void *data, double frame);
	const void *data;
	double least, most; /* of a step, in periods */
	double tightness;   /* a step costs this times the square of its octaves off the period */
};

void steps_find(struct steps *steps, const struct steps_search *search);
void steps_finish(struct steps *steps); /* a zeroed value is fine */

/* Each becomes the mean of itself and up to `side` on both sides: a band does not jump. */
void steps_straighten(struct steps *steps, size_t side);

/* The median distance, in frames; 0 with fewer than two. */
double steps_period(const struct steps *steps);

#endif

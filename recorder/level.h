/* The level of one channel over whatever was added since it was last cleared. */
#ifndef WOODSHED_RECORDER_LEVEL_H
#define WOODSHED_RECORDER_LEVEL_H

#include "recorder/tape.h"

/* A zeroed value has heard nothing. */
struct level {
	float peak;
	double squares;
	uint64_t clipped; /* samples within 1/32768 of full scale: what a converter of 16 or 24 bits stops at
			   */
};

void level_measure(
	struct level *level, const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames);

/* Moves what `from` heard to `level`. */
void level_take(struct level *level, struct level *from);

/* dBFS; -INFINITY for silence. */
double level_peak_db(const struct level *level);
double level_rms_db(const struct level *level, uint64_t frames);

#endif

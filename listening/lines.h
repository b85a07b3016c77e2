/* Which beats begin bars: of the metres and of the places that the first beat may have, those by which bar
 * lines are where harmonies and basses change and where drums say so. Pure. */
#ifndef WOODSHED_LISTENING_LINES_H
#define WOODSHED_LISTENING_LINES_H

#include "listening/evidence.h"
#include "listening/steps.h"

#include <stdint.h>

enum { METER_LEAST = 3, METER_MOST = 6 };

struct lines {
	uint8_t *place; /* of each beat: its place in the bar, from 0 */
	int meter;	/* beats a bar, METER_LEAST to METER_MOST */
	double margin;	/* by how much the metre is better than the next, in nats a bar */
};

/* `meter` is that which is known, or 0. */
void lines_find(struct lines *lines, const struct steps *beats, const struct evidence *evidence,
	const struct harmony *harmony, int meter);
void lines_finish(struct lines *lines); /* a zeroed value is fine */

#endif

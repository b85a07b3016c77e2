/* The beats of a song and its bar lines, found together: of several relations between the pulse and the beat,
 * metres and divisions of the beat, the one that makes what is heard the likeliest. Pure. */
#ifndef WOODSHED_LISTENING_BARS_H
#define WOODSHED_LISTENING_BARS_H

#include "listening/evidence.h"
#include "listening/lines.h"
#include "listening/pulse.h"
#include "listening/steps.h"

struct bars {
	struct steps beats;  /* frames */
	uint8_t *place;	     /* of each beat: its place in the bar, from 0 */
	int meter;	     /* beats a bar, METER_LEAST to METER_MOST */
	double tempo_sure;   /* how likely the tempo is right, 0 to 1 */
	double beats_sure;   /* how likely it or its double, half, triple or third is */
	double strength;     /* how far beats stand out from what is usual, in standard deviations */
	double meter_margin; /* by how much the metre is better than the next */
};

/* What the session knows already; 0: nothing. */
struct bars_known {
	double tempo_bpm;
	int meter;
};

/* 0, or -ENODATA where there are not eight bars; `bars` is then zeroed. */
int bars_find(struct bars *bars, const struct evidence *evidence, const struct harmony *harmony,
	const struct pulse *pulse, const struct bars_known *known);
void bars_finish(struct bars *bars); /* a zeroed value is fine */

#endif

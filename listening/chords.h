/* The chords of a song, major and minor triads, a bar at a time. Each bar is fitted like a chart is read: tones
 * in the chord for it, tones beside it against, the lowest tone for its root. Pure. */
#ifndef WOODSHED_LISTENING_CHORDS_H
#define WOODSHED_LISTENING_CHORDS_H

#include "listening/bars.h"
#include "listening/harmony.h"

struct chord_span {
	double from_s, to_s;
	int root; /* pitch class from C; -1: no chord */
	bool minor;
	double confidence; /* 0 to 1 */
};

struct chords {
	struct chord_span *bars; /* one a bar */
	size_t count;
};

/* One a bar; what lies before the first bar line is a bar, too. */
void chords_find(struct chords *chords, const struct harmony *harmony, const struct bars *bars);
void chords_finish(struct chords *chords); /* a zeroed value is fine */

#endif

/* The chords of a song, major and minor triads. Each beat is fitted like a chart is read: tones in the chord
 * for it, tones beside it against, the lowest tone for its root. The best way through the beats' chords
 * (A. Sheh, D. P. W. Ellis, ISMIR 2003, have the idea of decoding them as a chain) changes where bars of the
 * harmony begin, which are not always where those of the rhythm do. Pure. */
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
	struct chord_span *bars; /* one a bar: the chord that most of it has */
	size_t count;
	struct chord_span *spans; /* the same in parts where the chord changes within a bar */
	size_t span_count;
};

/* What lies before the first bar line is a bar, too. */
void chords_find(struct chords *chords, const struct harmony *harmony, const struct bars *bars);
void chords_finish(struct chords *chords); /* a zeroed value is fine */

#endif

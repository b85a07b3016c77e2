/* The melody that one voice sings or plays: the best way through the pitches that it may have, as notes.
 * Pure.
 */
#ifndef WOODSHED_LISTENING_MELODY_H
#define WOODSHED_LISTENING_MELODY_H

#include "listening/pitch.h"

struct melody_note {
	double from_s, to_s;
	int note;	   /* MIDI */
	int velocity;	   /* 1 to 127 */
	double confidence; /* 0 to 1 */
};

struct melody {
	struct melody_note *notes;
	size_t count;
	double confidence; /* 0 to 1: how sure the pitch is where there is one */
};

/* `tuning` is what the band is tuned to, in semitones above A = 440 Hz. */
void melody_find(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning);
void melody_finish(struct melody *melody); /* a zeroed value is fine */

#endif

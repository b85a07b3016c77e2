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

/* What says how likely a note is right. */
struct melody_signs {
	double probability; /* natural logarithm of its pitch's */
	double db;	    /* against the voice's usual level; -40 or more */
	double length;	    /* natural logarithm of its seconds */
	double octaves;	    /* from the middle of all notes */
	double company; /* natural logarithm of the part of what sounds that is within two semitones of it */
};

/* Every note that may be there, also one that is not sure enough to be written. */
struct melody_guess {
	struct melody_note note;
	struct melody_signs signs;
};

struct melody {
	struct melody_note *notes;
	size_t count;
	struct melody_guess *guesses;
	size_t guess_count;
	double confidence; /* 0 to 1: how sure the pitch is where there is one */
	/* The likeliest pitch at each moment, MIDI with fractions, A = 440 Hz being 69: pitches[n] is at
	 * from_s + n × step_s. Where nothing is voiced it is that of what was before, as a tone that fades
	 * keeps its own. */
	float *pitches;
	size_t pitch_count;
	double from_s, step_s;
};

/* `tuning` is what the band is tuned to, in semitones above A = 440 Hz. */
void melody_find(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning);
void melody_finish(struct melody *melody); /* a zeroed value is fine */

#endif

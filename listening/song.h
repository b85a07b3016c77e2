/* All that is found of one song, each with how sure it is (0 to 1): at least SONG_SURE, or it is not to be
 * told. Pure; one thread. */
#ifndef WOODSHED_LISTENING_SONG_H
#define WOODSHED_LISTENING_SONG_H

#include "listening/fingerprint.h"
#include "listening/form.h"
#include "listening/key.h"
#include "listening/melody.h"

#define SONG_SURE 0.5

struct song {
	double rate;   /* of the beats' frames */
	double tuning; /* semitones above A = 440 Hz */
	bool rhythmic; /* there are bars; without them there is no tempo, chords or form */
	struct bars bars;
	double tempo_bpm, tempo_confidence, beats_confidence, meter_confidence;
	struct chords chords;
	bool tonal; /* there is a key */
	struct key_found key;
	struct form form;
	struct fingerprint print;
};

/* `known` is what the session states. */
void song_find(
	struct song *song, const struct listened *tracks, size_t track_count, const struct bars_known *known);
void song_finish(struct song *song); /* a zeroed value is fine */

/* Beat `i` in seconds of what was heard. */
double song_beat(const struct song *song, size_t i);

#endif

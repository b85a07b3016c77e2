/* A song as a standard MIDI file (format 1, 480 ticks a beat): the tempo map of its beats with metre, key and
 * section markers; its chords; its melody. Pure. */
#ifndef WOODSHED_LISTENING_MIDI_H
#define WOODSHED_LISTENING_MIDI_H

#include "listening/chords.h"
#include "listening/melody.h"

#include <stdint.h>

struct midi_marker {
	double at_s;
	const char *text;
};

/* What goes in. Counts may be 0. Moments are in seconds, 0 being the file's beginning. */
struct midi_song {
	const char *title; /* NULL: none */
	const double *beats;
	const uint8_t *places; /* of the beats in their bars, from 0 */
	size_t beat_count;
	int meter;
	const struct chord_span *chords;
	size_t chord_count;
	const struct melody_note *notes;
	size_t note_count;
	const struct midi_marker *markers;
	size_t marker_count;
	bool key_known, minor;
	int tonic;
};

/* The file's bytes, the caller's to free; `*size` of them. Without beats the tempo is 120. */
uint8_t *midi_write(const struct midi_song *song, size_t *size);

#endif

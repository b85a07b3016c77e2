/* The key of a song: how well its pitch classes and chords fit the scales. Pure. */
#ifndef WOODSHED_LISTENING_KEY_H
#define WOODSHED_LISTENING_KEY_H

#include "listening/harmony.h"

struct key_found {
	int tonic; /* pitch class from C */
	bool minor;
	double confidence; /* 0 to 1 */
};

struct chord_span; /* listening/chords.h */

/* Of what sounds over the whole song, and its chords (may be none). */
struct key_found key_find(const struct harmony *harmony, const struct chord_span *chords, size_t count);

/* "C#", "Ebm". Static. */
const char *key_name(int tonic, bool minor);

/* Reads "Em", "C# minor", "Bb major", as config/forms.h lets it; false for what is none. */
bool key_parse(const char *text, int *tonic, bool *minor);

#endif

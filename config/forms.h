/* Kinds of text that a session holds: what they must be, for the tables of keys. Any thread. */
#ifndef WOODSHED_CONFIG_FORMS_H
#define WOODSHED_CONFIG_FORMS_H

#include "common/key.h"

extern const struct text_form form_input;	/* xr18/1 */
extern const struct text_form form_meter;	/* 6/8 */
extern const struct text_form form_musical_key; /* Em, F#, C# minor, D dorian */
extern const struct text_form form_chords;	/* Em | C G | % | N.C. */
extern const struct text_form form_word;	/* anything without blanks */

/* How many bars a text that fits form_chords has. */
size_t form_chord_bars(const char *chords);

#endif

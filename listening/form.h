/* The form of a song: where a section begins, and which sections are the same. Bars are compared by who plays
 * which notes when in them and by their harmony; a section begins where a checkerboard on the matrix of
 * likenesses peaks (J. Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000).
 * Pure. */
#ifndef WOODSHED_LISTENING_FORM_H
#define WOODSHED_LISTENING_FORM_H

#include "listening/chords.h"

struct section {
	size_t bar, bars;  /* the first, and how many */
	int letter;	   /* from 0: sections of one letter are alike */
	double confidence; /* 0 to 1, of its beginning; 1 for the first */
	double likeness;   /* 0 to 1, to the first of its letter; 1 for that one */
};

struct form {
	struct section *sections;
	size_t count;
};

/* The sections of the bars of `chords`; one section where there is no other. */
void form_find(struct form *form, const struct listened *tracks, size_t track_count,
	const struct harmony *harmony, const struct chords *chords);
void form_finish(struct form *form); /* a zeroed value is fine */

/* "A" to "Z", then "A1" … into `text`. */
void form_letter(int letter, char text[static 3]);

#endif

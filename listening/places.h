/* What speaks for each place of a metre at each frame of a song: how much likelier what is heard there is at
 * that place than anywhere, as a logarithm (nats); what is heard of drums, bass, other notes and harmony is
 * taken to be independent. The sum over all places that a way of counting gives the frames of a song is how
 * much likelier the song is, counted so, than not counted at all; ways with different tempi compare. Pure. */
#ifndef WOODSHED_LISTENING_PLACES_H
#define WOODSHED_LISTENING_PLACES_H

#include "listening/evidence.h"

enum place {
	PLACE_LINE,	  /* a bar's first beat */
	PLACE_BACK,	  /* the second and the fourth of four */
	PLACE_MIDDLE,	  /* the third of four */
	PLACE_BEAT,	  /* any other beat but the first */
	PLACE_HALF,	  /* between two beats, which have two parts */
	PLACE_NO_QUARTER, /* where such beats have nothing */
	PLACE_FOUR_HALF,  /* between two beats, which have four */
	PLACE_QUARTER,
	PLACE_FIRST_THIRD,
	PLACE_LAST_THIRD,
	PLACES,
};

enum { PLACE_BINS = 5 };

struct places {
	double rate; /* frames a second */
	size_t frames;
	size_t begin, end; /* between which something is played; equal: nothing is */
	float *row[PLACES];
};

void places_make(struct places *places, const struct evidence *evidence);
void places_finish(struct places *places); /* a zeroed value is fine */

/* Which of PLACE_BINS bins a value of evidence is in. */
size_t places_bin(float value);

#endif

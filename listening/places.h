/* What speaks for each place of a metre at each frame of a song: how much likelier what is heard there is at
 * that place than anywhere, as a logarithm (nats); what is heard of drums, bass, other notes and harmony is
 * taken to be independent. The sum over all places that a way of counting gives the frames of a song is how
 * much likelier the song is, counted so, than not counted at all; ways with different tempi compare. Pure. */
#ifndef WOODSHED_LISTENING_PLACES_H
#define WOODSHED_LISTENING_PLACES_H

#include "listening/evidence.h"

#include <stdint.h>

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

/* How much likelier each bin is at each place than anywhere, as a logarithm. */
struct places_table {
	float weight[PLACES][EVIDENCE_KINDS][PLACE_BINS];
};

/* As it was counted on songs (tests/stress/listening-fit). */
extern const struct places_table places_counted;

struct places {
	double rate; /* frames a second */
	size_t frames;
	size_t begin, end; /* between which something is played; equal: nothing is */
	float *row[PLACES];
};

void places_make(struct places *places, const struct evidence *evidence, const struct places_table *table);
void places_finish(struct places *places); /* a zeroed value is fine */

/* Into `bins`, a byte a frame of what a row of evidence has: which of PLACE_BINS bins its value is in,
 * PLACE_BINS while who is heard in it rests. */
void places_bins(uint8_t *bins, const struct evidence *evidence, enum evidence_kind kind);

#endif

/* The best way to count a song in one metre at about a known tempo: a pointer that moves through bars, its
 * tempo changing only on beats (F. Krebs, S. Böck, G. Widmer, "An efficient state-space model for joint tempo
 * and meter tracking", ISMIR 2015). As nothing changes between beats, the search goes from beat to beat
 * instead of from frame to frame; it finds the same. Pure. */
#ifndef WOODSHED_LISTENING_POINTER_H
#define WOODSHED_LISTENING_POINTER_H

#include "listening/lines.h"
#include "listening/places.h"
#include "listening/steps.h"

/* The parts of a beat in which something is played. */
enum division { DIVISION_ONE, DIVISION_TWO, DIVISION_FOUR, DIVISION_SHUFFLE, DIVISION_THREE, DIVISIONS };

struct pointer_search {
	const struct places *places;
	/* From beat to beat at a frame, in frames; the song's own may be POINTER_REACH of it more or less. */
	double (*period)(const void *data, double frame);
	const void *data;
	int meter; /* beats a bar, METER_LEAST to METER_MOST */
	enum division division;
	bool on_first; /* the first beat is what is played first, and tempo changes cost far more */
};

#define POINTER_REACH 0.06

/* How much likelier the song is counted so than not counted (nats); `beats`, which may be NULL, is the way.
 * It begins within a beat of what is played first, and ends within one of what is played last. */
double pointer_find(const struct pointer_search *search, struct steps *beats);

#endif

/* What speaks for one tempo of a song beside its double, its half and others. Pure. */
#ifndef WOODSHED_LISTENING_TEMPO_H
#define WOODSHED_LISTENING_TEMPO_H

#include "listening/evidence.h"
#include "listening/pointer.h"

#include <stdbool.h>

enum { TEMPO_KINDS = EVIDENCE_KINDS - 1, TEMPO_LAGS = 9 };

enum tempo_sign {
	TEMPO_LIKELY, /* the likelihood of counting the song so, as part of the best way's */
	TEMPO_FAST,   /* octaves above a usual tempo */
	TEMPO_USUAL,  /* less the square of those */
	TEMPO_ONE,    /* beats have no parts; otherwise, and if none of the next three, they have two */
	TEMPO_FOUR,   /* they have four */
	TEMPO_SHUFFLE,
	TEMPO_THREE,
	/* How often something begins, for each kind of evidence but EVIDENCE_ONSET, times TEMPO_FAST: who
	 * plays much a second plays it in fast beats. */
	TEMPO_OFTEN,
	/* How much all that begins is like what began some beats before, for each of TEMPO_LAGS numbers of
	 * beats: bars and their halves are like each other (G. Peeters, "Time variable tempo detection and
	 * beat marking", ICMC 2005, tells tempi by such periods). */
	TEMPO_AGAIN = TEMPO_OFTEN + TEMPO_KINDS,
	TEMPO_SIGNS = TEMPO_AGAIN + TEMPO_LAGS,
};

/* How much each sign counts, found on songs (tests/stress/listening-fit). */
extern const double tempo_weights[TEMPO_SIGNS];

/* Of a song, whatever its tempo. */
struct tempo_song {
	const float *onset; /* of the evidence, where something is played */
	size_t frames;
	double mean, power; /* of those; the sum of squares about the mean */
	double often[TEMPO_KINDS];
};

/* `song` points into `evidence`. What is played lies in the frames from `begin` to `end`. */
void tempo_hear(struct tempo_song *song, const struct evidence *evidence, size_t begin, size_t end);

struct tempo_way {
	double bpm;
	double period; /* from beat to beat, in frames */
	double likely; /* TEMPO_LIKELY */
	enum division division;
	bool stated; /* the session says how fast the song is; how fast songs are does not count then */
};

void tempo_see(double sign[TEMPO_SIGNS], const struct tempo_way *way, const struct tempo_song *song);

/* The signs, weighed. */
double tempo_score(const double sign[TEMPO_SIGNS]);

#endif

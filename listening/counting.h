/* Ways in which a song's pulse may make its beats and bars, each judged by how likely it makes the song.
 * Pure. */
#ifndef WOODSHED_LISTENING_COUNTING_H
#define WOODSHED_LISTENING_COUNTING_H

#include "listening/bars.h"
#include "listening/pointer.h"
#include "listening/tempo.h"

/* One way: the beat is `ratio` pulses long, bars have `meter` beats, and beats have that many parts. */
struct counting {
	double ratio, bpm;
	bool steady; /* about one tempo throughout, not the pulse's at each moment */
	int meter;
	enum division division;
	bool on_first;
	double likelihood; /* how much likelier it makes the song, nats */
	double sign[TEMPO_SIGNS];
	double score; /* of the signs, weighed: a logarithm, but for a constant */
};

struct counted {
	struct counting best;
	double sure; /* how likely its tempo is the right one of those tried, 0 to 1 */
	double kin;  /* how likely it or its double, half, triple or third is */
};

enum { COUNTING_RATIOS = 9 };

/* What ways are tried on. */
struct counting_song {
	const struct evidence *evidence;
	const struct places *places;
	const struct pulse *pulse;
	struct bars_known known;
};

/* The best way of each ratio that has one of eight bars, with its signs and its score; returns how many. */
size_t counting_try(struct counting best[COUNTING_RATIOS], const struct counting_song *song);

/* False where no way has eight bars, or nothing speaks for any. */
bool counting_find(struct counted *counted, const struct counting_song *song);

/* The beats of a way. */
void counting_follow(struct steps *beats, const struct counting *way, const struct counting_song *song);

#endif

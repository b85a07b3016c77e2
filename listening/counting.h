/* Ways in which a song's pulse may make its beats and bars, each judged by how likely it makes the song.
 * Pure. */
#ifndef WOODSHED_LISTENING_COUNTING_H
#define WOODSHED_LISTENING_COUNTING_H

#include "listening/bars.h"
#include "listening/pointer.h"

/* One way: the beat is `ratio` pulses long, bars have `meter` beats, and beats have that many parts. */
struct counting {
	double ratio, bpm;
	bool steady; /* about one tempo throughout, not the pulse's at each moment */
	int meter;
	enum division division;
	bool on_first;
	double likelihood; /* how much likelier it makes the song, nats; of the best way's */
	double score;	   /* with what is usual */
};

struct counted {
	struct counting best;
	double margin; /* of its score over that of the best way with another tempo; at most COUNTING_CLEAR */
};

#define COUNTING_CLEAR 9

/* False where no way has eight bars, or nothing speaks for any. */
bool counting_find(struct counted *counted, const struct places *places, const struct pulse *pulse,
	const struct bars_known *known);

/* The beats of a way. */
void counting_follow(struct steps *beats, const struct counting *way, const struct places *places,
	const struct pulse *pulse);

#endif

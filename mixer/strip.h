/* A strip while it runs: of a track, a bus or the master. What comes in goes through its chain; what comes
 * out stays in its own room, from which the strips that it feeds fetch it, each delayed to its own time. */
#ifndef WOODSHED_MIXER_STRIP_H
#define WOODSHED_MIXER_STRIP_H

#include "mixer/automation.h"
#include "mixer/chain.h"
#include "mixer/graph.h"
#include "mixer/mix.h"
#include "mixer/pan.h"
#include "mixer/place.h"

_Static_assert((int)CHAIN_SLOTS == (int)MIX_SLOTS, "a key a slot");

struct strip {
	struct chain chain;
	struct place place;
	uint32_t channels;		/* 1 or 2 */
	bool stands;			/* its place is not that of a track without one */
	double input_gain;		/* before everything else, linear */
	double gain_db;			/* its own fader; part of the next */
	double fader_db;		/* its own gain, its trim and those of its VCA groups */
	double pan;			/* its own, moved by its place */
	struct automation *automations; /* its own and those of its VCA groups, as far as there is any */
	size_t automation_count;
	double *samples[MIX_SLOTS][BLOCK_CHANNELS]; /* of MIX_CHUNK frames */
	struct chain_key key;			    /* a track as it came in; no samples: nobody listens */
	struct way *ways;			    /* the open ones that lead to it, in their order */
	size_t way_count;
	bool waits;	   /* what feeds it has yet to hear the programme: there is nothing to take in */
	uint32_t arrival;  /* frames by which what comes in is late */
	uint64_t first;	   /* frame of the take with which it begins */
	uint64_t position; /* frame of the take that comes in next */
};

/* A way to a strip. */
struct way {
	size_t from;
	double gains[BLOCK_CHANNELS]; /* to the left and to the right, everything that stands still */
	bool pre;		      /* the fader is not on it */
	enum pan_law law;
	const struct graph_edge *edge;
	struct delay delays[BLOCK_CHANNELS];
};

/* What all strips of a mix have in common. */
struct strip_setup {
	const struct mix_setup *mix;
	bool exact;	     /* the mix preset "none" */
	const char *missing; /* the first moment that the take does not have */
};

/* Makes the strip of `node`, without samples and ways. On failure nothing is left to finish. */
int strip_init(struct strip *strip, const struct graph_node *node, struct strip_setup *setup,
	struct error *e) MUST_CHECK;
void strip_finish(struct strip *strip); /* a zeroed value is fine */

/* Room for what it holds; -ENOMEM. strip_listen adds that for a track that keys listen to. */
int strip_make_room(struct strip *strip) MUST_CHECK;
int strip_listen(struct strip *strip) MUST_CHECK;

/* Makes `way` that of `edge`, out of the strip `from`. */
int way_init(struct way *way, const struct graph_edge *edge, const struct strip *from,
	const struct strip_setup *setup) MUST_CHECK;

/* Finds its gains anew, after the fader of `from` was moved. */
void way_level(struct way *way, const struct strip *from);

/* Back to the programme's first frame. */
void strip_reset(struct strip *strip);

/* Runs `frames` frames (at most BLOCK_FRAMES) of a slot from `offset` on through the strip; `strips` are all
 * of the mix. */
void strip_process(
	struct strip *strip, const struct strip *strips, size_t slot, uint32_t offset, uint32_t frames);

/* The same of CHAIN_TOGETHER tracks whose chains are alike (chain_alike). */
void strip_process_together(struct strip *const *strips, size_t slot, uint32_t offset, uint32_t frames);

#endif

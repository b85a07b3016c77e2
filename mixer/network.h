/* A feedback delay network: the late part of a reverberation (J.-M. Jot and A. Chaigne, "Digital delay
 * networks for designing artificial reverberators", 90th AES Convention, 1991). Sixteen lines, mixed
 * losslessly by a Hadamard matrix; each line loses per second what all of them do, per band. Half of the
 * lines move slowly in length, so that no mode rings for long. */
#ifndef WOODSHED_MIXER_NETWORK_H
#define WOODSHED_MIXER_NETWORK_H

#include "audio/block.h"
#include "audio/filter.h"
#include "mixer/line.h"
#include "mixer/moving.h"
#include "mixer/turner.h"

#include <stdbool.h>

enum { NETWORK_LINES = 16, NETWORK_CHUNK = MOVING_CHUNK, NETWORK_FILTERS = 2 };

struct network_design {
	uint32_t rate, channels;
	double shortest_s, longest_s; /* of the lines */
	double decay_s;		      /* to -60 dB, between the two corners */
	double low_ratio, high_ratio; /* of the decay, below and above them */
	double low_hz, high_hz;	      /* half-way between one decay and the other */
	double moving_s;	      /* by how much lines get longer and shorter */
};

struct network_line {
	struct line line;
	double frames, depth_frames; /* depth 0: it stands still */
	struct turner turner, start;
	struct biquad filters[NETWORK_FILTERS];
	struct biquad_memory memories[NETWORK_FILTERS];
};

struct network {
	uint32_t channels;
	double in_gain, out_gain;
	struct moving moving;
	struct network_line lines[NETWORK_LINES];
};

/* `design` is sensible: the shortest line holds NETWORK_CHUNK frames and its depth, corners lie below half
 * the rate. 0 or -ENOMEM, with nothing left to finish. */
int network_init(struct network *network, const struct network_design *design) MUST_CHECK;
void network_finish(struct network *network); /* a zeroed value is fine */
void network_reset(struct network *network);

/* `in` (only read) and `out` are `channels` × NETWORK_CHUNK, of which `count` count. White noise in comes out
 * as loud. */
void network_run(
	struct network *network, double in[][NETWORK_CHUNK], double out[][NETWORK_CHUNK], size_t count);

#endif

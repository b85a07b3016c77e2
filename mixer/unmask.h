/* Spectral place: where a more important track has its own sound, one that covers it there is cut a little.
 * Pure. Cuts only, a bell an octave wide, at most two a track. */
#ifndef WOODSHED_MIXER_UNMASK_H
#define WOODSHED_MIXER_UNMASK_H

#include "mixer/balance.h"

enum { UNMASK_CUTS = 2 };

struct unmask_cut {
	double frequency_hz, gain_db; /* below 0 */
	size_t for_track;	      /* whose sound it makes room for */
};

struct unmask {
	struct unmask_cut cuts[UNMASK_CUTS];
	size_t count;
};

/* Q of the bells: an octave between their half-way points. */
#define UNMASK_Q 1.414

/* Fills in what is cut out of each of `count` tracks, at most `most_db` in a band. Levels are compared as the
 * balance will make them: as far below or above one another as the offsets say, in the windows in which both
 * are played. A band is a track's own where it is within 6 dB of its strongest above 180 Hz; it is covered
 * where the other, less important by 1 LU or more, is no more than 6 dB below. */
void unmask_find(const struct balance_track *tracks, size_t count, size_t windows, double most_db,
	struct unmask *found);

#endif

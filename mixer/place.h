/* One gesture for the three dimensions of a mix: what a track's `place` does to it. Pure. */
#ifndef WOODSHED_MIXER_PLACE_H
#define WOODSHED_MIXER_PLACE_H

#include "audio/block.h"
#include "audio/filter.h"
#include "config/routing.h"

/* What a place comes to, for doing it and for reporting it. */
struct place_figures {
	double pan;	/* the track's, moved by the width; -100 to 100 */
	double side;	/* share of the side signal that a stereo track keeps */
	double gain_db; /* of the direct sound; the sends keep their level, as a room's reverberation does */
	double treble_db; /* a high shelf, for the air in between and for what sits low */
	double bass_db;	  /* a low shelf, for what sits high */
	double delay_s;	  /* of the direct sound, behind what is sent */
};

enum { PLACE_SECTIONS = 3 + 2 }; /* those of the gesture, and cuts */

struct place {
	struct place_figures figures;
	size_t section_count;
	struct biquad sections[PLACE_SECTIONS];
	struct biquad_memory memories[BLOCK_CHANNELS][PLACE_SECTIONS];
};

/* `pan` is the track's own. A place of zeros leaves every sample as it is. */
void place_init(struct place *place, const struct place_config *config, double pan, uint32_t rate);

/* One bell more, at most two. */
void place_cut(struct place *place, double frequency_hz, double q, double gain_db, uint32_t rate);

/* Shelves, cuts and width, in place; gain, pan and delay are the caller's to do. */
void place_process(struct place *place, struct block *block);

#endif

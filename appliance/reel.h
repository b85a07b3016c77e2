/* A raw track of a take as full-scale samples on that take's timeline, from its first frame to its last. One
 * thread at a time; blocks on the disk. */
#ifndef WOODSHED_APPLIANCE_REEL_H
#define WOODSHED_APPLIANCE_REEL_H

#include "audio/resample.h"
#include "takes/raw.h"

/* Stays where it is while it is open. */
struct reel {
	struct raw_reader *reader;
	struct resample *resample; /* onto the take's timeline; NULL: it is there already */
	double scale;		   /* of an integer sample to full scale 1.0 */
	uint32_t channels;
};

/* `warp` (NULL: none) is used until the end, as is `track`; `folder` is the take's. On failure it is still to
 * be closed. */
int reel_open(struct reel *reel, const struct take_track *track, const struct warp *warp, const char *folder,
	struct error *e) MUST_CHECK;
void reel_close(struct reel *reel); /* a zeroed value is fine */

/* Fills the channels with the next `frames` frames; silence where no file has any. */
int reel_read(struct reel *reel, double *const *channels, uint32_t frames, struct error *e) MUST_CHECK;

/* Passes over the next `frames` frames. */
int reel_skip(struct reel *reel, uint64_t frames, struct error *e) MUST_CHECK;

#endif

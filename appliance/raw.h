/* A raw track of a take, read from its first frame to its last on that take's timeline. One thread at a time;
 * blocks on the disk. */
#ifndef WOODSHED_APPLIANCE_RAW_H
#define WOODSHED_APPLIANCE_RAW_H

#include "audio/flac.h"
#include "audio/resample.h"
#include "takes/manifest.h"

/* Stays where it is while it is open. */
struct raw {
	struct flac_reader *reader;
	struct resample *resample; /* onto the take's timeline; NULL: it is there already */
	double scale;		   /* of an integer sample to full scale 1.0 */
	uint32_t channels;
};

/* `warp` (NULL: none) is used until the end, `folder` is the take's. On failure it is still to be closed. */
int raw_open(struct raw *raw, const struct take_track *track, const struct warp *warp, const char *folder,
	struct error *e) MUST_CHECK;
void raw_close(struct raw *raw); /* a zeroed value is fine */

/* Fills the channels with the next `frames` frames; silence past the end of the file. */
int raw_read(struct raw *raw, double *const *channels, uint32_t frames, struct error *e) MUST_CHECK;

/* Passes over the first `frames` frames, before anything is read. */
int raw_skip(struct raw *raw, uint64_t frames, struct error *e) MUST_CHECK;

#endif

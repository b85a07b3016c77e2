/* Which interfaces' tracks are moved onto the take's timeline, and how: from the take's clock logs. The
 * timeline is that of the first interface that has a log. Blocks on the disk. */
#ifndef WOODSHED_APPLIANCE_ALIGNMENT_H
#define WOODSHED_APPLIANCE_ALIGNMENT_H

#include "audio/warp.h"
#include "takes/manifest.h"

struct aligned_interface {
	const char *name;     /* the manifest's */
	struct warp warp;     /* none: used as it is */
	double corrected_ppm; /* on average; NAN: without a clock log nobody knows */
};

struct alignment {
	struct aligned_interface *interfaces; /* the manifest's, same order */
	size_t count;
};

/* `take` is used until the end. A log that cannot be read, or that no crystal wrote, is told in the log and
 * leaves its interface as it is: a take is not lost over it. */
void alignment_load(struct alignment *alignment, const struct manifest *take, const char *folder);
void alignment_finish(struct alignment *alignment); /* a zeroed value is fine */

/* NULL: the track is used sample for sample. */
const struct warp *alignment_of(const struct alignment *alignment, const struct take_track *track);

#endif

/* Moments of a take: its markers as the mixer wants them, and from where to where a render goes. */
#ifndef WOODSHED_APPLIANCE_MOMENTS_H
#define WOODSHED_APPLIANCE_MOMENTS_H

#include "config/edit.h"
#include "mixer/automation.h"
#include "takes/manifest.h"

/* The labels stay the markers'; the list is moments_finish's to free. */
struct mix_markers moments_of(const struct take_marker *markers, size_t count);
void moments_finish(struct mix_markers *markers); /* a zeroed value is fine */

/* A part of a take. */
struct extent {
	uint64_t first, frames;	    /* of the take */
	uint64_t fade_in, fade_out; /* frames */
};

/* All of `take`, or, trimmed to its songs, from `lead_in` before the first of its song markers to `lead_out`
 * after the last, with the fades that `edit` asks for. A take without song markers stays whole. */
struct extent extent_of(const struct manifest *take, const struct edit_config *edit);

/* `frames` from the first on, with the same fades. */
struct extent extent_whole(uint64_t frames, uint32_t rate, const struct edit_config *edit);

/* The gain at frame `frame` (from 0) of the extent: a raised cosine at each end. */
double extent_gain(const struct extent *extent, uint64_t frame);

#endif

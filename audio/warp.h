/* Where on an interface's own timeline each frame of the take's timeline was played. Pure. */
#ifndef WOODSHED_AUDIO_WARP_H
#define WOODSHED_AUDIO_WARP_H

#include "audio/timebase.h"

#include <stdbool.h>

/* Frame n of the take was played when the interface was at frame n + shift(n). The shift is a line between
 * corners, and goes on as a line beyond the outermost. It never runs backwards or away: its slope is above
 * -1, in a crystal's stretch a few parts in ten thousand. */
struct warp_corner {
	double frame, shift;
};

struct warp {
	struct warp_corner *corners; /* by frame; at least two */
	size_t count;
};

/* From the time base of the take's timeline and that of the interface, over frames 0 to `frames`. */
struct warp warp_between(
	const struct timebase *take, const struct timebase *interface, uint32_t rate, uint64_t frames);
void warp_finish(struct warp *warp); /* a zeroed value is fine */

double warp_shift(const struct warp *warp, double frame);

/* The interface keeps step with the take's timeline and is where it belongs, to the frame: nothing to be
 * gained from moving it. */
bool warp_is_idle(const struct warp *warp);

/* How much faster than the take's timeline the interface runs, on average. */
double warp_ppm(const struct warp *warp, uint64_t frames);

#endif

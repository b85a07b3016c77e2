/* What a fader does while the take runs: gain in dB along straight lines between points, and mutes, to the
 * sample. Pure. */
#ifndef WOODSHED_MIXER_AUTOMATION_H
#define WOODSHED_MIXER_AUTOMATION_H

#include "common/error.h"
#include "config/routing.h"

#include <stdint.h>

/* A moment that a session may name. */
struct mix_marker {
	const char *label;
	uint64_t frame;
};

struct mix_markers {
	const struct mix_marker *items; /* in the take's order */
	size_t count;
};

/* A value from `frame` on a straight line to the next corner; before the first and after the last it stays.
 */
struct automation_corner {
	double frame, value;
};

struct automation_line {
	struct automation_corner *corners; /* none: nothing is ever changed */
	size_t count;
};

struct automation {
	struct automation_line gain; /* dB */
	struct automation_line mute; /* a factor, 0 to 1 */
};

/* The frame of a moment ("1:23.5", "chorus", "chorus#2"); -ENOENT where no such marker is. */
int automation_moment(
	const char *text, uint32_t rate, const struct mix_markers *markers, double *frame) MUST_CHECK;

/* Points may come in any order. Two that are nearer than 5 ms, or at one moment, are 5 ms apart, and a mute
 * takes 5 ms from its beginning to be silent and from its end to be there: no clicks. A point or mute at a
 * marker that the take does not have is left out; the first such moment is what is returned, else NULL. */
const char *automation_init(struct automation *automation, const struct automation_config *config,
	uint32_t rate, const struct mix_markers *markers);
void automation_finish(struct automation *automation); /* a zeroed value is fine */

/* Adds the line's values at `frames` frames from `first` on to `values` (automation_add), or multiplies
 * (automation_scale); without corners nothing is done. */
void automation_add(const struct automation_line *line, double first, double *values, uint32_t frames);
void automation_scale(const struct automation_line *line, double first, double *values, uint32_t frames);

#endif

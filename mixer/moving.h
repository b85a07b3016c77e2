/* Reading a line at a place that moves, also between two samples: the polynomial through the eight around it
 * (T. I. Laakso, V. Välimäki, M. Karjalainen and U. K. Laine, "Splitting the unit delay", IEEE Signal
 * Processing Magazine 13 (1), 1996). Its gain is never above 1, so that it may stand in a loop; below a
 * quarter of the rate it is within 0.15 dB of 1. */
#ifndef WOODSHED_MIXER_MOVING_H
#define WOODSHED_MIXER_MOVING_H

#include "mixer/line.h"

enum { MOVING_TAPS = 8, MOVING_PHASES = 128, MOVING_CHUNK = 64, MOVING_AROUND = MOVING_TAPS / 2 };

struct moving {
	double tap[MOVING_PHASES + 1][MOVING_TAPS];
};

void moving_init(struct moving *moving);

/* out[i] is what came delays[i] frames before sample i of a chunk of `count`, up to MOVING_CHUNK, of which
 * `ahead` samples (0 or all) are in the line already. `delays` change by less than a frame a frame and are at
 * least MOVING_AROUND, and `count` more where the chunk is not in the line. */
void moving_read(const struct moving *moving, const struct line *line, const double *delays, size_t ahead,
	double *out, size_t count);

#endif

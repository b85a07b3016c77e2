/* From an analogue prototype of first or second order to the one digital section whose magnitude comes
 * closest to it over the whole audible band, where the bilinear transform alone would squeeze everything
 * below half the rate. */
#ifndef WOODSHED_AUDIO_MATCH_H
#define WOODSHED_AUDIO_MATCH_H

#include "audio/filter.h"

/* H(s) = (n0 + n1 s + n2 s^2) / (d0 + d1 s + d2 s^2), with s = j at the corner. First order: n2 = d2 = 0. */
struct prototype {
	double n[3], d[3];
};

/* `corner` is in radians a sample, 0 to pi exclusive. Stable always; minimum phase where the prototype is. */
struct biquad match_prototype(const struct prototype *prototype, double corner);

#endif

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

/* Sections already made, with the prototypes that they stand for. */
struct match_others {
	const struct prototype *prototypes;
	const struct biquad *sections;
	size_t count;
};

/* The same for one more section of a cascade at one corner: it also makes up for what those others it are off
 * by, so that errors do not add up along the cascade. */
struct biquad match_among(
	const struct prototype *prototype, double corner, const struct match_others *others);

#endif

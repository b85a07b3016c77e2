/* Middle and side (A. D. Blumlein, British patent 394325, 1931): how wide a stereo signal is. The bass is
 * brought to the middle by a Linkwitz-Riley high-pass on the side; the middle goes through the all-pass that
 * such a crossover's sum is, so that both stay in phase at every frequency (audio/crossover.h). */
#ifndef WOODSHED_AUDIO_MIDSIDE_H
#define WOODSHED_AUDIO_MIDSIDE_H

#include "audio/crossover.h"
#include "common/error.h"

#include <stdbool.h>

enum { MIDSIDE_SECTIONS = 2 };

struct midside {
	double side_gain;
	bool mono_below;
	struct crossover_split split; /* its upper side and its all-pass are used */
	struct biquad_memory middle, side[MIDSIDE_SECTIONS];
};

/* `side_gain` 0 is mono, 1 as it is; below `mono_below_hz` (NAN: nowhere) both sides become the same. 0, or
 * -EINVAL where that is not below a quarter of the rate. Nothing to finish. */
int midside_init(struct midside *midside, double side_gain, double mono_below_hz, uint32_t rate,
	struct error *e) MUST_CHECK;

/* In place. Bit-identical however the signal is cut. What is no number becomes silence. RT safe. */
void midside_run(struct midside *midside, double *left, double *right, size_t count);
void midside_reset(struct midside *midside);

#endif

/* Tonal balance: a gentle equaliser that moves a programme's long-term spectrum toward a target, an octave at
 * a time. Only the shape of the target counts. What a programme does not have (more than 50 dB below its
 * loudest third octave) is left alone. */
#ifndef WOODSHED_MASTERING_TONE_H
#define WOODSHED_MASTERING_TONE_H

#include "audio/filter.h"
#include "audio/longterm.h"
#include "config/mastering.h"

enum { TONE_BANDS = 8 }; /* octaves from 80 Hz to 10 kHz; shelves at both ends */

struct tone {
	size_t count; /* of sections; 0: nothing to do */
	struct biquad sections[TONE_BANDS];
	double hz[TONE_BANDS], wanted_db[TONE_BANDS]; /* in each band, within the most allowed */
};

/* The third octaves' levels in dB that a curve stands for, against each other. */
void tone_curve(const struct master_curve *curve, double thirds_db[LONGTERM_THIRDS]);

/* From powers `thirds` toward `target_db`: smoothed on a log axis over about an octave, the mean from 100 Hz
 * to 8 kHz left as it is, nothing moved by more than `most_db`, be it in a band or between two. */
void tone_design(struct tone *tone, const double thirds[LONGTERM_THIRDS],
	const double target_db[LONGTERM_THIRDS], double most_db, uint32_t rate);

/* What it does to a level at `hz`, in dB. */
double tone_gain_db(const struct tone *tone, double hz, uint32_t rate);

#endif

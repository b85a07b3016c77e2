/* What a programme's loudness would be behind a gain and the limiter, without running them: K-weighted
 * energies and peaks of sixteenths of 10 ms, kept from one pass, on which the limiter's gain is worked out as
 * if each were one frame. Good to some hundredths of a LU, in milliseconds; what it is off by is found out by
 * measuring. */
#ifndef WOODSHED_MASTERING_MODEL_H
#define WOODSHED_MASTERING_MODEL_H

#include "audio/meter.h"

struct model;

struct model_limiter {
	double ceiling; /* linear; INFINITY: there is none */
	double lookahead_s, release_s;
	double clip_peak, clip_db; /* of the soft clip before the gain; 0 dB: none */
};

struct model_reading {
	double integrated_lufs, max_short_term_lufs;
};

/* For `frames` frames of stereo. `titles`, where not NULL, are the first frames of `title_count` titles, the
 * first at 0: the integrated loudness is then that of the loudest. NULL when out of memory. 12 bytes every
 * 0.6 ms. */
struct model *model_create(uint32_t rate, uint64_t frames, const uint64_t *titles, size_t title_count);
void model_destroy(struct model *model); /* NULL is fine */

/* As r128_set_weighted wants it; `data` is the model. */
void model_add_weighted(void *data, uint32_t channel, const double *samples, uint32_t frames);

/* The samples of a channel, whose peaks are seen to a few tenths of a dB. One thread a channel. */
void model_add_peaks(struct model *model, uint32_t channel, const double *samples, uint32_t frames);

/* 0 or -ENOMEM. */
int model_run(const struct model *model, double gain, const struct model_limiter *limiter,
	struct model_reading *reading) MUST_CHECK;

#endif

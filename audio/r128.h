/* Programme loudness: ITU-R BS.1770-5 (K-weighting, gating), EBU Tech 3341 (momentary, short-term) and 3342
 * (loudness range). The arithmetic is that of libebur128, in a fraction of its time: all windows are whole
 * numbers of steps of 10 ms, so each sample is squared and added once. */
#ifndef WOODSHED_AUDIO_R128_H
#define WOODSHED_AUDIO_R128_H

#include "audio/block.h"
#include "audio/filter.h"
#include "common/error.h"

#include <stddef.h>

struct r128;

/* Every figure in LUFS is -INFINITY where there was nothing loud enough, or not for long enough. */
struct r128_reading {
	double integrated_lufs;
	double max_momentary_lufs, max_short_term_lufs; /* of windows that end every 10 ms */
	double range_lu;				/* 0 where undefined */
};

enum { R128_CHANNELS = 8, R128_POLLS_A_SECOND = 100 };

/* `rate` is 8 to 384 kHz, `channels` 1 to R128_CHANNELS. NULL when out of memory. */
struct r128 *r128_create(uint32_t rate, uint32_t channels);
void r128_destroy(struct r128 *r128); /* NULL is fine */

/* What a channel's power counts for in the sum: 1 as created; BS.1770-5, table 4, has 1.41 for the surrounds
 * and 0 for the LFE. */
void r128_set_weight(struct r128 *r128, uint32_t channel, double weight);

/* Called after every 10 ms with what a live meter would show then; -INFINITY while a window is not full. */
typedef void (*r128_poll_fn)(void *data, double momentary_lufs, double short_term_lufs);
void r128_set_poll(struct r128 *r128, r128_poll_fn poll, void *data);

/* Called with each channel's K-weighted samples of 10 ms, when they are full. */
typedef void (*r128_weighted_fn)(void *data, uint32_t channel, const double *samples, uint32_t frames);
void r128_set_weighted(struct r128 *r128, r128_weighted_fn weighted, void *data);

/* Eight bytes are kept for every 100 ms. 0 or -ENOMEM. */
int r128_add(struct r128 *r128, const struct block *block) MUST_CHECK;
/* The same of any number of channels: `channels` is planar, as many as it was created with. */
int r128_add_planar(struct r128 *r128, const double *const *channels, uint32_t frames) MUST_CHECK;
/* Instead of samples: the weighted sum of all channels' mean squares over the next 10 ms. 0 or -ENOMEM. */
int r128_add_step(struct r128 *r128, double energy) MUST_CHECK;
void r128_read(const struct r128 *r128, struct r128_reading *reading);

/* The K-weighting for `rate`, to be run as a cascade. */
void r128_weighting(struct biquad weighting[static 2], double rate);

/* The K-weighted energies of the gating blocks so far: `count` of 400 ms, one every 100 ms. Valid until the
 * next r128_add. */
const double *r128_blocks(const struct r128 *r128, size_t *count);

/* Of a K-weighted mean square (BS.1770-5, annex 1, equation 2). */
double r128_from_energy(double energy);

#endif

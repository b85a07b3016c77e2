/* Short-time processing of one channel: windows of root-Hann shape, four deep, through an FFT, the caller's
 * hands, and back (weighted overlap-add). Where the caller changes nothing, what comes out is what went in,
 * to 32-bit float's precision, `size` frames later. One thread. */
#ifndef WOODSHED_AUDIO_OVERLAP_H
#define WOODSHED_AUDIO_OVERLAP_H

#include "audio/spectrum.h"

#include <stdint.h>

enum { OVERLAP_DEPTH = 4 }; /* windows that cover each sample; the hop is size / OVERLAP_DEPTH */

struct overlap;

/* Changes the `count` bins of one window in place. */
typedef void (*overlap_fn)(void *data, struct spectrum_bin *bins, size_t count);

/* `size` is a multiple of 2 × OVERLAP_DEPTH. -EINVAL or -ENOMEM. */
int overlap_create(
	struct overlap **overlap, size_t size, overlap_fn fn, void *data, struct error *e) MUST_CHECK;
void overlap_destroy(struct overlap *overlap); /* NULL is fine */

uint32_t overlap_latency(const struct overlap *overlap); /* frames: `size` */

/* Any number of samples, in place; however they are cut, the result is the same. */
void overlap_run(struct overlap *overlap, double *samples, size_t count);

/* The same without anything coming out: `fn` sees every window, for analysis. */
void overlap_look(struct overlap *overlap, const double *samples, size_t count);

void overlap_reset(struct overlap *overlap); /* silence */

#endif

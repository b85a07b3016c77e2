/* Listens to one track: mono samples in, struct heard out. Onsets by spectral flux with a maximum filter
 * (S. Böck, G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013); pitches by the
 * peaks of longer spectra. Pure; one thread an ear. */
#ifndef WOODSHED_LISTENING_EAR_H
#define WOODSHED_LISTENING_EAR_H

#include "common/error.h"
#include "listening/heard.h"

struct ear;

/* `rate` is 8 to 384 kHz. What is heard is first brought by `gain` to about -20 dBFS where it plays. -EINVAL
 * or -ENOMEM. */
int ear_create(struct ear **ear, uint32_t rate, double gain, struct error *e) MUST_CHECK;
void ear_destroy(struct ear *ear); /* NULL is fine */

/* The next samples, as many as there are. */
void ear_add(struct ear *ear, const double *samples, size_t count);

/* What was heard, as far as it came; `heard` is the caller's to finish. Nothing may be added after it. */
void ear_end(struct ear *ear, struct heard *heard);

#endif

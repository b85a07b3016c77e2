/* How two microphones hear one source: their averaged spectra, and from those the delay between them. Pure;
 * one thread. */
#ifndef WOODSHED_EDITING_CORRELATION_H
#define WOODSHED_EDITING_CORRELATION_H

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct correlation;

/* For delays of up to `within` frames either way at `rate` Hz. -EINVAL or -ENOMEM. */
int correlation_create(
	struct correlation **correlation, uint32_t rate, uint32_t within, struct error *e) MUST_CHECK;
void correlation_destroy(struct correlation *correlation); /* NULL is fine */

/* The next `frames` of both, mono. */
void correlation_add(
	struct correlation *correlation, const double *reference, const double *other, uint32_t frames);

struct correlation_peak {
	int32_t delay;	     /* frames by which `other` comes later than the reference */
	bool turned;	     /* and with the opposite polarity */
	double decisiveness; /* of the peak, over the largest one elsewhere; 1: none stands out */
	double coherence;    /* 0 to 1: how much of both is the same source, over the band */
	double sum_gain_db;  /* of both together, at equal loudness, by undoing delay and polarity */
};

/* Of what was added so far; all zero where that is too little to tell (under half a second of both playing).
 * With `keeps_polarity` only peaks of the same polarity count. */
void correlation_find(struct correlation *correlation, bool keeps_polarity, struct correlation_peak *peak);

#endif

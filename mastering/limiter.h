/* True-peak limiter with look-ahead. Detection at 16 times the rate (audio/oversample.h), its
 * delay compensated; a sliding minimum of the wanted gain over the look-ahead, then a smoothing of the same
 * length, so that the gain has reached its value when the peak comes and can never overshoot it. Two release
 * stages: fast for transients, slow for sustained low frequencies, so bass does not pump. */
#ifndef WOODSHED_MASTERING_LIMITER_H
#define WOODSHED_MASTERING_LIMITER_H

#include "audio/processor.h"

struct limiter_settings {
	double ceiling_db;  /* dBTP */
	double lookahead_s; /* 5 to 20 ms */
	double release_s;   /* to 63 % of the recovery, of the slow stage */
};

extern const struct processor_type limiter_type;

/* The most gain reduction so far in dB (0 or more) of a limiter that processor_create made. */
double limiter_most_reduction_db(const struct processor *limiter);

#endif

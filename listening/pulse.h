/* The pulse of a song: how fast it goes at each moment, a beat being possibly a half, a third or a double of
 * it. By the autocorrelation of onsets over eight seconds at a time, and the best way through those (P.
 * Grosche, M. Müller, "Extracting predominant local pulse information", IEEE TASLP 19 (6), 2011, have more of
 * tempograms). Pure. */
#ifndef WOODSHED_LISTENING_PULSE_H
#define WOODSHED_LISTENING_PULSE_H

#include "listening/together.h"

struct pulse {
	double rate;	  /* frames a second */
	size_t windows;	  /* one a second */
	double *period;	  /* frames from beat to beat, of each window */
	double clearness; /* 0 to 1: how much of the onsets' power repeats with it */
};

/* 0, or -ENODATA for what is too short or has no onsets; `pulse` is then zeroed. */
int pulse_find(struct pulse *pulse, const struct together *together);
void pulse_finish(struct pulse *pulse); /* a zeroed value is fine */

/* In frames, at a frame. */
double pulse_period(const struct pulse *pulse, double frame);

#endif

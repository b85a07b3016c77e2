/* What may go into a loop. A sample that is no number would stay in a recursion for ever; one of more than
 * 120 dB over full scale is no sound. */
#ifndef WOODSHED_AUDIO_FINITE_H
#define WOODSHED_AUDIO_FINITE_H

#include <math.h>

/* `x`, or 0 for what is not a number, infinite or beyond ±1e6. */
static inline double finite_sample(double x)
{
	return fabs(x) < 1e6 ? x : 0;
}

/* `x`, or 0 where it is 600 dB below full scale: long before a denormal. */
static inline double finite_flushed(double x)
{
	return fabs(x) > 1e-30 ? x : 0;
}

#endif

/* Interpolation filters: sinc under a Kaiser window (J. F. Kaiser, "Nonrecursive digital filter design using
 * the I0-sinh window function", 1974). Pure. */
#ifndef WOODSHED_AUDIO_SINC_H
#define WOODSHED_AUDIO_SINC_H

#include <stddef.h>

/* Fills `taps` (an even `count` of them) with the filter whose sum over samples 0 … count − 1 is the value
 * `fraction` (0 to 1) of a sample behind sample count / 2 − 1. `beta` is the window's shape; the gain at DC
 * is 1. */
void sinc_design(double *taps, size_t count, double fraction, double beta);

/* Fills `taps` (an odd `count` of them) with the lowpass that is 6 dB down at `cutoff` of the rate (0 to
 * 0.5); the gain at DC is 1. */
void sinc_lowpass(double *taps, size_t count, double cutoff, double beta);

#endif

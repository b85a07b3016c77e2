/* Sound as an autoregressive process, and samples filled in so that they fit it. Pure; any thread.
 *
 * Model: the autocorrelation method with Levinson's recursion. Interpolation: A. J. E. M. Janssen, R. N. J.
 * Veldhuis and L. B. Vries, "Adaptive interpolation of discrete-time signals that can be modeled as
 * autoregressive processes", IEEE Trans. ASSP 34 (2), 1986: the unknown samples are those that make the
 * prediction error smallest (least squares, one linear system). */
#ifndef WOODSHED_EDITING_AUTOREGRESSION_H
#define WOODSHED_EDITING_AUTOREGRESSION_H

#include <stdbool.h>
#include <stddef.h>

enum { AR_ORDER = 32, AR_GAP_MOST = 128 };

/* error[n] = sum over i of a[i] x[n - i], a[0] = 1. */
struct autoregression {
	double a[AR_ORDER + 1];
};

/* Fits a model to `count` samples (Hann windowed; several times AR_ORDER). Silence gives no prediction: a[0]
 * alone. */
void autoregression_fit(struct autoregression *model, const double *samples, size_t count);

/* The prediction error of each sample from the AR_ORDER ones before it (forward) and after it (backward);
 * samples[-AR_ORDER] to samples[count + AR_ORDER - 1] are read. */
void autoregression_errors(const struct autoregression *model, const double *samples, size_t count,
	double *forward, double *backward);

/* Replaces samples[i] wherever unknown[i], of `count` of which the first and last AR_ORDER are known. At most
 * AR_GAP_MOST may be unknown; false, and nothing is changed, for more, or where they cannot be told. */
bool autoregression_fill(
	const struct autoregression *model, double *samples, const bool *unknown, size_t count);

#endif

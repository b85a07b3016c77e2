#include "audio/sinc.h"

#include <math.h>

static double bessel_i0(double x)
{
	double sum = 1, term = 1;
	for (int k = 1; term > sum * 1e-17; k++) {
		term *= x * x / (4.0 * k * k);
		sum += term;
	}
	return sum;
}

static double windowed_sinc(double t, double reach, double beta)
{
	double edge = t / reach;
	/* On the grid itself the neighbours count for nothing, exactly, whatever rounding left of t. */
	if (fabs(t) < 1e-9)
		return 1;
	if (fabs(t - rint(t)) < 1e-9 || fabs(edge) >= 1)
		return 0;
	double window = bessel_i0(beta * sqrt(1 - edge * edge)) / bessel_i0(beta);
	return window * sin(M_PI * t) / (M_PI * t);
}

void sinc_design(double *taps, size_t count, double fraction, double beta)
{
	double reach = (double)count / 2, sum = 0;
	for (size_t k = 0; k < count; k++) {
		taps[k] = windowed_sinc((double)k - (reach - 1) - fraction, reach, beta);
		sum += taps[k];
	}
	for (size_t k = 0; k < count; k++)
		taps[k] /= sum;
}

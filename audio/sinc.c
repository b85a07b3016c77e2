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

/* Kaiser's window, `edge` being -1 and 1 at its ends. */
static double kaiser(double edge, double beta)
{
	return bessel_i0(beta * sqrt(1 - edge * edge)) / bessel_i0(beta);
}

static double windowed_sinc(double t, double reach, double beta)
{
	double edge = t / reach;
	/* On the grid itself the neighbours count for nothing, exactly, whatever rounding left of t. */
	if (fabs(t) < 1e-9)
		return 1;
	if (fabs(t - rint(t)) < 1e-9 || fabs(edge) >= 1)
		return 0;
	return kaiser(edge, beta) * sin(M_PI * t) / (M_PI * t);
}

static void normalise(double *taps, size_t count)
{
	double sum = 0;
	for (size_t k = 0; k < count; k++)
		sum += taps[k];
	for (size_t k = 0; k < count; k++)
		taps[k] /= sum;
}

void sinc_design(double *taps, size_t count, double fraction, double beta)
{
	double reach = (double)count / 2;
	for (size_t k = 0; k < count; k++)
		taps[k] = windowed_sinc((double)k - (reach - 1) - fraction, reach, beta);
	normalise(taps, count);
}

void sinc_lowpass(double *taps, size_t count, double cutoff, double beta)
{
	const size_t half = count / 2;
	const double middle = (double)half;
	for (size_t k = 0; k < count; k++) {
		double t = (double)k - middle, x = 2 * M_PI * cutoff * t;
		taps[k] = kaiser(t / middle, beta) * (t == 0 ? 1 : sin(x) / x);
	}
	normalise(taps, count);
}

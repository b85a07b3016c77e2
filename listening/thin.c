#include "listening/thin.h"

#include "audio/sinc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ZERO_CROSSINGS = 9, FACTOR_MOST = 32, TAPS_MOST = 2 * ZERO_CROSSINGS * FACTOR_MOST + 1 };

static const double wanted_hz = 12000, kaiser_beta = 6.8;

struct thin {
	size_t factor, taps, held, skip;
	double rate;
	double filter[TAPS_MOST];
	double heard[TAPS_MOST + THIN_CHUNK]; /* the newest `held` samples */
};

struct thin *thin_create(uint32_t rate)
{
	if (rate < 8000 || rate > 384000)
		return NULL;
	struct thin *thin = calloc(1, sizeof(*thin));
	if (!thin)
		return NULL;
	thin->factor = (size_t)fmax(1, round(rate / wanted_hz));
	thin->rate = (double)rate / (double)thin->factor;
	thin->taps = thin->factor > 1 ? 2 * ZERO_CROSSINGS * thin->factor + 1 : 1;
	thin->filter[0] = 1;
	if (thin->factor > 1)
		sinc_lowpass(thin->filter, thin->taps, 0.45 / (double)thin->factor, kaiser_beta);
	thin->held = thin->taps / 2;
	return thin;
}

void thin_destroy(struct thin *thin)
{
	free(thin);
}

double thin_rate(const struct thin *thin)
{
	return thin->rate;
}

size_t thin_ahead(const struct thin *thin)
{
	return thin->taps / 2;
}

/* The filter is symmetric: a tap meets two samples. */
static double filtered(const struct thin *thin, const double *x)
{
	const size_t half = thin->taps / 2, last = thin->taps - 1;
	double sum[2] = {thin->filter[half] * x[half], 0};
	for (size_t k = 0; k + 1 < half; k += 2) {
		sum[0] += thin->filter[k] * (x[k] + x[last - k]);
		sum[1] += thin->filter[k + 1] * (x[k + 1] + x[last - k - 1]);
	}
	if (half % 2)
		sum[0] += thin->filter[half - 1] * (x[half - 1] + x[half + 1]);
	return sum[0] + sum[1];
}

size_t thin_add(struct thin *thin, const double *samples, size_t count, double *out)
{
	memcpy(thin->heard + thin->held, samples, count * sizeof(*samples));
	thin->held += count;
	size_t made = 0, at = thin->skip;
	for (; at + thin->taps <= thin->held; at += thin->factor)
		out[made++] = filtered(thin, thin->heard + at);
	/* What the next output begins with may lie past what there is. */
	size_t gone = at < thin->held ? at : thin->held;
	thin->skip = at - gone;
	thin->held -= gone;
	memmove(thin->heard, thin->heard + gone, thin->held * sizeof(*thin->heard));
	return made;
}

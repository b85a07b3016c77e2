#include "editing/correlation.h"

#include "audio/spectrum.h"
#include "common/memory.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The band in which microphones of one source agree: below it rooms differ, above it angles. */
#define LOW_HZ 80.0
#define HIGH_HZ 8000.0

/* Windows where either is quieter tell of noise only. */
#define QUIET_POWER 1e-7 /* -70 dBFS */

/* So far below its strongest frequency a source is there in full, as power: 30 dB. */
#define PRESENT 1e-3

/* A peak is as wide as the band makes it: what is nearer belongs to it. */
#define SAME_PEAK_S 0.001

/* How far the peak of the strongest frequencies may lie beside that of all. */
#define REFINED_S 0.0002

enum { FEWEST_WINDOWS = 6 };

struct correlation {
	uint32_t rate, within;
	size_t size, hop;
	struct spectrum *spectrum;
	double *samples[2]; /* the last `size` of each, the newest at the end */
	size_t fresh;	    /* of them, not transformed yet */
	struct spectrum_bin *bins[2];
	double *cross_re, *cross_im, *power[2]; /* summed over the windows */
	uint64_t windows;
};

/* Long against the delay, so that both windows hear the same. */
static size_t size_for(uint32_t within)
{
	size_t size = 4096;
	while (size < 8 * (size_t)within)
		size *= 2;
	return size;
}

int correlation_create(struct correlation **correlation, uint32_t rate, uint32_t within, struct error *e)
{
	struct correlation *made = memory_new(sizeof(*made));
	made->rate = rate;
	made->within = within;
	made->size = size_for(within);
	made->hop = made->size / 2;
	int result = spectrum_create(&made->spectrum, made->size, SPECTRUM_HANN, e);
	if (result < 0) {
		free(made);
		return result;
	}
	size_t bins = spectrum_bins(made->spectrum);
	for (int i = 0; i < 2; i++) {
		made->samples[i] = memory_array(made->size, sizeof(double));
		made->bins[i] = memory_array(bins, sizeof(struct spectrum_bin));
		made->power[i] = memory_array(bins, sizeof(double));
	}
	made->cross_re = memory_array(bins, sizeof(double));
	made->cross_im = memory_array(bins, sizeof(double));
	*correlation = made;
	return 0;
}

void correlation_destroy(struct correlation *correlation)
{
	if (!correlation)
		return;
	for (int i = 0; i < 2; i++) {
		free(correlation->samples[i]);
		free(correlation->bins[i]);
		free(correlation->power[i]);
	}
	free(correlation->cross_re);
	free(correlation->cross_im);
	spectrum_destroy(correlation->spectrum);
	free(correlation);
}

static bool is_quiet(const double *samples, size_t count)
{
	double power = 0;
	for (size_t i = 0; i < count; i++)
		power += samples[i] * samples[i];
	return power < QUIET_POWER * (double)count;
}

static void add_window(struct correlation *c)
{
	if (is_quiet(c->samples[0], c->size) || is_quiet(c->samples[1], c->size))
		return;
	for (int i = 0; i < 2; i++)
		spectrum_forward(c->spectrum, c->samples[i], c->bins[i]);
	for (size_t k = 0; k < spectrum_bins(c->spectrum); k++) {
		struct spectrum_bin x = c->bins[0][k], y = c->bins[1][k];
		c->cross_re[k] += (double)(x.re * y.re + x.im * y.im);
		c->cross_im[k] += (double)(x.re * y.im - x.im * y.re);
		c->power[0][k] += (double)spectrum_power(x);
		c->power[1][k] += (double)spectrum_power(y);
	}
	c->windows++;
}

void correlation_add(
	struct correlation *correlation, const double *reference, const double *other, uint32_t frames)
{
	struct correlation *c = correlation;
	const double *from[2] = {reference, other};
	for (size_t done = 0; done < frames;) {
		size_t n = c->hop - c->fresh < frames - done ? c->hop - c->fresh : frames - done;
		for (int i = 0; i < 2; i++)
			memcpy(c->samples[i] + c->hop + c->fresh, from[i] + done, n * sizeof(double));
		c->fresh += n;
		done += n;
		if (c->fresh < c->hop)
			continue;
		add_window(c);
		for (int i = 0; i < 2; i++)
			memmove(c->samples[i], c->samples[i] + c->hop, c->hop * sizeof(double));
		c->fresh = 0;
	}
}

struct band {
	size_t first, last;
};

static struct band band_of(const struct correlation *c)
{
	double bin_hz = (double)c->rate / (double)c->size;
	return (struct band){(size_t)ceil(LOW_HZ / bin_hz), (size_t)(fmin(HIGH_HZ, 0.45 * c->rate) / bin_hz)};
}

/* |Sxy|² / (Sxx Syy), less what as few windows of unrelated noise would show. */
static double coherence_at(const struct correlation *c, size_t k)
{
	double cross = c->cross_re[k] * c->cross_re[k] + c->cross_im[k] * c->cross_im[k];
	double powers = c->power[0][k] * c->power[1][k];
	double chance = 1.0 / (double)c->windows;
	double coherence = powers > 0 ? cross / powers : 0;
	return fmax(0, (coherence - chance) / (1 - chance));
}

/* What both have of a frequency, as power. */
static double level_at(const struct correlation *c, size_t k)
{
	return sqrt(c->power[0][k] * c->power[1][k]);
}

static double strongest(const struct correlation *c, struct band band)
{
	double most = 0;
	for (size_t k = band.first; k <= band.last; k++)
		most = fmax(most, level_at(c, k));
	return most;
}

/* The correlation over all lags, from the phases of the coherent part of the band. Frequencies whose level is
 * below `present` count less: where the source itself is hardly there, what is coherent is somebody else's
 * bleed. */
static void correlate(struct correlation *c, struct band band, double present, double *lags)
{
	memset(c->bins[0], 0, spectrum_bins(c->spectrum) * sizeof(*c->bins[0]));
	for (size_t k = band.first; k <= band.last; k++) {
		double size = hypot(c->cross_re[k], c->cross_im[k]);
		double presence = fmin(1, level_at(c, k) / present);
		double weight = size > 0 ? presence * coherence_at(c, k) / size : 0;
		c->bins[0][k] = (struct spectrum_bin){
			(float)(weight * c->cross_re[k]), (float)(weight * c->cross_im[k])};
	}
	struct spectrum *plain;
	struct error ignored;
	memset(lags, 0, c->size * sizeof(*lags));
	if (spectrum_create(&plain, c->size, SPECTRUM_RECTANGULAR, &ignored) < 0)
		return;
	spectrum_inverse(plain, c->bins[0], lags);
	spectrum_destroy(plain);
}

static double at_lag(const struct correlation *c, const double *lags, int32_t lag)
{
	return lags[lag >= 0 ? (size_t)lag : c->size - (size_t)-lag];
}

/* The largest one but for those within `apart` of `except`. */
static int32_t largest(
	const struct correlation *c, const double *lags, bool keeps_polarity, int32_t except, int32_t apart)
{
	int32_t within = (int32_t)c->within, best = 0;
	double most = -1;
	for (int32_t lag = -within; lag <= within; lag++) {
		double value = at_lag(c, lags, lag);
		value = keeps_polarity ? value : fabs(value);
		if (value > most && abs(lag - except) > apart) {
			most = value;
			best = lag;
		}
	}
	return best;
}

/* The frame of the peak at `delay`, by all of the band: what the source has least of is what tells best. */
static int32_t refined(const struct correlation *c, const double *lags, int32_t delay, double height)
{
	int32_t near = (int32_t)(REFINED_S * c->rate), best = delay;
	for (int32_t lag = delay - near; lag <= delay + near; lag++)
		if (abs(lag) <= (int32_t)c->within && copysign(1, height) * at_lag(c, lags, lag) >
							      copysign(1, height) * at_lag(c, lags, best))
			best = lag;
	return best;
}

/* Correlation coefficient of both over the band, `other` moved by `delay` and turned or not; every octave
 * counts alike, as it does to the ear. */
static double agreement(const struct correlation *c, struct band band, int32_t delay, bool turned)
{
	double both = 0, octaves = 0;
	for (size_t k = band.first; k <= band.last; k++) {
		double phase = 2 * M_PI * (double)k * delay / (double)c->size;
		double level = level_at(c, k), octave = 1.0 / (double)k;
		octaves += octave;
		if (level > 0)
			both += octave / level * (c->cross_re[k] * cos(phase) - c->cross_im[k] * sin(phase));
	}
	return (turned ? -both : both) / octaves;
}

/* How much of a track's power both have, of the one that has less of it: a guitar whose microphone hears the
 * bass as well is still a guitar. */
static double shared(const struct correlation *c, struct band band)
{
	double least = 1;
	for (int i = 0; i < 2; i++) {
		double sum = 0, power = 0;
		for (size_t k = band.first; k <= band.last; k++) {
			sum += c->power[i][k] * coherence_at(c, k);
			power += c->power[i][k];
		}
		least = fmin(least, power > 0 ? sum / power : 0);
	}
	return least;
}

void correlation_find(struct correlation *correlation, bool keeps_polarity, struct correlation_peak *peak)
{
	struct correlation *c = correlation;
	*peak = (struct correlation_peak){0};
	if (c->windows < FEWEST_WINDOWS)
		return;
	struct band band = band_of(c);
	double *lags = memory_array(c->size, sizeof(*lags));
	correlate(c, band, fmax(PRESENT * strongest(c, band), DBL_MIN), lags);
	int32_t delay = largest(c, lags, keeps_polarity, INT16_MIN, 0);
	double height = at_lag(c, lags, delay);
	int32_t apart = (int32_t)(SAME_PEAK_S * c->rate);
	double other = fabs(at_lag(c, lags, largest(c, lags, keeps_polarity, delay, apart)));
	correlate(c, band, DBL_MIN, lags);
	peak->delay = refined(c, lags, delay, height);
	peak->turned = height < 0;
	peak->decisiveness = other > 0 ? fabs(height) / other : 0;
	peak->coherence = shared(c, band);
	double before = agreement(c, band, 0, false), after = agreement(c, band, peak->delay, peak->turned);
	peak->sum_gain_db = 10 * log10(fmax(1 + after, 1e-3) / fmax(1 + before, 1e-3));
	free(lags);
}

#include "listening/ear.h"

#include "audio/fastmath.h"
#include "audio/spectrum.h"
#include "common/memory.h"
#include "listening/thin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOP = 128,
	FAST = 512,  /* samples of the spectrum for onsets: 43 ms at 12 kHz */
	SLOW = 4096, /* of that for pitches: a third of a second */
	HELD = SLOW + HOP,
	BANDS_MOST = 48,
	LAG = 2,	       /* frames between which growth is counted */
	HALF = SLOW / 2 / HOP, /* hops from the middle of what is held to its newest */
};

struct band {
	size_t first, end; /* bins */
};

struct ear {
	struct thin *thin;
	struct spectrum *fast, *slow;
	double gain, rate;
	double held[HELD]; /* the newest samples; the newest last */
	size_t waiting;	   /* of them, since the last frame */
	size_t hops;	   /* heard */
	struct band bands[BANDS_MOST];
	size_t band_count, low_bands, mid_bands; /* the first so many; so many up to the middle's end */
	float log_bands[LAG + 1][BANDS_MOST];
	double brilliance, last_sample, last_brilliance[LAG];
	size_t brilliance_count;
	size_t room;
	struct heard heard;
};

static const double low_hz = 150, mid_hz = 1500, most_hz = 5500;

/* Single bins at first, then 1/6 of an octave. */
static void lay_bands(struct ear *ear)
{
	const double hz = ear->rate / FAST;
	for (size_t bin = 1; ear->band_count < BANDS_MOST && bin < FAST / 2 && (double)bin * hz < most_hz;) {
		size_t end = (size_t)fmax((double)bin + 1, fmin(0.5 * FAST, round((double)bin * 1.1225)));
		ear->bands[ear->band_count++] = (struct band){bin, end};
		if ((double)bin * hz < low_hz)
			ear->low_bands = ear->band_count;
		if ((double)bin * hz < mid_hz)
			ear->mid_bands = ear->band_count;
		bin = end;
	}
}

int ear_create(struct ear **ear, uint32_t rate, double gain, struct error *e)
{
	struct thin *thin = thin_create(rate);
	if (!thin)
		return error_set(e, EINVAL, "listening at %u Hz; 8 to 384 kHz", rate);
	struct ear *made = memory_new(sizeof(*made));
	made->thin = thin;
	made->gain = gain;
	made->rate = thin_rate(thin);
	made->heard.rate = made->rate / HOP;
	int result = spectrum_create(&made->fast, FAST, SPECTRUM_HANN, e);
	if (result == 0)
		result = spectrum_create(&made->slow, SLOW, SPECTRUM_HANN, e);
	if (result < 0) {
		ear_destroy(made);
		return result;
	}
	lay_bands(made);
	*ear = made;
	return 0;
}

void ear_destroy(struct ear *ear)
{
	if (!ear)
		return;
	thin_destroy(ear->thin);
	spectrum_destroy(ear->fast);
	spectrum_destroy(ear->slow);
	heard_finish(&ear->heard);
	free(ear);
}

/* ---- onsets ---- */

static float band_level(const struct spectrum_bin *bins, struct band band)
{
	float most = 0;
	for (size_t k = band.first; k < band.end; k++)
		most = fmaxf(most, spectrum_power(bins[k]));
	/* Of a full-scale sine the bin is FAST / 4; what is 60 dB below that hardly counts. */
	return (float)fast_log2(1 + 1000 * 4.0 / FAST * sqrt(most));
}

static float growth(const float *now, const float *before, size_t count, size_t band)
{
	float most = before[band];
	if (band > 0)
		most = fmaxf(most, before[band - 1]);
	if (band + 1 < count)
		most = fmaxf(most, before[band + 1]);
	return fmaxf(0, now[band] - most);
}

/* Above what the ear's rate holds: the growth of the power of the first difference. */
static float hear_brilliance(struct ear *ear)
{
	double power = ear->brilliance_count ? ear->brilliance / (double)ear->brilliance_count : 0;
	double level = fast_log2(1 + 1000 * sqrt(power));
	double grown = fmax(0, level - ear->last_brilliance[0]);
	ear->last_brilliance[0] = ear->last_brilliance[1];
	ear->last_brilliance[1] = level;
	ear->brilliance = 0;
	ear->brilliance_count = 0;
	return (float)grown;
}

static void make_room(struct ear *ear)
{
	struct heard *heard = &ear->heard;
	if (ear->hops < ear->room)
		return;
	ear->room = ear->room ? 2 * ear->room : 8192;
	heard->onset = memory_grow(heard->onset, ear->room, sizeof(*heard->onset));
	heard->low = memory_grow(heard->low, ear->room, sizeof(*heard->low));
	heard->mid = memory_grow(heard->mid, ear->room, sizeof(*heard->mid));
	heard->high = memory_grow(heard->high, ear->room, sizeof(*heard->high));
	heard->power = memory_grow(heard->power, ear->room, sizeof(*heard->power));
	heard->spectrum = memory_grow(heard->spectrum, ear->room / HEARD_SLOW + 1, HEARD_BINS);
}

static void hear_onset(struct ear *ear)
{
	struct spectrum_bin bins[FAST / 2 + 1];
	const double *samples = ear->held + HELD - SLOW / 2 - FAST / 2;
	struct heard *heard = &ear->heard;
	float *now = ear->log_bands[heard->frames % (LAG + 1)];
	const float *before = ear->log_bands[(heard->frames + 1) % (LAG + 1)];
	spectrum_forward(ear->fast, samples, bins);
	float sum = 0, low = 0, mid = 0;
	for (size_t b = 0; b < ear->band_count; b++)
		now[b] = band_level(bins, ear->bands[b]);
	for (size_t b = 0; b < ear->band_count; b++) {
		float grown = growth(now, before, ear->band_count, b);
		sum += grown;
		low += b < ear->low_bands ? grown : 0;
		mid += b >= ear->low_bands && b < ear->mid_bands ? grown : 0;
	}
	double power = 0;
	for (size_t i = FAST / 2 - HOP / 2; i < FAST / 2 + HOP / 2; i++)
		power += samples[i] * samples[i];
	heard->onset[heard->frames] = sum;
	heard->low[heard->frames] = low;
	heard->mid[heard->frames] = mid;
	heard->power[heard->frames] = (float)(power / HOP);
}

/* ---- pitches ---- */

/* A peak's place between its bins and its height: the parabola through its logarithms. */
static void add_peak(struct ear *ear, const float *power, size_t k, float *fine)
{
	double a = fast_log2(power[k - 1] + 1e-30), b = fast_log2(power[k] + 1e-30),
	       c = fast_log2(power[k + 1] + 1e-30);
	double bend = a - 2 * b + c, off = bend < 0 ? 0.5 * (a - c) / bend : 0;
	double hz = ((double)k + off) * ear->rate / SLOW;
	double note = 69 + 12 * fast_log2(hz / 440) - HEARD_LOWEST;
	double bin = floor((note + 0.5) * HEARD_FINE);
	if (bin < 0 || bin >= HEARD_BINS)
		return;
	float height = (float)fast_exp2(b - 0.25 * (a - c) * off) * (16.0F / SLOW / SLOW);
	if (height > fine[(size_t)bin])
		fine[(size_t)bin] = height;
	double turn = 2 * M_PI * (note - round(note)), weight = sqrt(height);
	ear->heard.detune_re += weight * cos(turn);
	ear->heard.detune_im += weight * sin(turn);
	ear->heard.detune_weight += weight;
}

static void hear_pitches(struct ear *ear)
{
	struct spectrum_bin bins[SLOW / 2 + 1];
	float power[SLOW / 2 + 1], fine[HEARD_BINS] = {0};
	spectrum_forward(ear->slow, ear->held + HELD - SLOW, bins);
	float most = 0;
	for (size_t k = 0; k <= SLOW / 2; k++) {
		power[k] = spectrum_power(bins[k]);
		most = fmaxf(most, power[k]);
	}
	/* 50 dB below the strongest, what is there is noise and the window's own. */
	const float least = fmaxf(most * 1e-5F, 1e-10F * SLOW * SLOW / 16);
	for (size_t k = 9; k < SLOW / 2 - 1; k++)
		if (power[k] > least && power[k] > power[k - 1] && power[k] >= power[k + 1])
			add_peak(ear, power, k, fine);
	uint8_t *levels = ear->heard.spectrum + ear->heard.spectra * HEARD_BINS;
	for (size_t i = 0; i < HEARD_BINS; i++)
		levels[i] = heard_level(fine[i]);
	ear->heard.spectra++;
}

/* ---- samples ---- */

/* Frame n is about sample n × HOP, which is the middle of what is held. */
static void hear_hop(struct ear *ear)
{
	struct heard *heard = &ear->heard;
	make_room(ear);
	heard->high[ear->hops++] = hear_brilliance(ear);
	if (ear->hops < HALF)
		return;
	hear_onset(ear);
	if (heard->frames % HEARD_SLOW == 0)
		hear_pitches(ear);
	heard->frames++;
}

static void hear_samples(struct ear *ear, const double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ear->held[HELD - HOP + ear->waiting] = samples[i] * ear->gain;
		if (++ear->waiting < HOP)
			continue;
		ear->waiting = 0;
		hear_hop(ear);
		memmove(ear->held, ear->held + HOP, (HELD - HOP) * sizeof(*ear->held));
	}
}

static void hear_treble(struct ear *ear, const double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double step = (samples[i] - ear->last_sample) * ear->gain;
		ear->brilliance += step * step;
		ear->last_sample = samples[i];
	}
	ear->brilliance_count += count;
}

void ear_add(struct ear *ear, const double *samples, size_t count)
{
	double thin[THIN_CHUNK];
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < HOP ? count - done : HOP;
		hear_treble(ear, samples + done, n);
		hear_samples(ear, thin, thin_add(ear->thin, samples + done, n, thin));
	}
}

void ear_end(struct ear *ear, struct heard *heard)
{
	const double silence[HOP] = {0};
	for (size_t i = 0; i < SLOW / 2 + thin_ahead(ear->thin); i += HOP / 4)
		ear_add(ear, silence, HOP);
	*heard = ear->heard;
	ear->heard = (struct heard){0};
}

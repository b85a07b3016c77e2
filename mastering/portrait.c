#include "mastering/portrait.h"

#include "audio/r128.h"
#include "audio/twin-spectrum.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A bin's share of a third octave. */
struct share {
	uint32_t bin;
	float of;
};

struct thirds {
	float power[LONGTERM_THIRDS];
};

struct portrait {
	uint32_t rate;
	size_t size, filled, first[LONGTERM_THIRDS + 1];
	struct twin_spectrum *spectrum;
	struct share *shares;
	double *samples; /* of two windows, which are transformed together */
	struct thirds *windows;
	size_t count, room;
};

static const double window_s = 0.2, gate_lu = -6, silence_lufs = -70;

static size_t find_shares(struct portrait *s)
{
	double bin_hz = (double)s->rate / (double)s->size, edge = pow(10, 0.05);
	size_t count = 0, bins = twin_spectrum_bins(s->spectrum);
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double low = longterm_third_hz(t) / edge, high = longterm_third_hz(t) * edge;
		s->first[t] = count;
		for (size_t i = (size_t)fmax(0, floor(low / bin_hz)); i < bins; i++) {
			double from = fmax(low, ((double)i - 0.5) * bin_hz);
			double to = fmin(high, ((double)i + 0.5) * bin_hz);
			if (((double)i - 0.5) * bin_hz > high)
				break;
			if (to > from)
				s->shares[count++] =
					(struct share){(uint32_t)i, (float)((to - from) / bin_hz)};
		}
	}
	s->first[LONGTERM_THIRDS] = count;
	return count;
}

int portrait_create(struct portrait **portrait, uint32_t rate, struct error *e)
{
	if (rate < 8000 || rate > 384000)
		return error_set(e, EINVAL, "portrait: %u Hz; 8 to 384 kHz will do", rate);
	struct portrait *made = calloc(1, sizeof(*made));
	if (!made)
		return error_errno(e, ENOMEM, "portrait");
	*made = (struct portrait){.rate = rate, .size = 1024};
	while ((double)made->size * 2 < rate * window_s)
		made->size *= 2;
	made->spectrum = twin_spectrum_create(made->size);
	made->shares = calloc(made->size / 2 + 1 + 4 * LONGTERM_THIRDS, sizeof(*made->shares));
	made->samples = calloc(2 * made->size, sizeof(*made->samples));
	if (!made->spectrum || !made->shares || !made->samples) {
		portrait_destroy(made);
		return error_errno(e, ENOMEM, "portrait");
	}
	find_shares(made);
	*portrait = made;
	return 0;
}

void portrait_destroy(struct portrait *portrait)
{
	if (!portrait)
		return;
	twin_spectrum_destroy(portrait->spectrum);
	free(portrait->shares);
	free(portrait->samples);
	free(portrait->windows);
	free(portrait);
}

static int keep_window(struct portrait *s, const float *powers)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		struct thirds *windows = reallocarray(s->windows, room, sizeof(*windows));
		if (!windows)
			return -ENOMEM;
		s->windows = windows;
		s->room = room;
	}
	struct thirds *window = &s->windows[s->count++];
	/* Mean squares: a Hann window's squares are 3/8 in the mean, and the other half of the spectrum. */
	float scale = (float)(2 / (0.375 * (double)s->size * (double)s->size));
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		float sum = 0;
		for (size_t i = s->first[t]; i < s->first[t + 1]; i++)
			sum += s->shares[i].of * powers[s->shares[i].bin];
		window->power[t] = sum * scale;
	}
	return 0;
}

/* As many of the two as have something in them. */
static int windows_done(struct portrait *s)
{
	struct twin_powers powers = twin_spectrum_run(s->spectrum, s->samples, s->samples + s->size);
	int result = keep_window(s, powers.one);
	if (result == 0 && s->filled > s->size)
		result = keep_window(s, powers.other);
	s->filled = 0;
	return result;
}

int portrait_add(struct portrait *s, const double *samples, size_t count)
{
	const size_t room = 2 * s->size;
	int result = 0;
	for (size_t done = 0, n; done < count && result == 0; done += n) {
		n = room - s->filled < count - done ? room - s->filled : count - done;
		memcpy(s->samples + s->filled, samples + done, n * sizeof(*samples));
		s->filled += n;
		if (s->filled == room)
			result = windows_done(s);
	}
	return result;
}

/* A part of a window is one with silence behind it; so that nothing too short for one is lost. */
static void close_window(struct portrait *s)
{
	if (!s || s->filled == 0)
		return;
	memset(s->samples + s->filled, 0, (2 * s->size - s->filled) * sizeof(*s->samples));
	int result = windows_done(s);
	(void)result; /* a window less to go by */
}

static void find_weights(const struct portrait *s, double weights[LONGTERM_THIRDS])
{
	struct biquad sections[2];
	r128_weighting(sections, s->rate);
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double hz = fmin(longterm_third_hz(t), 0.49 * s->rate);
		double gain = filter_magnitude(&sections[0], hz, s->rate) *
			      filter_magnitude(&sections[1], hz, s->rate);
		weights[t] = gain * gain;
	}
}

static const struct portrait *other_of(struct portrait *const sides[2])
{
	return sides[1] ? sides[1] : sides[0];
}

static size_t count_of(struct portrait *const sides[2])
{
	close_window(sides[0]);
	close_window(sides[1]);
	size_t a = sides[0]->count, b = other_of(sides)->count;
	return a < b ? a : b;
}

static double weighted(const struct thirds *window, const double weights[LONGTERM_THIRDS])
{
	double sum = 0;
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		sum += weights[t] * (double)window->power[t];
	return sum;
}

static double loudness_of(
	struct portrait *const sides[2], const double weights[LONGTERM_THIRDS], size_t window)
{
	return weighted(&sides[0]->windows[window], weights) +
	       weighted(&other_of(sides)->windows[window], weights);
}

/* What a window must have to be loud; INFINITY where none is. */
static double gate_of(struct portrait *const sides[2], const double weights[LONGTERM_THIRDS], size_t count)
{
	double silence = pow(10, (silence_lufs + 0.691) / 10), sum = 0;
	size_t sounding = 0;
	for (size_t i = 0; i < count; i++) {
		double loudness = loudness_of(sides, weights, i);
		sum += loudness > silence ? loudness : 0;
		sounding += loudness > silence;
	}
	return sounding > 0 ? sum / (double)sounding * pow(10, gate_lu / 10) : INFINITY;
}

bool portrait_loud(struct portrait *const sides[2], double thirds[LONGTERM_THIRDS])
{
	double weights[LONGTERM_THIRDS];
	size_t count = count_of(sides), loud = 0;
	find_weights(sides[0], weights);
	double gate = gate_of(sides, weights, count);
	memset(thirds, 0, LONGTERM_THIRDS * sizeof(*thirds));
	for (size_t i = 0; i < count; i++) {
		if (!(loudness_of(sides, weights, i) >= gate))
			continue;
		loud++;
		for (size_t t = 0; t < LONGTERM_THIRDS; t++)
			thirds[t] += (double)sides[0]->windows[i].power[t] +
				     (double)other_of(sides)->windows[i].power[t];
	}
	for (size_t t = 0; t < LONGTERM_THIRDS && loud > 0; t++)
		thirds[t] /= (double)loud;
	return loud > 0;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

double portrait_peak_level(struct portrait *const sides[2], const double weights[LONGTERM_THIRDS])
{
	double gating[LONGTERM_THIRDS];
	size_t count = count_of(sides), loud = 0;
	double *levels = memory_array(count + 1, sizeof(*levels));
	find_weights(sides[0], gating);
	double gate = gate_of(sides, gating, count);
	for (size_t i = 0; i < count; i++)
		if (loudness_of(sides, gating, i) >= gate)
			levels[loud++] = fmax(weighted(&sides[0]->windows[i], weights),
				weighted(&other_of(sides)->windows[i], weights));
	double level = 0;
	if (loud > 0) {
		qsort(levels, loud, sizeof(*levels), by_value);
		level = levels[(size_t)((double)(loud - 1) * 0.9)];
	}
	free(levels);
	return level > 0 ? 10 * log10(level) : -INFINITY;
}

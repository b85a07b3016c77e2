#include "audio/oversample.h"

#include "audio/sinc.h"
#include "audio/wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAPS = 64,
	BEFORE = TAPS / 2 - 1, /* taps before the interval that is interpolated: its two ends are 31 and 32 */
	LANES = 4,
	GROUPS_MOST = 4, /* of LANES phases */
	TILE = 4 * LANES,
	CHUNK = 16 * TILE,
};

/* Kaiser's formula for 70 dB (J. F. Kaiser, 1974): the transition is then 0.068 of the rate wide around half
 * the rate, so the passband ends at 0.466. */
static const double kaiser_beta = 6.755;

/* Where a signal of bandwidth B has its largest peak M, it is still at least M cos(2πBt) at a time t beside
 * it: it cannot fall faster than a sine of that height. Our filter's band ends at 0.534 of the rate. Known on
 * a grid of twice, four times and eight times the rate, a peak has a point of the grid within 1/4, 1/8 and
 * 1/16 of a sample: where none reaches this share of the floor (cos 0.839, 0.419 and 0.210, and a little for
 * the ripple), nor does the peak between them, and the finer grid need not be looked at. */
static const float near_shares[GROUPS_MOST] = {0.66f, 0.905f, 0.97f, 0.97f};

/* The group of phases that makes the grid of 4 times the rate comes first, then that of 8, then those of 16.
 */
static const unsigned group_order[GROUPS_MOST] = {0, 2, 1, 3};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float broad __attribute__((vector_size(2 * LANES * sizeof(float))));

struct oversample {
	unsigned groups;
	float floor, largest;
	float middle[TAPS / 2];			/* half of the symmetric phase at 1/2 */
	float middle_most;			/* no middle is larger than so many times its samples */
	float phases[GROUPS_MOST][TAPS][LANES]; /* a group's taps are contiguous */
	float history[TAPS - 1 + CHUNK + TILE]; /* what came before, then the chunk; whole tiles */
	float half[CHUNK];			/* magnitudes at the middle of each interval */
};

static void design(struct oversample *o)
{
	double taps[TAPS];
	for (unsigned i = 0; i < o->groups * LANES; i++) {
		unsigned group = i / LANES, lane = i % LANES;
		unsigned first = o->groups == GROUPS_MOST ? group_order[group] : group;
		sinc_design(
			taps, TAPS, (double)(first + o->groups * lane) / (o->groups * LANES), kaiser_beta);
		for (int k = 0; k < TAPS; k++)
			o->phases[group][k][lane] = (float)taps[k];
	}
	sinc_design(taps, TAPS, 0.5, kaiser_beta);
	double sum = 0;
	for (int k = 0; k < TAPS / 2; k++) {
		o->middle[k] = (float)taps[k];
		sum += 2 * fabs(taps[k]);
	}
	o->middle_most = (float)sum * 1.0001f;
}

struct oversample *oversample_create(uint32_t factor)
{
	if (factor != 4 && factor != 8 && factor != 16)
		return NULL;
	struct oversample *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->groups = factor / LANES;
	design(made);
	return made;
}

void oversample_destroy(struct oversample *oversample)
{
	free(oversample);
}

void oversample_reset(struct oversample *oversample)
{
	memset(oversample->history, 0, sizeof(oversample->history));
	oversample->largest = 0;
}

void oversample_set_floor(struct oversample *oversample, double floor)
{
	oversample->floor = (float)floor;
}

uint32_t oversample_latency(const struct oversample *oversample)
{
	(void)oversample;
	return TAPS / 2;
}

static inline lanes load(const float *from)
{
	lanes value;
	memcpy(&value, from, sizeof(value));
	return value;
}

/* One output a lane: the taps are read once for sixteen outputs, and each, as the filter is symmetric, meets
 * two samples for each output. */
static inline __attribute__((always_inline)) void interpolate_tile(
	const float *taps, const float *history, float *out)
{
	broad low = {0}, high = {0};
	for (int k = 0; k < TAPS / 2; k++) {
		const float t = taps[k];
		const broad tap = {t, t, t, t, t, t, t, t};
		const float *early = history + k, *late = history + TAPS - 1 - k;
		broad one, other;
		memcpy(&one, early, sizeof(one));
		memcpy(&other, late, sizeof(other));
		low += tap * (one + other);
		memcpy(&one, early + 2 * LANES, sizeof(one));
		memcpy(&other, late + 2 * LANES, sizeof(other));
		high += tap * (one + other);
	}
	memcpy(out, &low, sizeof(low));
	memcpy(out + 2 * LANES, &high, sizeof(high));
}

static float larger(float a, float b)
{
	return a > b ? a : b;
}

/* Largest magnitude among a group's phases. Four sums, as one would wait for its own last addition. */
static float group_peak(const float (*taps)[LANES], const float *window)
{
	lanes sum[4] = {{0}};
	for (int k = 0; k < TAPS; k += 4) {
		sum[0] += load(taps[k]) * window[k];
		sum[1] += load(taps[k + 1]) * window[k + 1];
		sum[2] += load(taps[k + 2]) * window[k + 2];
		sum[3] += load(taps[k + 3]) * window[k + 3];
	}
	lanes all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
	return larger(larger(fabsf(all[0]), fabsf(all[1])), larger(fabsf(all[2]), fabsf(all[3])));
}

/* The magnitudes at both ends of an interval and in its middle bound what lies between. */
static inline float interval_ends(const struct oversample *o, size_t i)
{
	const float *window = o->history + i;
	float peak = larger(fabsf(window[BEFORE]), fabsf(o->half[i]));
	return larger(peak, fabsf(window[BEFORE + 1]));
}

static float interval_peak(const struct oversample *o, size_t i, float floor)
{
	const float *window = o->history + i;
	float peak = larger(fabsf(window[BEFORE]), fabsf(o->half[i]));
	float next = fabsf(window[BEFORE + 1]); /* the end of the interval bounds it, but is not in it */
	for (unsigned group = 0; group < o->groups; group++) {
		if (larger(peak, next) < near_shares[group] * floor)
			break;
		peak = larger(peak, group_peak(o->phases[group], window));
	}
	return peak;
}

static inline float tile_most(const float *history)
{
	float most[TILE] = {0};
	for (int i = 0; i < TILE; i++)
		most[i] = fabsf(history[i]);
	for (int width = TILE / 2; width > 0; width /= 2)
		for (int i = 0; i < width; i++)
			most[i] = larger(most[i], most[i + width]);
	return most[0];
}

/* The middles of all intervals; 0 instead in whole tiles whose samples are so low that no middle can reach
 * `needed`. */
WIDE static void find_middles(struct oversample *o, size_t count, float needed)
{
	enum { SPAN = (TILE + TAPS - 1 + TILE - 1) / TILE };
	float most[CHUNK / TILE + SPAN] = {0};
	size_t tiles = (count + TILE - 1) / TILE;
	for (size_t t = 0; t < tiles + SPAN - 1; t++)
		most[t] = tile_most(o->history + t * TILE);
	for (size_t t = 0; t < tiles; t++) {
		float around = most[t];
		for (size_t k = 1; k < SPAN; k++)
			around = larger(around, most[t + k]);
		if (around * o->middle_most < needed)
			memset(o->half + t * TILE, 0, TILE * sizeof(*o->half));
		else
			interpolate_tile(o->middle, o->history + t * TILE, o->half + t * TILE);
	}
}

/* Takes up to CHUNK samples in and finds the middles; chunk_end makes room for the next. */
static void chunk_begin(struct oversample *o, const double *samples, size_t count, float needed)
{
	float *fresh = o->history + TAPS - 1;
	for (size_t i = 0; i < count; i++) {
		float sample = (float)samples[i];
		fresh[i] = fabsf(sample) < 1e-20f ? 0 : sample; /* no denormals in the sums */
	}
	find_middles(o, count, needed);
}

static void chunk_end(struct oversample *o, size_t count)
{
	memmove(o->history, o->history + count, (TAPS - 1) * sizeof(*o->history));
}

static size_t chunk_size(size_t left)
{
	return left < CHUNK ? left : CHUNK;
}

/* Where nothing is near the floor, the sample itself, however the signal was cut. */
static void rough_peaks(const struct oversample *o, size_t count, float needed, double *peaks)
{
	for (size_t i = 0; i < count; i++) {
		float here = fabsf(o->history[i + BEFORE]);
		float both = larger(here, fabsf(o->half[i]));
		peaks[i] = (double)(interval_ends(o, i) < needed ? here : both);
	}
}

void oversample_peaks(struct oversample *o, const double *samples, double *peaks, size_t count)
{
	const float needed = near_shares[0] * o->floor;
	for (size_t done = 0, n; done < count; done += n) {
		n = chunk_size(count - done);
		chunk_begin(o, samples + done, n, needed);
		rough_peaks(o, n, needed, peaks + done);
		for (size_t i = 0; i < n; i++)
			if (interval_ends(o, i) >= needed)
				peaks[done + i] = (double)interval_peak(o, i, o->floor);
		chunk_end(o, n);
	}
}

static void find_largest(struct oversample *o, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (interval_ends(o, i) >= near_shares[0] * o->largest)
			o->largest = larger(o->largest, interval_peak(o, i, o->largest));
}

double oversample_largest(struct oversample *o, const double *samples, size_t count)
{
	for (size_t done = 0, n; done < count; done += n) {
		n = chunk_size(count - done);
		chunk_begin(o, samples + done, n, near_shares[0] * o->largest);
		find_largest(o, n);
		chunk_end(o, n);
	}
	return (double)o->largest;
}

double oversample_envelope(struct oversample *o, const double *samples, double *peaks, size_t count)
{
	const float needed = near_shares[0] * o->floor;
	for (size_t done = 0, n; done < count; done += n) {
		n = chunk_size(count - done);
		float largest = near_shares[0] * o->largest;
		chunk_begin(o, samples + done, n, largest < needed ? largest : needed);
		rough_peaks(o, n, needed, peaks + done);
		find_largest(o, n);
		chunk_end(o, n);
	}
	return (double)o->largest;
}

double oversample_largest_to_end(const struct oversample *o)
{
	static const double silence[TAPS];
	struct oversample copy = *o;
	return oversample_largest(&copy, silence, TAPS);
}

#include "audio/oversample.h"

#include "audio/lanes.h"
#include "audio/sinc.h"
#include "audio/wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples and the middles between them make a grid of twice the rate. Interval i lies between sample i and
 * the next one; its 16 values come from the grid's points from 7 before sample i to 9 behind it. */
enum {
	FACTOR = 16,
	TAPS = 1024,
	SHORT = 16, /* taps on the grid */
	POINTS = SHORT + 1,
	REACH = 4, /* intervals to either side that an interval's values look at */
	TILE = 16,
	CHUNK = 64 * TILE,
	LEAD = TAPS / 2 + 2 * TILE, /* x[LEAD + i] is where interval i begins */
	LATENCY = TAPS / 2 + REACH,
	PLAIN = 32, /* taps of a plain meter, on the samples */
	HISTORY = LEAD + LATENCY + CHUNK + 4 * TILE,
	TILES = HISTORY / TILE,
	OLD_TILES = (LEAD + LATENCY - 1) / TILE, /* all of whose samples, and the one behind, are known */
};

/* Kaiser's formula (J. F. Kaiser, 1974) for 70 dB: the transition is then 0.0042 of the rate wide,
 * around half the rate. And for 99 dB, on the grid: flat to 0.30 of its rate, where 0.25 would do. */
static const double sharp_beta = 6.755, short_beta = 10;

/* What most meters interpolate with has a wide transition, and what it takes away of the highest octave's end
 * may have been what kept a peak down: noise that was limited reads up to 0.2 dB more so. As a ceiling has to
 * hold for who looks at it with such a meter, its values count as well: those of FFmpeg's resampler (32 taps,
 * Kaiser's window with 9), which its loudness filters look at. */
static const double plain_beta = 9;

/* What 32 bits may round away of a bound. */
static const float slack = 1.00001f;

/* A value between two points lies on the straight line between them, plus a filter over the signal's second
 * differences, since interpolation leaves straight lines as they are. So it is no larger than the larger end
 * times `ends`, plus the largest second difference around times `bend`: where those are small, which they are
 * in most of most music, nothing has to be interpolated to know that no peak is there. */
struct bound {
	float ends, bend;
};

struct oversample {
	float floor, largest;
	float middle[TAPS / 2]; /* half of the symmetric filter */
	float values[POINTS][FACTOR];
	float plain[PLAIN][LANES]; /* eight values an interval */
	struct bound by_samples, by_grid, by_plain;
	float x[HISTORY + LANES * TILE];
	float middles[TILE + CHUNK + 2 * TILE]; /* of this chunk's intervals, from a tile before it */
	bool known[CHUNK / TILE + 3];		/* which tiles of them were worked out */
	/* Of each tile of x: magnitudes, second differences, and those around it. The first `kept` are still
	 * right. */
	float most[TILES + LANES], bends[TILES + LANES], around[TILES];
	size_t kept;
};

/* ---- design ---- */

/* What bounds a filter whose taps begin `before` points before an interval, as above. Summed up twice, what
 * it has beside the straight line is what it does to second differences; a rest that is no straight line's
 * (the window's doing) counts for both ends. */
static struct bound bound_of(const double *taps, size_t count, size_t before, double fraction)
{
	double rest = -fraction, once = 0, twice = 0, sum = 0;
	for (size_t k = 0; k < count; k++)
		rest += taps[k] * ((double)k - (double)before);
	for (size_t k = 0; k < count; k++) {
		double line = k == before ? 1 - fraction - rest : k == before + 1 ? fraction + rest : 0;
		once += taps[k] - line;
		twice += once;
		sum += fabs(twice);
	}
	return (struct bound){(float)(1 + 2 * fabs(rest)) * slack, (float)sum * slack};
}

static void widen(struct bound *bound, struct bound by)
{
	bound->ends = fmaxf(bound->ends, by.ends);
	bound->bend = fmaxf(bound->bend, by.bend);
}

/* The values of phase `phase`, on the samples. */
static struct bound bound_on_samples(const double grid[POINTS], const double middle[TAPS], int phase)
{
	double on[TAPS + 2 * REACH + 2] = {0};
	for (int k = 0; k < POINTS; k++) {
		int point = k - 7; /* from sample i on */
		if (point % 2 == 0) {
			on[TAPS / 2 - 1 + REACH + point / 2] += grid[k];
			continue;
		}
		int from = REACH + (point - 1) / 2;
		for (int j = 0; j < TAPS; j++)
			on[from + j] += grid[k] * middle[j];
	}
	return bound_of(on, TAPS + 2 * REACH + 2, TAPS / 2 - 1 + REACH, (double)phase / FACTOR);
}

static void design_values(struct oversample *o, const double middle[TAPS])
{
	for (int phase = 0; phase < FACTOR; phase++) {
		double taps[SHORT], grid[POINTS] = {0};
		int second = phase >= FACTOR / 2, part = phase % (FACTOR / 2);
		const double fraction = part / (0.5 * FACTOR);
		sinc_design(taps, SHORT, fraction, short_beta);
		memcpy(grid + second, taps, sizeof(taps));
		for (int k = 0; k < POINTS; k++)
			o->values[k][phase] = (float)grid[k];
		widen(&o->by_grid, bound_of(grid, POINTS, 7 + (size_t)second, fraction));
		widen(&o->by_samples, bound_on_samples(grid, middle, phase));
	}
}

static void design_plain(struct oversample *o)
{
	for (int phase = 0; phase < LANES; phase++) {
		double taps[PLAIN];
		const double fraction = (double)phase / LANES;
		sinc_design(taps, PLAIN, fraction, plain_beta);
		for (int k = 0; k < PLAIN; k++)
			o->plain[k][phase] = (float)taps[k];
		widen(&o->by_plain, bound_of(taps, PLAIN, PLAIN / 2 - 1, fraction));
	}
	widen(&o->by_samples, o->by_plain);
}

struct oversample *oversample_create(void)
{
	struct oversample *made = calloc(1, sizeof(*made));
	double middle[TAPS];
	if (!made)
		return NULL;
	sinc_design(middle, TAPS, 0.5, sharp_beta);
	for (int k = 0; k < TAPS / 2; k++)
		made->middle[k] = (float)middle[k];
	design_values(made, middle);
	design_plain(made);
	return made;
}

void oversample_destroy(struct oversample *oversample)
{
	free(oversample);
}

void oversample_reset(struct oversample *oversample)
{
	memset(oversample->x, 0, sizeof(oversample->x));
	oversample->largest = 0;
	oversample->kept = 0;
}

void oversample_set_floor(struct oversample *oversample, double floor)
{
	oversample->floor = (float)floor;
}

uint32_t oversample_latency(void)
{
	return LATENCY;
}

/* ---- bounds ---- */

static inline float larger(float a, float b)
{
	return a > b ? a : b;
}

static inline float largest_of(float values[TILE])
{
	for (int width = TILE / 2; width > 0; width /= 2)
		for (int i = 0; i < width; i++)
			values[i] = larger(values[i], values[i + width]);
	return values[0];
}

/* Of eight tiles' rows, each the largest of two numbers of it, the largest of each tile. */
static INLINE void largest_of_rows(lanes rows[static LANES], float *to)
{
	float columns[LANES][LANES];
	lanes_turn(rows);
	memcpy(columns, rows, sizeof(columns));
	for (int width = LANES / 2; width > 0; width /= 2)
		for (int k = 0; k < width; k++)
			for (int i = 0; i < LANES; i++)
				columns[k][i] = larger(columns[k][i], columns[k + width][i]);
	memcpy(to, columns[0], sizeof(columns[0]));
}

/* Of each tile, the largest magnitude, and the largest second difference around its samples. Eight tiles at a
 * time; there is room for what is worked out of tiles behind the last. */
WIDE static void find_bends(struct oversample *o, size_t tiles)
{
	for (size_t first = o->kept > 0 ? o->kept : 1; first < tiles; first += LANES) {
		lanes most[LANES], bends[LANES];
		for (size_t t = 0; t < LANES; t++) {
			const float *x = o->x + (first + t) * TILE;
			float largest[LANES], bend[LANES];
			for (int i = 0; i < LANES; i++) {
				const float *y = x + i + LANES;
				largest[i] = larger(fabsf(x[i]), fabsf(*y));
				bend[i] = larger(fabsf((x[i - 1] - x[i]) - (x[i] - x[i + 1])),
					fabsf((y[-1] - y[0]) - (y[0] - y[1])));
			}
			memcpy(&most[t], largest, sizeof(largest));
			memcpy(&bends[t], bend, sizeof(bend));
		}
		largest_of_rows(most, o->most + first);
		largest_of_rows(bends, o->bends + first);
	}
}

/* The largest of each tile and of the `reach` tiles behind it; in steps that double. */
static void spread(float *values, size_t count, size_t reach)
{
	size_t done = 0;
	while (done < reach) {
		size_t step = done + 1 < reach - done ? done + 1 : reach - done;
		for (size_t t = 0; t + step < count; t++)
			values[t] = larger(values[t], values[t + step]);
		done += step;
	}
}

/* No value of tile t's intervals is larger than bounds[t]. */
static void find_bounds(struct oversample *o, size_t tiles, float *bounds)
{
	const size_t lead = LEAD / TILE, around = TAPS / 2 / TILE + 1;
	const size_t all = lead + tiles + around;
	find_bends(o, all + 1);
	memcpy(o->around, o->bends, (all + 1) * sizeof(*o->around));
	spread(o->around, all + 1, 2 * around);
	for (size_t t = 0; t < tiles; t++) {
		float ends = larger(o->most[lead + t], fabsf(o->x[(lead + t + 1) * TILE]));
		bounds[t] = ends * o->by_samples.ends + o->around[lead + t - around] * o->by_samples.bend;
	}
}

/* ---- interpolation ---- */

/* One output a lane: the taps are read once for sixteen outputs, and each, as the filter is symmetric, meets
 * two samples for each output. */
WIDE static void interpolate_tile(const float taps[TAPS / 2], const float *x, float *out)
{
	lanes low = {0}, high = {0};
	for (int k = 0; k < TAPS / 2; k++) {
		const float t = taps[k];
		const lanes tap = {t, t, t, t, t, t, t, t};
		const float *early = x + k, *late = x + TAPS - 1 - k;
		lanes one, other;
		memcpy(&one, early, sizeof(one));
		memcpy(&other, late, sizeof(other));
		low += tap * (one + other);
		memcpy(&one, early + LANES, sizeof(one));
		memcpy(&other, late + LANES, sizeof(other));
		high += tap * (one + other);
	}
	memcpy(out, &low, sizeof(low));
	memcpy(out + LANES, &high, sizeof(high));
}

/* Tile `tile` of the middles, the first of which is the one before the chunk. */
static void need_middles(struct oversample *o, size_t tile)
{
	if (!o->known[tile])
		interpolate_tile(o->middle, o->x + LEAD + tile * TILE - TILE - (TAPS / 2 - 1),
			o->middles + tile * TILE);
	o->known[tile] = true;
}

/* The largest of an interval's values; it begins with `grid`, which is the sample `x`. */
static INLINE float interval_peak(const struct oversample *o, const float *grid, const float *x)
{
	lanes low = {0}, high = {0}, plain = {0};
	for (int k = 0; k < POINTS; k++) {
		const float g = grid[k - 7];
		const lanes point = {g, g, g, g, g, g, g, g};
		lanes tap;
		memcpy(&tap, o->values[k], sizeof(tap));
		low += tap * point;
		memcpy(&tap, o->values[k] + LANES, sizeof(tap));
		high += tap * point;
	}
	for (int k = 0; k < PLAIN; k++) {
		const float g = x[k - (PLAIN / 2 - 1)];
		const lanes point = {g, g, g, g, g, g, g, g};
		lanes tap;
		memcpy(&tap, o->plain[k], sizeof(tap));
		plain += tap * point;
	}
	float all[TILE];
	for (int i = 0; i < LANES; i++) {
		all[i] = larger(fabsf(low[i]), fabsf(plain[i]));
		all[LANES + i] = fabsf(high[i]);
	}
	return largest_of(all);
}

enum { GRID = 2 * (REACH + TILE + REACH + 1) };

static void make_grid(const struct oversample *o, size_t tile, float grid[GRID])
{
	const float *x = o->x + LEAD + tile * TILE - REACH;
	const float *middles = o->middles + TILE + tile * TILE - REACH;
	for (int i = 0; i < GRID / 2; i++) {
		grid[2 * i] = x[i];
		grid[2 * i + 1] = middles[i];
	}
}

/* The largest second difference around each but the first and the last of `values`. */
static inline float largest_bend(const float *values, int count)
{
	float bends[TILE] = {0};
	for (int i = 1; i + 1 < count; i++)
		bends[i % TILE] = larger(
			bends[i % TILE], fabsf((values[i - 1] - values[i]) - (values[i] - values[i + 1])));
	return largest_of(bends);
}

/* The peaks of a tile's intervals into `peaks`, where they are above `floor`; 0 where they are not. */
WIDE static void tile_peaks(const struct oversample *o, size_t tile, float floor, float peaks[TILE])
{
	const float *x = o->x + LEAD + tile * TILE;
	float grid[GRID];
	make_grid(o, tile, grid);
	const float bend = largest_bend(grid, GRID) * o->by_grid.bend;
	const float plain = largest_bend(x - PLAIN / 2, TILE + PLAIN + 2) * o->by_plain.bend;
	for (int i = 0; i < TILE; i++) {
		const float *first = grid + 2 * (REACH + i);
		float outer = larger(fabsf(first[0]), fabsf(first[2])), ends = larger(outer, fabsf(first[1]));
		peaks[i] = 0;
		if (ends * o->by_grid.ends + bend > floor || outer * o->by_plain.ends + plain > floor)
			peaks[i] = interval_peak(o, first, x + i);
		peaks[i] = peaks[i] > floor ? peaks[i] : 0;
	}
}

static void find_peaks(struct oversample *o, size_t tile, float floor, float peaks[TILE])
{
	for (size_t i = 0; i < 3; i++)
		need_middles(o, tile + i);
	tile_peaks(o, tile, floor, peaks);
}

/* ---- chunks ---- */

static size_t chunk_size(size_t left)
{
	return left < CHUNK ? left : CHUNK;
}

static size_t tiles_of(size_t count)
{
	return (count + TILE - 1) / TILE;
}

/* Takes up to CHUNK samples in, and bounds what their tiles hold; chunk_end makes room for the next. */
static void chunk_begin(struct oversample *o, const double *samples, size_t count, float *bounds)
{
	float *fresh = o->x + LEAD + LATENCY;
	for (size_t i = 0; i < count; i++) {
		float sample = (float)samples[i];
		fresh[i] = fabsf(sample) < 1e-20f ? 0 : sample; /* no denormals in the sums */
	}
	/* What is not known yet goes straight on: no bend, where none need be. */
	const float last = fresh[count - 1], step = last - fresh[(ptrdiff_t)count - 2];
	for (int i = 0; i < 3 * TILE; i++)
		fresh[count + (size_t)i] = last + step * (float)(i + 1);
	memset(o->known, 0, sizeof(o->known));
	find_bounds(o, tiles_of(count), bounds);
}

static void chunk_end(struct oversample *o, size_t count)
{
	memmove(o->x, o->x + count, (LEAD + LATENCY) * sizeof(*o->x));
	o->kept = 0;
	if (count % TILE != 0)
		return;
	memmove(o->most, o->most + count / TILE, OLD_TILES * sizeof(*o->most));
	memmove(o->bends, o->bends + count / TILE, OLD_TILES * sizeof(*o->bends));
	o->kept = OLD_TILES;
}

bool oversample_peaks(struct oversample *o, const double *samples, double *peaks, size_t count)
{
	bool any = false;
	for (size_t done = 0, n; done < count; done += n) {
		float bounds[CHUNK / TILE];
		n = chunk_size(count - done);
		chunk_begin(o, samples + done, n, bounds);
		for (size_t i = 0; i < n; i++)
			peaks[done + i] = (double)fabsf(o->x[LEAD + i]);
		for (size_t t = 0; t < tiles_of(n); t++) {
			float found[TILE];
			if (!(bounds[t] > o->floor))
				continue;
			find_peaks(o, t, o->floor, found);
			for (size_t i = 0; i < TILE && t * TILE + i < n; i++) {
				if (!(found[i] > 0))
					continue;
				peaks[done + t * TILE + i] = (double)found[i];
				any = true;
			}
		}
		chunk_end(o, n);
	}
	return any;
}

double oversample_largest(struct oversample *o, const double *samples, size_t count)
{
	for (size_t done = 0, n; done < count; done += n) {
		float bounds[CHUNK / TILE];
		n = chunk_size(count - done);
		chunk_begin(o, samples + done, n, bounds);
		for (size_t t = 0; t < tiles_of(n); t++) {
			float found[TILE];
			if (!(bounds[t] > o->largest))
				continue;
			find_peaks(o, t, o->largest, found);
			for (size_t i = 0; i < TILE && t * TILE + i < n; i++)
				o->largest = larger(o->largest, found[i]);
		}
		chunk_end(o, n);
	}
	return (double)o->largest;
}

double oversample_largest_to_end(const struct oversample *o)
{
	static const double silence[TAPS];
	struct oversample copy = *o;
	return oversample_largest(&copy, silence, LATENCY);
}

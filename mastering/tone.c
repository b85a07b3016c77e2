#include "mastering/tone.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 12, HOLD_ROUNDS = 100 };

static const double band_hz[TONE_BANDS] = {80, 160, 315, 630, 1250, 2500, 5000, 10000};
static const double quietest_db = -50, mean_from_hz = 100, mean_to_hz = 8000;
static const double smoothing_octaves = 0.5; /* standard deviation */
static const double least_hz = 40, peak_q = 1.2, shelf_q = 0.7;

/* Moves below this are nobody's business. */
static const double inaudible_db = 0.1;

/* What the response stays below what it may, since it is looked at every half semitone only. */
static const double within_db = 0.005;

static double bump(double hz, double middle, double octaves)
{
	double distance = log2(hz / middle) / octaves;
	return exp(-distance * distance);
}

/* From 0 to 1 over about an octave around `hz`. */
static double above(double hz, double corner)
{
	return 1 / (1 + pow(corner / hz, 3));
}

void tone_curve(const struct master_curve *curve, double thirds_db[LONGTERM_THIRDS])
{
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double hz = longterm_third_hz(t);
		/* A third octave's power is its density times its width, which doubles every octave. */
		double octaves = log2(fmin(fmax(hz, 100), 10000) / 1000);
		thirds_db[t] = (curve->slope_db + 3.0103) * octaves + curve->bass_db * (1 - above(hz, 100)) +
			       curve->presence_db * bump(hz, 3000, 1) + curve->air_db * above(hz, 10000);
	}
}

/* The wanted change of each third octave; NAN where there is nothing to change. */
static void compare(const double thirds[LONGTERM_THIRDS], const double target_db[LONGTERM_THIRDS],
	uint32_t rate, double wanted[LONGTERM_THIRDS])
{
	double loudest = 0, sum = 0, count = 0;
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		loudest = fmax(loudest, thirds[t]);
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double hz = longterm_third_hz(t);
		bool is_there = thirds[t] > loudest * pow(10, quietest_db / 10) && hz >= least_hz &&
				hz < 0.4 * rate && isfinite(target_db[t]);
		wanted[t] = is_there ? target_db[t] - 10 * log10(thirds[t]) : NAN;
		if (is_there && hz > mean_from_hz && hz < mean_to_hz) {
			sum += wanted[t];
			count++;
		}
	}
	for (size_t t = 0; t < LONGTERM_THIRDS; t++)
		wanted[t] = count > 0 ? wanted[t] - sum / count : NAN;
}

static double smoothed(const double wanted[LONGTERM_THIRDS], double hz)
{
	double sum = 0, weights = 0;
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double distance = log2(longterm_third_hz(t) / hz);
		double weight = exp(-0.5 * pow(distance / smoothing_octaves, 2));
		if (isnan(wanted[t]) || fabs(distance) > 1.5)
			continue;
		sum += weight * wanted[t];
		weights += weight;
	}
	return weights > 0.5 ? sum / weights : 0;
}

static void design_band(struct tone *tone, size_t i, double gain_db, uint32_t rate)
{
	enum filter_shape shape = i == 0		? FILTER_LOWSHELF
				  : i == TONE_BANDS - 1 ? FILTER_HIGHSHELF
							: FILTER_PEAK;
	double q = shape == FILTER_PEAK ? peak_q : shelf_q;
	/* Shelves reach their gain an octave beyond their corner. */
	double hz = i == 0 ? tone->hz[i] * 1.4 : i == TONE_BANDS - 1 ? tone->hz[i] / 1.4 : tone->hz[i];
	tone->sections[i] = filter_design(shape, hz, q, gain_db, rate);
}

static void design(struct tone *tone, const double gains[TONE_BANDS], uint32_t rate)
{
	for (size_t i = 0; i < tone->count; i++)
		design_band(tone, i, gains[i], rate);
}

double tone_gain_db(const struct tone *tone, double hz, uint32_t rate)
{
	double gain = 1;
	for (size_t i = 0; i < tone->count; i++)
		gain *= filter_magnitude(&tone->sections[i], fmin(hz, 0.49 * rate), rate);
	return 20 * log10(gain);
}

/* Neighbours overlap: each gain gives way to what the others do in its band. */
static void fit(struct tone *tone, double gains[TONE_BANDS], uint32_t rate)
{
	memcpy(gains, tone->wanted_db, sizeof(tone->wanted_db));
	for (int round = 0; round < ROUNDS; round++) {
		design(tone, gains, rate);
		for (size_t i = 0; i < tone->count; i++) {
			double off = tone->wanted_db[i] - tone_gain_db(tone, tone->hz[i], rate);
			gains[i] = fmax(-12, fmin(12, gains[i] + 0.7 * off));
		}
	}
	design(tone, gains, rate);
}

/* Where the response is furthest from 0 dB: how far, with its sign. */
static double furthest(const struct tone *tone, uint32_t rate, double *hz)
{
	const double an_octave = 24, last = an_octave * log2(0.49 * rate) + 1;
	double most = 0;
	for (unsigned i = 0; i < last; i++) {
		double at = exp2(i / an_octave), gain = tone_gain_db(tone, at, rate);
		if (fabs(gain) <= fabs(most))
			continue;
		most = gain;
		*hz = at;
	}
	return most;
}

/* Between two bands that go as far as they may, the response goes further: there both give way, and where
 * that does not do, all. */
static void hold(struct tone *tone, double gains[TONE_BANDS], double most_db, uint32_t rate)
{
	double hz = 0, far;
	for (int round = 0; fabs(far = furthest(tone, rate, &hz)) > most_db - within_db; round++) {
		double over = copysign(fabs(far) - (most_db - 2 * within_db), far);
		for (size_t i = 0; i < tone->count; i++) {
			double octaves = fabs(log2(hz / tone->hz[i]));
			bool outside =
				(i == 0 && hz < tone->hz[i]) || (i + 1 == tone->count && hz > tone->hz[i]);
			if (round >= HOLD_ROUNDS)
				gains[i] *= 0.9;
			else if (octaves < 1 || outside)
				gains[i] -= 0.5 * over * (outside ? 1 : 1 - 0.5 * octaves);
			else
				continue;
			design_band(tone, i, gains[i], rate);
		}
	}
}

static void go_for(struct tone *tone, double most_db, uint32_t rate)
{
	double gains[TONE_BANDS];
	fit(tone, gains, rate);
	hold(tone, gains, most_db, rate);
}

void tone_design(struct tone *tone, const double thirds[LONGTERM_THIRDS],
	const double target_db[LONGTERM_THIRDS], double most_db, uint32_t rate)
{
	double wanted[LONGTERM_THIRDS], largest = 0;
	*tone = (struct tone){0};
	compare(thirds, target_db, rate, wanted);
	for (size_t i = 0; i < TONE_BANDS && band_hz[i] < 0.35 * rate; i++) {
		double hz = band_hz[i];
		tone->hz[i] = hz;
		tone->wanted_db[i] = fmax(-most_db, fmin(most_db, smoothed(wanted, hz)));
		largest = fmax(largest, fabs(tone->wanted_db[i]));
		tone->count = i + 1;
	}
	if (largest < inaudible_db)
		*tone = (struct tone){0};
	else
		go_for(tone, most_db, rate);
}

#include "listening/lines.h"

#include "common/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum line_sign {
	SIGN_SNARE,
	SIGN_BASS,
	SIGN_NEXT_SNARE,  /* on the beat after */
	SIGN_CHANGE_ONE,  /* of the harmony from one beat to the next */
	SIGN_CHANGE_TWO,  /* from two beats to the next two */
	SIGN_CHANGE_FOUR, /* from four to four */
	LINE_SIGNS,
};

static const float most_deviations = 2.5F;

/* How much each sign speaks for a bar line, and how little without any (a logistic regression on the songs of
 * tests/rig/played.py that may be tuned on; their bar lines are those of their scores). */
static const float weight[LINE_SIGNS] = {[SIGN_SNARE] = -0.26F,
	[SIGN_BASS] = 0.79F,
	[SIGN_NEXT_SNARE] = 0.37F,
	[SIGN_CHANGE_ONE] = 0.55F,
	[SIGN_CHANGE_TWO] = 0.32F,
	[SIGN_CHANGE_FOUR] = 0.13F};
static const float bias = -1.44F;

/* A bar that ends early, in nats; how often metres are met, in nats a beat. */
static const double turn_cost = 10;
static const double meter_prior[METER_MOST + 1] = {[3] = -0.03, [4] = 0, [5] = -0.08, [6] = -0.08};

static double step_at(const struct steps *beats, size_t i)
{
	if (i + 1 < beats->count)
		return beats->frame[i + 1] - beats->frame[i];
	return i > 0 ? beats->frame[i] - beats->frame[i - 1] : 1;
}

static void see(float *sign, const struct steps *beats, size_t i, const struct evidence *evidence,
	const struct harmony *harmony)
{
	const double at = beats->frame[i], step = step_at(beats, i), rate = evidence->rate;
	sign[SIGN_SNARE] = evidence_at(evidence, EVIDENCE_SNARE, at);
	sign[SIGN_BASS] = evidence_at(evidence, EVIDENCE_BASS, at);
	sign[SIGN_NEXT_SNARE] = evidence_at(evidence, EVIDENCE_SNARE, at + step);
	sign[SIGN_CHANGE_ONE] = (float)harmony_change(harmony, at / rate, step / rate);
	sign[SIGN_CHANGE_TWO] = (float)harmony_change(harmony, at / rate, 2 * step / rate);
	sign[SIGN_CHANGE_FOUR] = (float)harmony_change(harmony, at / rate, 4 * step / rate);
}

static void standardise(float *signs, size_t beats, size_t sign)
{
	double mean = 0, square = 0;
	for (size_t i = 0; i < beats; i++)
		mean += signs[i * LINE_SIGNS + sign] / (double)beats;
	for (size_t i = 0; i < beats; i++)
		square += pow(signs[i * LINE_SIGNS + sign] - mean, 2) / (double)beats;
	const double scale = 1 / (sqrt(square) + 1e-3);
	for (size_t i = 0; i < beats; i++) {
		float *value = &signs[i * LINE_SIGNS + sign];
		*value = fmaxf(-most_deviations, fminf(most_deviations, (float)((*value - mean) * scale)));
	}
}

/* What is seen at each beat, beats × LINE_SIGNS, in standard deviations from what is usual on beats. */
static float *see_all(
	const struct steps *beats, const struct evidence *evidence, const struct harmony *harmony)
{
	float *signs = memory_array((beats->count + 1) * LINE_SIGNS, sizeof(*signs));
	for (size_t i = 0; i < beats->count; i++)
		see(signs + i * LINE_SIGNS, beats, i, evidence, harmony);
	for (size_t sign = 0; sign < LINE_SIGNS; sign++)
		standardise(signs, beats->count, sign);
	return signs;
}

/* How likely each beat begins a bar, as a pair of logarithms: that it does not, and that it does. */
static double (*judge_beats(const float *signs, size_t beats))[2]
{
	double(*likely)[2] = memory_array(beats + 1, sizeof(*likely));
	for (size_t i = 0; i < beats; i++) {
		double sum = bias;
		for (size_t sign = 0; sign < LINE_SIGNS; sign++)
			sum += weight[sign] * signs[i * LINE_SIGNS + sign];
		likely[i][0] = -log1p(exp(sum));
		likely[i][1] = -log1p(exp(-sum));
	}
	return likely;
}

static int top_of(const double *score, int meter)
{
	int top = 0;
	for (int p = 1; p < meter; p++)
		top = score[p] > score[top] ? p : top;
	return top;
}

/* The best way to count the beats to `meter`, into `place`; returns how likely it is, in nats a beat. */
static double count_beats(double (*likely)[2], size_t beats, int meter, uint8_t *place)
{
	double best[METER_MOST], next[METER_MOST];
	uint8_t *from = memory_array(beats * METER_MOST, 1);
	for (int p = 0; p < meter; p++)
		best[p] = likely[0][p == 0];
	for (size_t i = 1; i < beats; i++) {
		const int top = top_of(best, meter);
		for (int p = 0; p < meter; p++) {
			int before = (p + meter - 1) % meter;
			if (best[top] - turn_cost > best[before])
				before = top;
			bool turn = before != (p + meter - 1) % meter;
			from[i * METER_MOST + (size_t)p] = (uint8_t)before;
			next[p] = best[before] - (turn ? turn_cost : 0) + likely[i][p == 0];
		}
		memcpy(best, next, sizeof(best));
	}
	int at = top_of(best, meter);
	const double score = best[at] / (double)beats;
	for (size_t i = beats; i-- > 0;) {
		place[i] = (uint8_t)at;
		at = from[i * METER_MOST + (size_t)at];
	}
	free(from);
	return score;
}

void lines_find(struct lines *lines, const struct steps *beats, const struct evidence *evidence,
	const struct harmony *harmony, int meter)
{
	double best = -INFINITY;
	*lines = (struct lines){.margin = 1};
	if (beats->count == 0)
		return;
	float *signs = see_all(beats, evidence, harmony);
	double(*likely)[2] = judge_beats(signs, beats->count);
	free(signs);
	for (int tried = METER_LEAST; tried <= METER_MOST; tried++) {
		if (meter > 0 && tried != meter)
			continue;
		uint8_t *place = memory_array(beats->count, 1);
		double score = count_beats(likely, beats->count, tried, place) + meter_prior[tried];
		if (score > best) {
			lines->margin = isfinite(best) ? score - best : 1;
			best = score;
			lines->meter = tried;
			free(lines->place);
			lines->place = place;
			continue;
		}
		lines->margin = fmin(lines->margin, best - score);
		free(place);
	}
	free(likely);
}

void lines_finish(struct lines *lines)
{
	free(lines->place);
	*lines = (struct lines){0};
}

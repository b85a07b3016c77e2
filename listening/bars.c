#include "listening/bars.h"

#include "common/memory.h"
#include "listening/counting.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How much the beats of the grid draw the beats, beside what is heard; how wide that reaches, in beats. */
static const double draw = 1.5, draw_width = 0.12, tightness = 100;

/* What speaks for a bar line among beats, found on the songs that the weights of counting.c were: the bass
 * begins something, the harmony changes, within half a second and within two beats, and the snare is silent.
 * Turning a bar's count over costs as much as several strong bar lines. */
static const double line_weight[EVIDENCE_KINDS] = {[EVIDENCE_ONSET] = -0.2,
	[EVIDENCE_KICK] = -0.3,
	[EVIDENCE_SNARE] = -0.7,
	[EVIDENCE_BASS] = 0.8,
	[EVIDENCE_CHANGE] = 0.4};
static const double line_new_harmony = 0.3, most_deviations = 3, turn_cost = 9;
static const double meter_prior[METER_MOST + 1] = {[3] = -0.27, [4] = 0, [5] = -0.3, [6] = -0.6};

/* ---- beats ---- */

struct beat_search {
	const struct pulse *pulse;
	double ratio;
};

static double beat_period(const void *data, double frame)
{
	const struct beat_search *search = data;
	return fmax(2, search->ratio * pulse_period(search->pulse, frame));
}

static double grid_step(const struct counting *grid, size_t bar)
{
	return (grid->lines.frame[bar + 1] - grid->lines.frame[bar]) / grid->meter;
}

static void draw_to(float *signal, size_t frames, double centre, double width)
{
	for (long n = lround(centre - 3 * width); n <= lround(centre + 3 * width); n++)
		if (n >= 0 && n < (long)frames)
			signal[n] += (float)(draw * exp(-0.5 * pow(((double)n - centre) / width, 2)));
}

/* Onsets, the bass drum and the grid's beats; those before the first bar line and behind the last go on as
 * they are next to it. */
static float *beat_signal(const struct evidence *evidence, const struct counting *grid)
{
	float *signal = memory_array(evidence->frames, sizeof(*signal));
	for (size_t n = 0; n < evidence->frames; n++)
		signal[n] = fmaxf(-0.5F,
			0.6F * evidence->row[EVIDENCE_ONSET][n] + 0.2F * evidence->row[EVIDENCE_KICK][n]);
	const size_t bars = grid->lines.count - 1;
	for (size_t bar = 0; bar < bars; bar++)
		for (int beat = 0; beat < grid->meter; beat++)
			draw_to(signal, evidence->frames,
				grid->lines.frame[bar] + (beat + grid->shift) * grid_step(grid, bar),
				draw_width * grid_step(grid, bar));
	double step = grid_step(grid, 0), at = grid->lines.frame[0] + (grid->shift - 1) * step;
	while (at > -step) {
		draw_to(signal, evidence->frames, at, draw_width * step);
		at -= step;
	}
	step = grid_step(grid, bars - 1);
	at = grid->lines.frame[bars] + grid->shift * step;
	while (at < (double)evidence->frames + step) {
		draw_to(signal, evidence->frames, at, draw_width * step);
		at += step;
	}
	return signal;
}

/* Beats before anyone plays and after everyone stopped are nobody's. */
static void trim(struct steps *beats, const struct evidence *evidence)
{
	const float *onset = evidence->row[EVIDENCE_ONSET];
	size_t first = 0, end = beats->count;
	double period = steps_period(beats);
	while (first < end && onset[(size_t)beats->frame[first]] < 0.5F)
		first++;
	while (end > first && onset[(size_t)beats->frame[end - 1]] < 0.5F)
		end--;
	/* The first one may be heard half a beat late. */
	if (first > 0 && first < end && beats->frame[first] - beats->frame[first - 1] < period / 2)
		first--;
	memmove(beats->frame, beats->frame + first, (end - first) * sizeof(*beats->frame));
	beats->count = end - first;
}

static void find_beats(struct bars *bars, const struct evidence *evidence, const struct pulse *pulse,
	const struct counting *grid)
{
	float *signal = beat_signal(evidence, grid);
	const struct beat_search data = {pulse, grid->ratio};
	const struct steps_search search = {
		signal, evidence->frames, beat_period, &data, 0.6, 1.6, tightness};
	steps_find(&bars->beats, &search);
	trim(&bars->beats, evidence);
	for (size_t i = 0; i < bars->beats.count; i++)
		bars->strength += evidence_at(evidence, EVIDENCE_ONSET, bars->beats.frame[i]) /
				  (double)bars->beats.count;
	steps_straighten(&bars->beats, 2);
	free(signal);
}

/* ---- bar lines ---- */

/* How much the harmony of two beats from each beat on differs from that of the two before, into `change`. */
static void new_harmony(const struct bars *bars, const struct harmony *harmony, double rate, double *change)
{
	const struct steps *beats = &bars->beats;
	const double period = steps_period(beats);
	double mean = 0, square = 0;
	for (size_t i = 0; i < beats->count; i++) {
		double step = i + 1 < beats->count ? beats->frame[i + 1] - beats->frame[i] : period;
		change[i] = harmony_change(harmony, beats->frame[i] / rate, 2 * step / rate);
		mean += change[i] / (double)beats->count;
	}
	for (size_t i = 0; i < beats->count; i++)
		square += (change[i] - mean) * (change[i] - mean) / (double)beats->count;
	for (size_t i = 0; i < beats->count; i++)
		change[i] = fmin(most_deviations, (change[i] - mean) / (sqrt(square) + 1e-6));
}

/* What speaks for a bar line at each beat, over what does on average. */
static double *line_evidence(
	const struct bars *bars, const struct evidence *evidence, const struct harmony *harmony)
{
	const size_t beats = bars->beats.count;
	double *line = memory_array(beats + 1, sizeof(*line)), mean = 0;
	new_harmony(bars, harmony, evidence->rate, line);
	for (size_t i = 0; i < beats; i++) {
		line[i] *= line_new_harmony;
		for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
			line[i] += line_weight[kind] *
				   evidence_at(evidence, (enum evidence_kind)kind, bars->beats.frame[i]);
		mean += line[i] / (double)beats;
	}
	for (size_t i = 0; i < beats; i++)
		line[i] -= mean;
	return line;
}

/* The best way to count the beats to `meter`, into `place`; returns how far bar lines stand out from other
 * beats, less what turns cost. */
static double count_bars(const double *line, size_t beats, int meter, uint8_t *place)
{
	double best[METER_MOST], next[METER_MOST];
	uint8_t *from = memory_array(beats * METER_MOST + 1, 1);
	for (int p = 0; p < meter; p++)
		best[p] = p == 0 ? line[0] : -line[0] / (meter - 1);
	for (size_t i = 1; i < beats; i++) {
		int top = 0;
		for (int p = 1; p < meter; p++)
			top = best[p] > best[top] ? p : top;
		for (int p = 0; p < meter; p++) {
			int before = (p + meter - 1) % meter;
			bool turn = best[top] - turn_cost > best[before];
			from[i * METER_MOST + (size_t)p] = (uint8_t)(turn ? top : before);
			next[p] = (turn ? best[top] - turn_cost : best[before]) +
				  (p == 0 ? line[i] : -line[i] / (meter - 1));
		}
		memcpy(best, next, sizeof(best));
	}
	int at = 0;
	for (int p = 1; p < meter; p++)
		at = best[p] > best[at] ? p : at;
	double score = best[at] * meter / (double)beats / 2;
	for (size_t i = beats; i-- > 0;) {
		place[i] = (uint8_t)at;
		at = i > 0 ? from[i * METER_MOST + (size_t)at] : at;
	}
	free(from);
	return score;
}

static void find_lines(struct bars *bars, const struct evidence *evidence, const struct harmony *harmony,
	const struct bars_known *known)
{
	const size_t beats = bars->beats.count;
	double *line = line_evidence(bars, evidence, harmony), best = -INFINITY;
	for (int meter = METER_LEAST; meter <= METER_MOST; meter++) {
		if (known->meter > 0 && known->meter != meter)
			continue;
		uint8_t *place = memory_array(beats + 1, sizeof(*place));
		double score = count_bars(line, beats, meter, place) + meter_prior[meter];
		if (score > best) {
			bars->meter_margin = best > -INFINITY ? score - best : 1;
			best = score;
			bars->meter = meter;
			free(bars->place);
			bars->place = place;
			continue;
		}
		bars->meter_margin = fmin(bars->meter_margin, best - score);
		free(place);
	}
	free(line);
}

int bars_find(struct bars *bars, const struct evidence *evidence, const struct harmony *harmony,
	const struct pulse *pulse, const struct bars_known *known)
{
	struct counting grid, other;

	*bars = (struct bars){0};
	if (!counting_find(&grid, &other, evidence, pulse, known))
		return -ENODATA;
	bars->margin = other.score > -INFINITY ? grid.score - other.score : 1;
	find_beats(bars, evidence, pulse, &grid);
	counting_finish(&grid);
	if (bars->beats.count < 4 * METER_MOST) {
		bars_finish(bars);
		return -ENODATA;
	}
	find_lines(bars, evidence, harmony, known);
	return 0;
}

void bars_finish(struct bars *bars)
{
	steps_finish(&bars->beats);
	free(bars->place);
	*bars = (struct bars){0};
}

#include "listening/bars.h"

#include "common/memory.h"
#include "listening/grid.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How much the beats of the grid draw the beats, beside what is heard; how wide that reaches, in beats. */
static const double draw = 1.5, draw_width = 0.12, tightness = 100;

/* Of a bar line, over other beats. Turning a bar's count over costs as much as a few strong bar lines. */
static const double line_onset = 0.3, line_bass = 0.35, line_kick = 0.1, line_change = 0.6, turn_cost = 5;
static const double meter_prior[METER_MOST + 1] = {[3] = -0.25, [4] = 0, [5] = -0.35, [6] = -0.3};

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

static double grid_step(const struct grid *grid, size_t bar)
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
static float *beat_signal(const struct evidence *evidence, const struct grid *grid)
{
	float *signal = memory_array(evidence->frames, sizeof(*signal));
	for (size_t n = 0; n < evidence->frames; n++)
		signal[n] = fmaxf(-0.5F, 0.6F * evidence->row[EVIDENCE_ONSET][n] +
						 0.2F * evidence->row[EVIDENCE_KICK][n]);
	const size_t bars = grid->lines.count - 1;
	for (size_t bar = 0; bar < bars; bar++)
		for (int beat = 0; beat < grid->meter; beat++)
			draw_to(signal, evidence->frames,
				grid->lines.frame[bar] + (beat + grid->shift) * grid_step(grid, bar),
				draw_width * grid_step(grid, bar));
	double step = grid_step(grid, 0), at = grid->lines.frame[0] + (grid->shift - 1) * step;
	for (; at > -step; at -= step)
		draw_to(signal, evidence->frames, at, draw_width * step);
	step = grid_step(grid, bars - 1);
	at = grid->lines.frame[bars] + grid->shift * step;
	for (; at < (double)evidence->frames + step; at += step)
		draw_to(signal, evidence->frames, at, draw_width * step);
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
	const struct grid *grid)
{
	float *signal = beat_signal(evidence, grid);
	const struct beat_search data = {pulse, grid->ratio};
	const struct steps_search search = {signal, evidence->frames, beat_period, &data, 0.6, 1.6, tightness};
	steps_find(&bars->beats, &search);
	trim(&bars->beats, evidence);
	for (size_t i = 0; i < bars->beats.count; i++)
		bars->strength += evidence_at(evidence, EVIDENCE_ONSET, bars->beats.frame[i]) /
				  (double)bars->beats.count;
	steps_straighten(&bars->beats, 2);
	free(signal);
}

/* ---- bar lines ---- */

static double line_evidence(const struct evidence *evidence, double frame)
{
	return line_onset * evidence_at(evidence, EVIDENCE_ONSET, frame) +
	       line_bass * evidence_at(evidence, EVIDENCE_BASS, frame) +
	       line_kick * evidence_at(evidence, EVIDENCE_KICK, frame) +
	       line_change * evidence_at(evidence, EVIDENCE_CHANGE, frame);
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

static void find_lines(struct bars *bars, const struct evidence *evidence, const struct bars_known *known)
{
	const size_t beats = bars->beats.count;
	double *line = memory_array(beats + 1, sizeof(*line)), mean = 0, best = -INFINITY;
	for (size_t i = 0; i < beats; i++)
		mean += (line[i] = line_evidence(evidence, bars->beats.frame[i])) / (double)beats;
	for (size_t i = 0; i < beats; i++)
		line[i] -= mean;
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

int bars_find(struct bars *bars, const struct evidence *evidence,
	const struct pulse *pulse, const struct bars_known *known)
{
	struct grid grid, other;

	*bars = (struct bars){0};
	if (!grid_find(&grid, &other, evidence, pulse, known))
		return -ENODATA;
	bars->margin = other.score > -INFINITY ? grid.score - other.score : 1;
	find_beats(bars, evidence, pulse, &grid);
	grid_finish(&grid);
	if (bars->beats.count < 4 * METER_MOST) {
		bars_finish(bars);
		return -ENODATA;
	}
	find_lines(bars, evidence, known);
	return 0;
}

void bars_finish(struct bars *bars)
{
	steps_finish(&bars->beats);
	free(bars->place);
	*bars = (struct bars){0};
}

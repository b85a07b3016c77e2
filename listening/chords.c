#include "listening/chords.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIADS = 24 };

/* What a chord's tones count for, those beside it, and the lowest tone of all: found on the songs that the
 * weights of counting.c were. */
static const float root_weight = 1.2F, third_weight = 1.05F, fifth_weight = 0.8F, beside_weight = 0.65F;
static const float lowest_root = 0.4F, lowest_third = 0.28F, lowest_fifth = 0.18F;
static const float silence = 0.05F; /* of the song's usual strength */

/* What a change costs, in seconds of a perfect fit: where a bar of the harmony begins, and elsewhere. While
 * it is asked where that is, a change costs more, so that half a bar is one only where chords do change that
 * fast; the rhythm's own bars are preferred by so much of the time. Where no bars explain the changes better
 * than beats do, any beat may be one. */
static const double line_cost = 0.03, within_cost = 0.8, asking_cost = 0.4, own_lines = 0.04;
static const double beat_cost = 0.2, asking_beat_cost = 0.45, never = 1e6;

struct beat {
	double from_s, to_s;
	size_t place; /* in the bar */
	float sounding;
	float fit[TRIADS];
};

struct beats {
	struct beat *beats;
	size_t count;
	float usual, usual_lowest; /* the mean of what sounds */
};

/* Bars of the harmony: `length` beats, the first `shift` beats before a bar line. */
struct grouping {
	size_t length, shift;
};

static float sum_of(const float *classes)
{
	float sum = 0;
	for (int c = 0; c < CLASSES; c++)
		sum += classes[c];
	return sum;
}

/* By what usually sounds, so that the beats of a bar count by how much sounds in them. */
static float fit_triad(const struct chroma *chroma, int triad, float usual, float usual_lowest)
{
	const int root = triad / 2, third = (root + (triad % 2 ? 3 : 4)) % CLASSES,
		  fifth = (root + 7) % CLASSES;
	const float *all = chroma->classes, *low = chroma->lowest;
	float beside = sum_of(all) - all[root] - all[third] - all[fifth];
	float told = root_weight * all[root] + third_weight * all[third] + fifth_weight * all[fifth];
	float bottom = lowest_root * low[root] + lowest_third * low[third] + lowest_fifth * low[fifth];
	return (told - beside_weight * beside) / usual + bottom / usual_lowest;
}

static void lay_beats(struct beats *beats, const struct harmony *harmony, const struct bars *bars)
{
	const double rate = harmony->rate * HEARD_SLOW, step = steps_period(&bars->beats) / rate;
	beats->count = bars->beats.count;
	beats->beats = memory_array(beats->count + 1, sizeof(*beats->beats));
	beats->usual = beats->usual_lowest = 1e-9F;
	struct chroma *chroma = memory_array(beats->count + 1, sizeof(*chroma));
	for (size_t i = 0; i < beats->count; i++) {
		struct beat *beat = &beats->beats[i];
		beat->from_s = bars->beats.frame[i] / rate;
		beat->to_s = i + 1 < beats->count ? bars->beats.frame[i + 1] / rate : beat->from_s + step;
		beat->place = bars->place[i];
		chroma[i] = harmony_between(harmony, beat->from_s, beat->to_s);
		beat->sounding = sum_of(chroma[i].classes);
		beats->usual += beat->sounding / (float)beats->count;
		beats->usual_lowest += sum_of(chroma[i].lowest) / (float)beats->count;
	}
	for (size_t i = 0; i < beats->count; i++)
		for (int triad = 0; triad < TRIADS; triad++)
			beats->beats[i].fit[triad] =
				fit_triad(&chroma[i], triad, beats->usual, beats->usual_lowest);
	free(chroma);
}

static int best_of(const double *values)
{
	int best = 0;
	for (int triad = 1; triad < TRIADS; triad++)
		best = values[triad] > values[best] ? triad : best;
	return best;
}

/* The best way's sum; where `chosen` is not NULL, also the way, a triad a beat. */
static double best_way(
	const struct beats *beats, struct grouping grouping, double line, double within, uint8_t *chosen)
{
	double best[TRIADS] = {0};
	uint8_t *from = memory_array(beats->count * TRIADS + 1, 1);
	for (size_t i = 0; i < beats->count; i++) {
		const struct beat *beat = &beats->beats[i];
		bool begins = (beat->place + grouping.shift) % grouping.length == 0;
		const int top = best_of(best);
		const double changed = best[top] - (begins ? line : within);
		for (int triad = 0; triad < TRIADS; triad++) {
			bool stays = i == 0 || best[triad] >= changed;
			from[i * TRIADS + (size_t)triad] = (uint8_t)(stays ? triad : top);
			best[triad] = (stays ? best[triad] : changed) +
				      (beat->to_s - beat->from_s) * beat->fit[triad];
		}
	}
	const int last = best_of(best);
	uint8_t at = (uint8_t)last;
	for (size_t i = beats->count; chosen && i-- > 0;) {
		chosen[i] = at;
		at = from[i * TRIADS + at];
	}
	free(from);
	return best[last];
}

/* A bar or half of it, from any of its beats on; or a beat. */
static struct grouping find_grouping(const struct beats *beats, size_t meter)
{
	const double length_s = beats->beats[beats->count - 1].to_s - beats->beats[0].from_s;
	struct grouping found = {meter, 0};
	double most = -INFINITY;
	for (size_t parts = 1; parts <= 2 && meter % parts == 0; parts++)
		for (size_t shift = 0; shift < meter / parts; shift++) {
			const struct grouping grouping = {meter / parts, shift};
			double sum = best_way(beats, grouping, asking_cost, never, NULL);
			sum += parts == 1 && shift == 0 ? own_lines * length_s : 0;
			if (sum > most) {
				most = sum;
				found = grouping;
			}
		}
	const struct grouping beat = {1, 0};
	return best_way(beats, beat, asking_beat_cost, never, NULL) > most ? beat : found;
}

/* How far the triad leads over every other one in the beats that have it. */
static double sureness(const struct beats *beats, const uint8_t *chosen, size_t first, size_t end)
{
	double fit[TRIADS] = {0}, weight = 1e-9, next = -INFINITY;
	for (size_t i = first; i < end; i++) {
		const double part = beats->beats[i].to_s - beats->beats[i].from_s;
		for (int triad = 0; triad < TRIADS; triad++)
			fit[triad] += part * beats->beats[i].fit[triad];
		weight += part * beats->beats[i].sounding / beats->usual;
	}
	for (int triad = 0; triad < TRIADS; triad++)
		if (triad != chosen[first])
			next = fmax(next, fit[triad]);
	return 1 / (1 + exp(-6 * (fit[chosen[first]] - next) / weight));
}

static void lay_spans(struct chords *chords, const struct beats *beats, const uint8_t *chosen)
{
	chords->spans = memory_array(beats->count + 1, sizeof(*chords->spans));
	for (size_t first = 0, end; first < beats->count; first = end) {
		for (end = first + 1; end < beats->count && chosen[end] == chosen[first];)
			end++;
		const double sure = sureness(beats, chosen, first, end);
		for (size_t i = first; i < end; i++) {
			const struct beat *beat = &beats->beats[i];
			if (i == first || beat->place == 0)
				chords->spans[chords->span_count++] = (struct chord_span){
					beat->from_s, 0, chosen[i] / 2, chosen[i] % 2, sure};
			chords->spans[chords->span_count - 1].to_s = beat->to_s;
		}
	}
}

/* A bar in which next to nothing sounds has no chord. */
static void silence_spans(struct chords *chords, const struct harmony *harmony, float usual)
{
	for (size_t i = 0; i < chords->span_count; i++) {
		struct chord_span *span = &chords->spans[i];
		struct chroma chroma = harmony_between(harmony, span->from_s, span->to_s);
		const float part = sum_of(chroma.classes) / (silence * usual);
		if (part < 1)
			*span = (struct chord_span){span->from_s, span->to_s, -1, false, 1 - part / 2};
	}
}

static void lay_bars(struct chords *chords, const struct beats *beats)
{
	chords->bars = memory_array(beats->count + 1, sizeof(*chords->bars));
	size_t span = 0;
	for (size_t i = 0; i < beats->count; i++) {
		if (i > 0 && beats->beats[i].place != 0)
			continue;
		double longest = 0;
		struct chord_span *bar = &chords->bars[chords->count++];
		size_t last = i + 1;
		while (last < beats->count && beats->beats[last].place != 0)
			last++;
		const double from = beats->beats[i].from_s, to = beats->beats[last - 1].to_s;
		for (; span < chords->span_count && chords->spans[span].from_s < to; span++)
			if (chords->spans[span].to_s - chords->spans[span].from_s > longest) {
				*bar = chords->spans[span];
				longest = bar->to_s - bar->from_s;
			}
		bar->from_s = from;
		bar->to_s = to;
	}
}

void chords_find(struct chords *chords, const struct harmony *harmony, const struct bars *bars)
{
	struct beats beats;
	*chords = (struct chords){0};
	if (bars->beats.count == 0 || bars->meter < 1)
		return;
	lay_beats(&beats, harmony, bars);
	uint8_t *chosen = memory_array(beats.count, 1);
	const struct grouping grouping = find_grouping(&beats, (size_t)bars->meter);
	best_way(&beats, grouping, grouping.length == 1 ? beat_cost : line_cost, within_cost, chosen);
	lay_spans(chords, &beats, chosen);
	silence_spans(chords, harmony, beats.usual);
	lay_bars(chords, &beats);
	free(chosen);
	free(beats.beats);
}

void chords_finish(struct chords *chords)
{
	free(chords->bars);
	free(chords->spans);
	*chords = (struct chords){0};
}

#include "listening/pulse.h"

#include "common/median.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPI = 128, WINDOW_S = 8, LAGS_OF = 4 };

/* The tempi that are looked at, from slow to fast in equal ratios; and where people feel a beat, as a width
 * in octaves around it (D. Moelants, 2002, found 120 to 130). */
static const double slowest_bpm = 40, fastest_bpm = 240, usual_bpm = 115, usual_width = 0.9;

/* What a change from one tempo to the next one looked at costs, a second. */
static const double change_cost = 0.08;

struct search {
	const struct together *together;
	size_t windows, lags;
	double periods[TEMPI], prior[TEMPI];
	float *score; /* windows × TEMPI */
};

static void lay_tempi(struct search *search)
{
	const double ratio = fastest_bpm / slowest_bpm;
	for (size_t i = 0; i < TEMPI; i++) {
		double bpm = slowest_bpm * pow(ratio, (double)i / (TEMPI - 1));
		double off = log2(bpm / usual_bpm) / usual_width;
		search->periods[i] = 60 * search->together->rate / bpm;
		search->prior[i] = exp(-0.5 * off * off);
	}
	search->lags = (size_t)(search->periods[0] * LAGS_OF) + 2;
}

/* Of the onsets around `middle`, which fade out to both sides; by its value without a lag. */
static void autocorrelate(const struct search *search, size_t middle, float *correlation)
{
	const struct together *t = search->together;
	const size_t length = (size_t)(WINDOW_S * t->rate);
	float *windowed = memory_array(length, sizeof(*windowed));
	double mean = 0;
	for (size_t i = 0; i < length; i++) {
		size_t frame = middle + i;
		if (frame >= length / 2 && frame - length / 2 < t->frames)
			windowed[i] = t->onset[frame - length / 2];
		mean += windowed[i] / (double)length;
	}
	for (size_t i = 0; i < length; i++)
		windowed[i] =
			(windowed[i] - (float)mean) * (float)sin(M_PI * ((double)i + 0.5) / (double)length);
	for (size_t lag = 0; lag < search->lags; lag++) {
		float sum = 0;
		for (size_t i = lag; i < length; i++)
			sum += windowed[i] * windowed[i - lag];
		correlation[lag] = sum / (float)(length - (lag < length / 2 ? lag : length / 2));
	}
	const float whole = correlation[0];
	for (size_t lag = 0; lag < search->lags; lag++)
		correlation[lag] = whole > 0 ? correlation[lag] / whole : 0;
	free(windowed);
}

static float at_lag(const float *correlation, double lag)
{
	size_t i = (size_t)lag;
	float part = (float)(lag - (double)i);
	return correlation[i] * (1 - part) + correlation[i + 1] * part;
}

static void score_window(const struct search *search, size_t window)
{
	float *correlation = memory_array(search->lags, sizeof(*correlation));
	autocorrelate(search, (size_t)((double)window * search->together->rate), correlation);
	for (size_t i = 0; i < TEMPI; i++) {
		float sum = 0;
		for (size_t k = 1; k <= LAGS_OF; k++)
			if ((double)k * search->periods[i] < (double)search->lags - 1)
				sum += at_lag(correlation, (double)k * search->periods[i]) / LAGS_OF;
		search->score[window * TEMPI + i] = sum * (float)search->prior[i];
	}
	free(correlation);
}

/* The way through all windows whose scores, less what changes cost, are the highest. */
static void best_way(const struct search *search, struct pulse *pulse)
{
	enum { REACH = 12 };
	uint8_t *from = memory_array(search->windows, TEMPI);
	double best[TEMPI], next[TEMPI];
	for (size_t i = 0; i < TEMPI; i++)
		best[i] = search->score[i];
	for (size_t w = 1; w < search->windows; w++) {
		for (size_t i = 0; i < TEMPI; i++) {
			size_t first = i > REACH ? i - REACH : 0, chosen = i;
			for (size_t j = first; j <= i + REACH && j < TEMPI; j++)
				if (best[j] - change_cost * fabs((double)i - (double)j) >
					best[chosen] - change_cost * fabs((double)i - (double)chosen))
					chosen = j;
			from[w * TEMPI + i] = (uint8_t)chosen;
			next[i] = best[chosen] - change_cost * fabs((double)i - (double)chosen) +
				  search->score[w * TEMPI + i];
		}
		memcpy(best, next, sizeof(best));
	}
	size_t at = 0;
	for (size_t i = 0; i < TEMPI; i++)
		at = best[i] > best[at] ? i : at;
	double clear = 0;
	for (size_t w = search->windows; w-- > 0; at = from[w * TEMPI + at]) {
		pulse->period[w] = search->periods[at];
		clear += search->score[w * TEMPI + at] / search->prior[at] / (double)search->windows;
	}
	pulse->clearness = fmin(1, fmax(0, clear));
	free(from);
}

int pulse_find(struct pulse *pulse, const struct together *together)
{
	struct search search = {.together = together};
	*pulse = (struct pulse){0};
	search.windows = together->rate > 0 ? (size_t)((double)together->frames / together->rate) : 0;
	double any = 0;
	for (size_t n = 0; n < together->frames; n++)
		any += together->onset[n];
	if (search.windows < WINDOW_S || any <= 0)
		return -ENODATA;
	lay_tempi(&search);
	search.score = memory_array(search.windows * TEMPI, sizeof(*search.score));
	for (size_t w = 0; w < search.windows; w++)
		score_window(&search, w);
	pulse->windows = search.windows;
	pulse->rate = together->rate;
	pulse->period = memory_array(search.windows, sizeof(*pulse->period));
	best_way(&search, pulse);
	free(search.score);
	return 0;
}

void pulse_finish(struct pulse *pulse)
{
	free(pulse->period);
	*pulse = (struct pulse){0};
}

double pulse_period(const struct pulse *pulse, double frame)
{
	size_t window = (size_t)fmax(0, frame / pulse->rate + 0.5);
	return pulse->period[window < pulse->windows ? window : pulse->windows - 1];
}

#include "listening/chords.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIADS = 24, NONE = TRIADS, STATES };

/* What a chord's tones count for, those beside it, and the lowest tone of all: found on the songs that the
 * weights of counting.c were. */
static const float root_weight = 1.2F, third_weight = 1.05F, fifth_weight = 0.8F, beside_weight = 0.65F;
static const float lowest_root = 0.4F, lowest_third = 0.28F, lowest_fifth = 0.18F;
static const float silence = 0.05F; /* of the song's usual strength */

struct fits {
	float of[STATES];
	float sounding;
};

static struct fits fit(const struct chroma *chroma)
{
	struct fits fits = {{0}};
	float total = 1e-9F, lowest = 1e-9F;
	for (int c = 0; c < CLASSES; c++) {
		total += chroma->classes[c];
		lowest += chroma->lowest[c];
	}
	fits.sounding = total;
	for (int state = 0; state < TRIADS; state++) {
		int root = state / 2, third = (root + (state % 2 ? 3 : 4)) % CLASSES,
		    fifth = (root + 7) % CLASSES;
		const float *all = chroma->classes, *low = chroma->lowest;
		float inside = all[root] + all[third] + all[fifth];
		float told = root_weight * all[root] + third_weight * all[third] + fifth_weight * all[fifth];
		fits.of[state] =
			(told - beside_weight * (total - inside)) / total +
			(lowest_root * low[root] + lowest_third * low[third] + lowest_fifth * low[fifth]) /
				lowest;
	}
	return fits;
}

static int best_of(const struct fits *fits)
{
	int best = 0;
	for (int s = 1; s < STATES; s++)
		best = fits->of[s] > fits->of[best] ? s : best;
	return best;
}

/* A bar in which next to nothing sounds has no chord. */
static void mark_silence(struct fits *fits, size_t count)
{
	float mean = 0;
	for (size_t i = 0; i < count; i++)
		mean += fits[i].sounding / (float)count;
	for (size_t i = 0; i < count; i++)
		fits[i].of[NONE] = fits[i].sounding < silence * mean ? 2 : -2;
}

static double sureness(const struct fits *fits, int state)
{
	float next = -2;
	for (int s = 0; s < STATES; s++)
		if (s != state)
			next = fmaxf(next, fits->of[s]);
	double lead = fits->of[state] - next;
	return 1 / (1 + exp(-6 * lead));
}

static void lay_bars(struct chords *chords, const struct bars *bars, double rate)
{
	const struct steps *beats = &bars->beats;
	const double step = steps_period(beats) / rate;
	chords->bars = memory_array(beats->count + 1, sizeof(*chords->bars));
	for (size_t i = 0; i < beats->count; i++) {
		if (i > 0 && bars->place[i] != 0)
			continue;
		double from = beats->frame[i] / rate;
		if (chords->count > 0)
			chords->bars[chords->count - 1].to_s = from;
		chords->bars[chords->count++] =
			(struct chord_span){from, beats->frame[beats->count - 1] / rate + step, -1, false, 0};
	}
}

void chords_find(struct chords *chords, const struct harmony *harmony, const struct bars *bars)
{
	*chords = (struct chords){0};
	lay_bars(chords, bars, harmony->rate * HEARD_SLOW);
	struct fits *fits = memory_array(chords->count + 1, sizeof(*fits));
	for (size_t i = 0; i < chords->count; i++) {
		struct chroma chroma = harmony_between(harmony, chords->bars[i].from_s, chords->bars[i].to_s);
		fits[i] = fit(&chroma);
	}
	mark_silence(fits, chords->count);
	for (size_t i = 0; i < chords->count; i++) {
		int state = best_of(&fits[i]);
		chords->bars[i].root = state == NONE ? -1 : state / 2;
		chords->bars[i].minor = state != NONE && state % 2;
		chords->bars[i].confidence = sureness(&fits[i], state);
	}
	free(fits);
}

void chords_finish(struct chords *chords)
{
	free(chords->bars);
	*chords = (struct chords){0};
}

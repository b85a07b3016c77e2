#include "listening/chords.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIADS = 24, NONE = TRIADS, STATES };

/* What the lowest tone counts for, beside all others; what a change of chord costs, a bar. */
static const float root_weight = 0.6F, fifth_weight = 0.15F;
static const double change_cost = 0.08, related_cost = 0.06;
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
		float inside = chroma->classes[root] + chroma->classes[third] + chroma->classes[fifth];
		fits.of[state] = (2 * inside - total) / total + root_weight * chroma->lowest[root] / lowest +
				 fifth_weight * (chroma->lowest[fifth] + chroma->lowest[third]) / lowest;
	}
	return fits;
}

static double step_cost(int from, int to)
{
	if (from == to)
		return 0;
	return from == NONE || to == NONE ? related_cost : change_cost;
}

/* The best way through the bars' fits, into `state`. */
static void best_way(const struct fits *fits, size_t count, int *state)
{
	uint8_t *from = memory_array(count * STATES + 1, 1);
	double best[STATES], next[STATES];
	for (int s = 0; s < STATES; s++)
		best[s] = fits[0].of[s];
	for (size_t i = 1; i < count; i++) {
		for (int s = 0; s < STATES; s++) {
			int top = 0;
			for (int f = 1; f < STATES; f++)
				if (best[f] - step_cost(f, s) > best[top] - step_cost(top, s))
					top = f;
			from[i * STATES + (size_t)s] = (uint8_t)top;
			next[s] = best[top] - step_cost(top, s) + fits[i].of[s];
		}
		memcpy(best, next, sizeof(best));
	}
	int at = 0;
	for (int s = 1; s < STATES; s++)
		at = best[s] > best[at] ? s : at;
	for (size_t i = count; i-- > 0;) {
		state[i] = at;
		at = i > 0 ? from[i * STATES + (size_t)at] : at;
	}
	free(from);
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
	int *state = memory_array(chords->count + 1, sizeof(*state));
	for (size_t i = 0; i < chords->count; i++) {
		struct chroma chroma = harmony_between(harmony, chords->bars[i].from_s, chords->bars[i].to_s);
		fits[i] = fit(&chroma);
	}
	mark_silence(fits, chords->count);
	if (chords->count > 0)
		best_way(fits, chords->count, state);
	for (size_t i = 0; i < chords->count; i++) {
		chords->bars[i].root = state[i] == NONE ? -1 : state[i] / 2;
		chords->bars[i].minor = state[i] != NONE && state[i] % 2;
		chords->bars[i].confidence = sureness(&fits[i], state[i]);
	}
	free(state);
	free(fits);
}

void chords_finish(struct chords *chords)
{
	free(chords->bars);
	*chords = (struct chords){0};
}

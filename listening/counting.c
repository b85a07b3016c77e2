#include "listening/counting.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BARS_LEAST = 8, RATIOS = 9, METERS = 2, WAYS_MOST = RATIOS * METERS * DIVISIONS * 2 };

static const double ratios[RATIOS] = {1, 1 / 2.0, 2, 1 / 3.0, 3, 2 / 3.0, 3 / 2.0, 4 / 3.0, 3 / 4.0};
static const double slowest_bpm = 40, fastest_bpm = 250;

/* Others are told from these once there are beats. */
static const int meters[METERS] = {4, 3};
/* How often three is met against four, and beats of four parts against others, as logarithms. */
static const double three = -0.3, four_parts = -0.3;

/* Where people feel a beat: around 120 a minute (D. P. W. Ellis, 2007), two thirds of an octave wide (R.
 * Parncutt, "A perceptual model of pulse salience and metrical accent", Music Perception 11 (4), 1994). */
static const double usual_bpm = 120, usual_width = 0.66;
static const double known_width =
	0.25; /* of a tempo that the session states; it may have been played otherwise */

/* Likelihoods are told as parts of the best one's, which songs have in common, and count so much: frames are
 * not independent of each other, as the sum over them would have it. */
static const double likelihood_weight = 2;

/* So much of its likelihood a way may lose by beginning on a beat. */
static const double off_beat = 0.12;

struct beat {
	const struct pulse *pulse;
	double ratio, usual; /* pulses; the pulse's usual period */
	bool steady;
};

static double beat_period(const void *data, double frame)
{
	const struct beat *beat = data;
	double period = beat->steady ? beat->usual : pulse_period(beat->pulse, frame);
	/* Where the pulse is for a while found at its double or half, the beats go on. */
	while (period > M_SQRT2 * beat->usual)
		period /= 2;
	while (period < M_SQRT1_2 * beat->usual)
		period *= 2;
	return beat->ratio * period;
}

static double prior(const struct bars_known *known, const struct counting *way)
{
	double usual = known->tempo_bpm > 0 ? known->tempo_bpm : usual_bpm;
	double off = log2(way->bpm / usual) / (known->tempo_bpm > 0 ? known_width : usual_width);
	return -0.5 * off * off + (way->meter == 3 ? three : 0) +
	       (way->division == DIVISION_FOUR ? four_parts : 0);
}

static double follow(struct steps *beats, const struct counting *way, const struct places *places,
	const struct pulse *pulse)
{
	const struct beat beat = {pulse, way->ratio, 60 * places->rate / way->bpm / way->ratio, way->steady};
	const struct pointer_search search = {
		places, beat_period, &beat, way->meter, way->division, way->on_first};
	return pointer_find(&search, beats);
}

void counting_follow(struct steps *beats, const struct counting *way, const struct places *places,
	const struct pulse *pulse)
{
	follow(beats, way, places, pulse);
}

static double usual_period(const struct pulse *pulse)
{
	double *periods = memory_array(pulse->windows, sizeof(*periods));
	memcpy(periods, pulse->period, pulse->windows * sizeof(*periods));
	double middle = median(periods, pulse->windows);
	free(periods);
	return middle;
}

/* A metre that is known and of which there are no ways is like one that there is. */
static bool fits(int meter, int known)
{
	return known == 0 || (known % 3 == 0) == (meter == 3);
}

static size_t lay_ways(struct counting *ways, const struct places *places, const struct pulse *pulse,
	const struct bars_known *known)
{
	const double period = usual_period(pulse);
	size_t count = 0;
	for (size_t i = 0; i < WAYS_MOST; i++) {
		struct counting way = {.ratio = ratios[i / 2 / METERS / DIVISIONS],
			.meter = meters[i / 2 / DIVISIONS % METERS],
			.division = (enum division)(i / 2 % DIVISIONS),
			.steady = i % 2 == 0};
		way.bpm = 60 * places->rate / period / way.ratio;
		if (fits(way.meter, known->meter) && way.bpm >= slowest_bpm && way.bpm <= fastest_bpm &&
			(double)places->frames > BARS_LEAST * way.meter * way.ratio * period)
			ways[count++] = way;
	}
	return count;
}

/* Songs begin on a beat more often than not: of the ways with the best one's tempo, the one in which this one
 * does, if it is nearly as likely. */
static void begin_on_beat(struct counting *best, const struct counting *ways, size_t count, double scale,
	const struct places *places, const struct pulse *pulse)
{
	double most = 0, found = 0;
	struct counting chosen = *best;
	for (size_t i = 0; i < count; i++) {
		struct counting way = ways[i];
		if (way.ratio != best->ratio)
			continue;
		way.on_first = true;
		most = fmax(most, way.likelihood);
		way.likelihood = follow(NULL, &way, places, pulse) / scale;
		if (way.likelihood > found) {
			found = way.likelihood;
			chosen = way;
		}
	}
	if (found >= most * (1 - off_beat))
		*best = chosen;
}

bool counting_find(struct counted *counted, const struct places *places, const struct pulse *pulse,
	const struct bars_known *known)
{
	struct counting ways[WAYS_MOST];
	const size_t count = lay_ways(ways, places, pulse, known);
	double most = 0;
	size_t best = 0;
	for (size_t i = 0; i < count; i++) {
		ways[i].likelihood = follow(NULL, &ways[i], places, pulse);
		most = fmax(most, ways[i].likelihood);
	}
	if (most <= 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		ways[i].likelihood /= most;
		ways[i].score = likelihood_weight * ways[i].likelihood + prior(known, &ways[i]);
		best = ways[i].score > ways[best].score ? i : best;
	}
	*counted = (struct counted){ways[best], COUNTING_CLEAR};
	for (size_t i = 0; i < count; i++)
		if (ways[i].ratio != ways[best].ratio)
			counted->margin = fmin(counted->margin, ways[best].score - ways[i].score);
	begin_on_beat(&counted->best, ways, count, most, places, pulse);
	return true;
}

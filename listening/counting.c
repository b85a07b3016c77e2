#include "listening/counting.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BARS_LEAST = 8, RATIOS = COUNTING_RATIOS, METERS = 2, RATIO_WAYS = METERS * DIVISIONS * 2 };

static const double ratios[RATIOS] = {1, 1 / 2.0, 2, 1 / 3.0, 3, 2 / 3.0, 3 / 2.0, 4 / 3.0, 3 / 4.0};
static const double slowest_bpm = 40, fastest_bpm = 250;

/* Others are told from these once there are beats. */
static const int meters[METERS] = {4, 3};
/* By how much of the best way's likelihood three against four has to be likelier, and beats of four parts
 * than others. */
static const double three = 0.15, four_parts = 0.15;

/* In octaves, of a tempo that the session states; it may have been played otherwise. */
static const double known_width = 0.12;

/* So much of its likelihood a way may lose by beginning on a beat. */
static const double off_beat = 0.12;

struct beat {
	const struct pulse *pulse;
	double ratio, usual; /* pulses; the pulse's usual period */
	bool steady;
};

/* Where the pulse is for a while found at its double or half, the beats go on. */
static double unfolded(double period, double usual)
{
	while (period > M_SQRT2 * usual)
		period /= 2;
	while (period < M_SQRT1_2 * usual)
		period *= 2;
	return period;
}

static double beat_period(const void *data, double frame)
{
	const struct beat *beat = data;
	if (beat->steady)
		return beat->ratio * beat->usual;
	return beat->ratio * unfolded(pulse_period(beat->pulse, frame), beat->usual);
}

static double follow(struct steps *beats, const struct counting *way, const struct counting_song *song)
{
	const struct beat beat = {
		song->pulse, way->ratio, 60 * song->places->rate / way->bpm / way->ratio, way->steady};
	const struct pointer_search search = {
		song->places, beat_period, &beat, way->meter, way->division, way->on_first};
	return pointer_find(&search, beats);
}

void counting_follow(struct steps *beats, const struct counting *way, const struct counting_song *song)
{
	follow(beats, way, song);
}

static double usual_period(const struct pulse *pulse)
{
	double *periods = memory_array(pulse->windows, sizeof(*periods));
	memcpy(periods, pulse->period, pulse->windows * sizeof(*periods));
	double middle = median(periods, pulse->windows);
	free(periods);
	return middle;
}

static bool varies(const struct pulse *pulse, double usual)
{
	for (size_t i = 0; i < pulse->windows; i++)
		if (fabs(unfolded(pulse->period[i], usual) / usual - 1) > 1e-6)
			return true;
	return false;
}

/* A metre that is known and of which there are no ways is like one that there is. */
static bool fits(int meter, int known)
{
	return known == 0 || (known % 3 == 0) == (meter == 3);
}

static double apart(const struct counting *way)
{
	return (way->meter == 3 ? three : 0) + (way->division == DIVISION_FOUR ? four_parts : 0);
}

/* All ways of a ratio; returns how many. */
static size_t lay_ways(struct counting *ways, double ratio, const struct counting_song *song)
{
	const double period = usual_period(song->pulse), bpm = 60 * song->places->rate / period / ratio;
	const bool moves = varies(song->pulse, period);
	size_t count = 0;
	for (size_t i = 0; i < RATIO_WAYS && bpm >= slowest_bpm && bpm <= fastest_bpm; i++) {
		struct counting way = {.ratio = ratio,
			.bpm = bpm,
			.meter = meters[i / 2 / DIVISIONS % METERS],
			.division = (enum division)(i / 2 % DIVISIONS),
			.steady = i % 2 == 0};
		if ((way.steady || moves) && fits(way.meter, song->known.meter) &&
			(double)song->places->frames > BARS_LEAST * way.meter * ratio * period) {
			way.likelihood = follow(NULL, &way, song);
			ways[count++] = way;
		}
	}
	return count;
}

static void weigh(
	struct counting *way, double most, const struct tempo_song *heard, const struct counting_song *song)
{
	const double known_bpm = song->known.tempo_bpm;
	struct steps beats;
	follow(&beats, way, song);
	const struct tempo_way tempo = {.bpm = way->bpm,
		.period = steps_period(&beats),
		.likely = way->likelihood / most,
		.division = way->division,
		.stated = known_bpm > 0};
	tempo_see(way->sign, &tempo, heard);
	way->score = tempo_score(way->sign);
	if (tempo.stated)
		way->score -= 0.5 * pow(log2(way->bpm / known_bpm) / known_width, 2);
	steps_finish(&beats);
}

size_t counting_try(struct counting best[COUNTING_RATIOS], const struct counting_song *song)
{
	struct counting ways[RATIOS][RATIO_WAYS];
	size_t counts[RATIOS], count = 0;
	double most = 0;
	struct tempo_song heard;
	tempo_hear(&heard, song->evidence, song->places->begin, song->places->end);
	for (size_t r = 0; r < RATIOS; r++) {
		counts[r] = lay_ways(ways[r], ratios[r], song);
		for (size_t i = 0; i < counts[r]; i++)
			most = fmax(most, ways[r][i].likelihood);
	}
	for (size_t r = 0; r < RATIOS && most > 0; r++) {
		size_t chosen = 0;
		for (size_t i = 0; i < counts[r]; i++)
			if (ways[r][i].likelihood / most - apart(&ways[r][i]) >
				ways[r][chosen].likelihood / most - apart(&ways[r][chosen]))
				chosen = i;
		if (counts[r] == 0)
			continue;
		best[count] = ways[r][chosen];
		weigh(&best[count++], most, &heard, song);
	}
	return count;
}

/* Songs begin on a beat more often than not: of the ways with the best one's tempo, the one in which this one
 * does, if it is nearly as likely. */
static void begin_on_beat(struct counting *best, const struct counting_song *song)
{
	struct counting ways[RATIO_WAYS], chosen = *best;
	const size_t count = lay_ways(ways, best->ratio, song);
	double most = 0, found = 0;
	for (size_t i = 0; i < count; i++) {
		struct counting way = ways[i];
		most = fmax(most, way.likelihood);
		way.on_first = true;
		way.likelihood = follow(NULL, &way, song);
		if (way.likelihood > found) {
			found = way.likelihood;
			chosen = way;
		}
	}
	if (found >= most * (1 - off_beat))
		*best = chosen;
}

static bool is_kin(double ratio)
{
	static const double kin[] = {1, 2, 3};
	for (size_t i = 0; i < sizeof(kin) / sizeof(kin[0]); i++)
		if (fabs(ratio / kin[i] - 1) < 1e-6 || fabs(ratio * kin[i] - 1) < 1e-6)
			return true;
	return false;
}

bool counting_find(struct counted *counted, const struct counting_song *song)
{
	struct counting tried[COUNTING_RATIOS];
	const size_t count = counting_try(tried, song);
	size_t best = 0;
	double all = 0;
	if (count == 0)
		return false;
	for (size_t i = 1; i < count; i++)
		best = tried[i].score > tried[best].score ? i : best;
	*counted = (struct counted){.best = tried[best]};
	for (size_t i = 0; i < count; i++) {
		const double part = exp(tried[i].score - tried[best].score);
		all += part;
		counted->kin += is_kin(tried[i].ratio / tried[best].ratio) ? part : 0;
	}
	counted->sure = 1 / all;
	counted->kin /= all;
	begin_on_beat(&counted->best, song);
	return true;
}

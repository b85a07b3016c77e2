#include "listening/phase.h"

#include <math.h>
#include <stdbool.h>

/* Added to a difference's divisor, so that what is next to nothing makes none. */
static const double little = 0.05;

enum { BEATS_LEAST = 8, GROUP_LEAST = 3, GROUP_MOST = 4 };

/* How many beats, and how many moments halfway between two. */
static size_t moments(const struct steps *beats, bool halfway)
{
	return beats->count - (halfway ? 1 : 0);
}

static double moment_of(const struct steps *beats, size_t i, bool halfway)
{
	return halfway ? (beats->frame[i] + beats->frame[i + 1]) / 2 : beats->frame[i];
}

/* At a moment; of the harmony, which is known to a spectrum, the most within half of one. */
static float heard_at(const struct evidence *evidence, enum evidence_kind kind, double frame)
{
	const int near = kind == EVIDENCE_CHANGE ? HEARD_SLOW / 2 : 0;
	float most = -INFINITY;
	for (int i = -near; i <= near; i++)
		most = fmaxf(most, evidence_at(evidence, kind, frame + i));
	return most;
}

/* How much more than usual there is, on the mean. */
static double mean_of(
	const struct steps *beats, bool halfway, const struct evidence *evidence, enum evidence_kind kind)
{
	const size_t count = moments(beats, halfway);
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += fmaxf(0, heard_at(evidence, kind, moment_of(beats, i, halfway)));
	return sum / (double)count;
}

static double more_on(const struct steps *beats, const struct evidence *evidence, enum evidence_kind kind)
{
	const double on = mean_of(beats, false, evidence, kind), off = mean_of(beats, true, evidence, kind);
	return (on - off) / (on + off + little);
}

/* Of every so many, how much more the harmony changes on the mean at one of them than at another. */
static double uneven(const struct steps *beats, bool halfway, const struct evidence *evidence, size_t group)
{
	const size_t count = moments(beats, halfway);
	double most = -INFINITY, least = INFINITY;
	for (size_t first = 0; first < group; first++) {
		double sum = 0, of = 0;
		for (size_t i = first; i < count; i += group, of++)
			sum += heard_at(evidence, EVIDENCE_CHANGE, moment_of(beats, i, halfway));
		most = fmax(most, sum / of);
		least = fmin(least, sum / of);
	}
	return most - least;
}

static double most_uneven(const struct steps *beats, bool halfway, const struct evidence *evidence)
{
	double most = 0;
	for (size_t group = GROUP_LEAST; group <= GROUP_MOST; group++)
		most = fmax(most, uneven(beats, halfway, evidence, group));
	return most;
}

/* 1 on a beat, -1 halfway between two; before the first one and after the last they go on. */
static double nearness(const struct steps *beats, double moment)
{
	size_t i = 0;
	while (i + 2 < beats->count && beats->frame[i + 1] <= moment)
		i++;
	const double place = (moment - beats->frame[i]) / (beats->frame[i + 1] - beats->frame[i]);
	return 1 - 4 * fabs(place - round(place));
}

void phase_see(
	double sign[PHASE_SIGNS], const struct steps *beats, const struct evidence *evidence, double begin)
{
	for (int i = 0; i < PHASE_SIGNS; i++)
		sign[i] = 0;
	if (beats->count < BEATS_LEAST)
		return;
	sign[PHASE_ONSET] = more_on(beats, evidence, EVIDENCE_ONSET);
	sign[PHASE_CHANGE] = more_on(beats, evidence, EVIDENCE_CHANGE);
	sign[PHASE_LINE] = most_uneven(beats, false, evidence) - most_uneven(beats, true, evidence);
	sign[PHASE_BEGIN] = nearness(beats, begin);
}

void phase_shift(struct steps *beats)
{
	if (beats->count < 2)
		return;
	beats->count--;
	for (size_t i = 0; i < beats->count; i++)
		beats->frame[i] = (beats->frame[i] + beats->frame[i + 1]) / 2;
}

void phase_choose(struct steps *beats, const struct evidence *evidence, double begin)
{
	double sign[PHASE_SIGNS], sum = 0;
	phase_see(sign, beats, evidence, begin);
	for (int i = 0; i < PHASE_SIGNS; i++)
		sum += phase_weights[i] * sign[i];
	if (sum < 0)
		phase_shift(beats);
}

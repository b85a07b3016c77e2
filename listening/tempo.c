#include "listening/tempo.h"

#include <math.h>

/* Where people feel a beat: around 120 a minute (D. P. W. Ellis, 2007). */
static const double usual_bpm = 120;

/* What begins is this strong, and that far from what began before. */
static const float strong = 1.1F;
static const double apart_s = 0.04;

/* A second. Who plays less often tells nothing; what is usual; added, so that rare is not never. */
static const double seldom = 0.15, usually = 2, little = 0.1;

/* In beats, and how far from it, as a part, a lag may lie: bands are not that steady. */
static const double lags[TEMPO_LAGS] = {0.5, 1, 2, 3, 4, 6, 8, 12, 16}, unsteady = 0.015;

/* A second, on the mean from the first moment that is played to the last. */
static double how_often(const float *row, size_t frames, double rate, double played_s)
{
	const size_t apart = (size_t)(apart_s * rate);
	size_t count = 0, last = 0;
	for (size_t n = 1; n + 1 < frames; n++)
		if (row[n] >= strong && row[n] >= row[n - 1] && row[n] > row[n + 1] &&
			(count == 0 || n - last > apart)) {
			count++;
			last = n;
		}
	return (double)count / played_s;
}

void tempo_hear(struct tempo_song *song, const struct evidence *evidence, size_t begin, size_t end)
{
	const double rate = evidence->rate, played_s = (double)(end - begin) / rate;
	*song = (struct tempo_song){.onset = evidence->row[EVIDENCE_ONSET] + begin, .frames = end - begin};
	for (size_t n = 0; n < song->frames; n++)
		song->mean += song->onset[n] / (double)song->frames;
	for (size_t n = 0; n < song->frames; n++)
		song->power += (song->onset[n] - song->mean) * (song->onset[n] - song->mean);
	for (int kind = 0; kind < TEMPO_KINDS && end > begin; kind++) {
		const float *row = evidence->row[EVIDENCE_ONSET + 1 + kind];
		const double often = how_often(row, evidence->frames, rate, played_s);
		song->often[kind] = often > seldom ? log2(often / usually + little) : 0;
	}
}

/* The autocorrelation of onsets at a lag, by that at none and by how much of the song it is of. */
static double alike_at(const struct tempo_song *song, size_t lag)
{
	double sum = 0;
	for (size_t n = lag; n < song->frames; n++)
		sum += (song->onset[n] - song->mean) * (song->onset[n - lag] - song->mean);
	return sum / song->power * (double)song->frames / (double)(song->frames - lag);
}

/* The most about a lag; 0 where the song is hardly longer. */
static double alike(const struct tempo_song *song, double lag)
{
	const size_t from = (size_t)lround(lag * (1 - unsteady)), to = (size_t)lround(lag * (1 + unsteady));
	double most = -1;
	if (song->power <= 0 || 2 * to > song->frames)
		return 0;
	for (size_t at = from; at <= to; at++)
		most = fmax(most, alike_at(song, at));
	return most;
}

void tempo_see(double sign[TEMPO_SIGNS], const struct tempo_way *way, const struct tempo_song *song)
{
	const double octaves = way->stated ? 0 : log2(way->bpm / usual_bpm);
	sign[TEMPO_LIKELY] = way->likely;
	sign[TEMPO_FAST] = octaves;
	sign[TEMPO_USUAL] = -octaves * octaves;
	sign[TEMPO_ONE] = way->division == DIVISION_ONE;
	sign[TEMPO_FOUR] = way->division == DIVISION_FOUR;
	sign[TEMPO_SHUFFLE] = way->division == DIVISION_SHUFFLE;
	sign[TEMPO_THREE] = way->division == DIVISION_THREE;
	for (int kind = 0; kind < TEMPO_KINDS; kind++)
		sign[TEMPO_OFTEN + kind] = octaves * song->often[kind];
	for (int lag = 0; lag < TEMPO_LAGS; lag++)
		sign[TEMPO_AGAIN + lag] = alike(song, lags[lag] * way->period);
}

double tempo_score(const double sign[TEMPO_SIGNS])
{
	double score = 0;
	for (int i = 0; i < TEMPO_SIGNS; i++)
		score += tempo_weights[i] * sign[i];
	return score;
}

#include "editing/hum-track.h"

#include "common/median.h"
#include "common/memory.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Folds follow each other at about this distance, and are Hann windows of twice the length: short enough to
 * follow, long enough to tell the mains from notes. */
#define FOLD_S 0.24

/* Mains keep within this of the nominal frequency; a steady bass note beside it is no hum. */
#define OFF_MOST_HZ 0.3

/* A harmonic whose phase agrees from fold to fold to less than this is music or noise. */
#define AGREEMENT_LEAST 0.33

/* Less is no hum: -100 dBFS. */
#define HEARD 1e-5

/* A cluster is so much narrower than all that surrounds it. */
#define CLUSTER 0.2

enum {
	STRETCH = 64,	 /* folds over which the mains keep their frequency: some 15 s */
	NEAR = 10,	 /* folds before and after that a first median looks at: some 2 s either way */
	NEIGHBOURS = 96, /* and the last one, once the phase is known well: some 23 s */
	STRAIGHTENINGS = 5,
	CLUSTER_LEAST = 6, /* folds that are near each other by more than chance */
	CLOSER_STEPS = 24,
	TABLE = 2048, /* points of one period */
};

/* Complex amplitude of one harmonic in one fold. */
typedef double complex phasor;

struct hum_track {
	uint32_t rate;
	unsigned harmonics;
	size_t period, fold; /* frames; from fold to fold, a whole number of periods */
	double *folded[2];   /* `period` sums each: of the fold in its second half, and of the next one */
	double *window;	     /* the rising half */
	size_t filled;	     /* frames of the half under way */
	bool begun;	     /* the first half is past: folds are complete from now on */

	phasor *heard; /* folds × harmonics; from conclude on, what is to be subtracted */
	size_t folds, room;
	double *turned; /* of each fold: cycles of the fundamental ahead of the nominal one */
	bool found[HUM_HARMONICS_MOST];
	double confidence, hz, rms;

	uint64_t position; /* of the next frame to subtract from */
	double tables[2][TABLE + 1];
	int64_t tabled[2]; /* the folds that the tables are of; -1: none */
};

struct hum_track *hum_track_create(uint32_t rate, double nominal_hz, unsigned harmonics)
{
	struct hum_track *track = memory_new(sizeof(*track));
	track->rate = rate;
	track->period = (size_t)llround(rate / nominal_hz);
	track->fold = track->period * (size_t)llround(FOLD_S * nominal_hz);
	track->window = memory_array(track->fold, sizeof(*track->window));
	for (size_t i = 0; i < track->fold; i++)
		track->window[i] = 0.5 - 0.5 * cos(M_PI * ((double)i + 0.5) / (double)track->fold);
	for (int i = 0; i < 2; i++)
		track->folded[i] = memory_array(track->period, sizeof(double));
	unsigned most = (unsigned)(track->period / 2 - 1);
	track->harmonics = harmonics < most ? harmonics : most;
	track->tabled[0] = track->tabled[1] = -1;
	return track;
}

void hum_track_destroy(struct hum_track *track)
{
	if (!track)
		return;
	free(track->folded[0]);
	free(track->folded[1]);
	free(track->window);
	free(track->heard);
	free(track->turned);
	free(track);
}

/* cabs() looks after what is nearly too large or too small for a double, at several times the cost. */
static double magnitude(phasor p)
{
	return sqrt(creal(p) * creal(p) + cimag(p) * cimag(p));
}

static phasor turn(double cycles)
{
	return cexp(2 * M_PI * I * cycles);
}

/* The harmonics of the fold that is complete. */
static void transform_fold(struct hum_track *track)
{
	if (track->folds == track->room) {
		track->room = track->room ? 2 * track->room : 256;
		track->heard =
			memory_grow(track->heard, track->room * track->harmonics, sizeof(*track->heard));
	}
	phasor *heard = track->heard + track->folds * track->harmonics;
	for (unsigned h = 0; h < track->harmonics; h++) {
		phasor step = turn(-(double)(h + 1) / (double)track->period), at = 1, sum = 0;
		for (size_t i = 0; i < track->period; i++, at *= step)
			sum += at * track->folded[0][i];
		heard[h] = 2 * sum / (double)track->fold;
	}
	track->folds++;
}

static void close_half(struct hum_track *track, bool is_first)
{
	double *done = track->folded[0];
	if (!is_first)
		transform_fold(track);
	memset(done, 0, track->period * sizeof(*done));
	track->folded[0] = track->folded[1];
	track->folded[1] = done;
	track->filled = 0;
}

void hum_track_add(struct hum_track *track, const double *samples, size_t count)
{
	size_t phase = track->filled % track->period;
	for (size_t i = 0; i < count; i++) {
		double rising = track->window[track->filled] * samples[i];
		track->folded[0][phase] += samples[i] - rising;
		track->folded[1][phase] += rising;
		phase = phase + 1 == track->period ? 0 : phase + 1;
		if (++track->filled == track->fold) {
			close_half(track, !track->begun);
			track->begun = true;
		}
	}
}

static phasor heard_at(const struct hum_track *track, size_t fold, unsigned harmonic)
{
	return track->heard[fold * track->harmonics + harmonic];
}

struct span {
	size_t from, to;
};

static struct span around(const struct hum_track *track, size_t fold, size_t reach)
{
	return (struct span){fold > reach ? fold - reach : 0,
		fold + reach < track->folds ? fold + reach + 1 : track->folds};
}

/* How a harmonic turns from fold to fold: the mean of unit vectors, so that loud notes weigh no more than the
 * silence between them. */
static phasor turning(const struct hum_track *track, struct span span, unsigned harmonic)
{
	phasor sum = 0;
	size_t count = 0;
	for (size_t i = span.from; i + 1 < span.to; i++, count++) {
		phasor step = heard_at(track, i + 1, harmonic) * conj(heard_at(track, i, harmonic));
		sum += magnitude(step) > 0 ? step / magnitude(step) : 0;
	}
	return count > 0 ? sum / (double)count : 0;
}

/* Cycles a fold by which the fundamental runs ahead of the nominal one. The first two harmonics tell it
 * roughly, and each higher one more finely. */
static double drift(const struct hum_track *track, struct span span)
{
	double cycles = 0, weights = 0;
	for (unsigned h = 0; h < track->harmonics; h++) {
		phasor r = turning(track, span, h);
		double k = h + 1, weight = k * k * pow(magnitude(r), 4);
		if (magnitude(r) < AGREEMENT_LEAST)
			continue;
		double off = carg(r * turn(-k * cycles)) / (2 * M_PI * k);
		weights += weight;
		cycles += off * weight / weights;
	}
	double most = OFF_MOST_HZ * (double)track->fold / track->rate;
	return fmax(-most, fmin(most, cycles));
}

static void follow(struct hum_track *track)
{
	track->turned = memory_array(track->folds, sizeof(*track->turned));
	for (size_t i = 1; i < track->folds; i++)
		track->turned[i] = track->turned[i - 1] + drift(track, around(track, i, STRETCH / 2));
}

/* A fold hears this much of what slips by `cycles` from one to the next: the transform of its window. */
static double heard_share(double cycles)
{
	double over = 2 * cycles;
	if (fabs(over) < 1e-6)
		return 1;
	return sin(M_PI * over) / (M_PI * over) / (1 - over * over);
}

/* The mean of the phasors within `reach` of `at`, and how many those are. */
static size_t mean_near(const phasor *phasors, size_t count, double reach, phasor *at)
{
	phasor sum = 0;
	size_t near = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_near = magnitude(phasors[i] - *at) <= reach;
		sum += is_near ? phasors[i] : 0;
		near += is_near;
	}
	*at = near > 0 ? sum / (double)near : *at;
	return near;
}

/* Where nobody plays, phasors of a steady hum lie close together. Such a cluster in the middle of the others
 * tells more than they do: the circle is drawn closer as long as that promises a smaller error of the mean.
 */
static phasor draw_closer(const phasor *phasors, size_t count, phasor at, double *spread)
{
	double reach = *spread, error = INFINITY, best_reach = reach;
	phasor best = at;
	for (int step = 0; step < CLOSER_STEPS; step++, reach *= 0.7) {
		size_t near = mean_near(phasors, count, reach, &at);
		double now = reach / sqrt((double)near);
		if (near < CLUSTER_LEAST)
			break;
		if (now < 0.5 * error || step == 0) {
			error = now;
			best = at;
			best_reach = reach;
		}
	}
	if (best_reach < *spread)
		*spread = best_reach;
	return best;
}

/* A harmonic in its own turning frame. */
static phasor turned_back(const struct hum_track *track, size_t fold, unsigned harmonic)
{
	return heard_at(track, fold, harmonic) * turn(-(double)(harmonic + 1) * track->turned[fold]);
}

/* The middle of a harmonic's phasors around a fold, in its own turning frame; `*spread` is the median
 * distance from it. */
static phasor middle(
	const struct hum_track *track, size_t fold, size_t reach, unsigned harmonic, double *spread)
{
	struct span span = around(track, fold, reach);
	double re[2 * NEIGHBOURS + 1], im[2 * NEIGHBOURS + 1];
	phasor phasors[2 * NEIGHBOURS + 1];
	size_t count = span.to - span.from;
	for (size_t i = 0; i < count; i++) {
		phasor p = turned_back(track, span.from + i, harmonic);
		phasors[i] = p;
		re[i] = creal(p);
		im[i] = cimag(p);
	}
	phasor at = median(re, count) + I * median(im, count);
	for (size_t i = 0; i < count; i++)
		re[i] = magnitude(phasors[i] - at);
	*spread = median(re, count);
	mean_near(phasors, count, 1.5 * *spread, &at);
	return at;
}

/* The same as middle, once that is known, and drawn closer. */
static phasor clustered(
	const struct hum_track *track, size_t fold, unsigned harmonic, phasor at, double wide, double *spread)
{
	struct span span = around(track, fold, NEIGHBOURS);
	phasor phasors[2 * NEIGHBOURS + 1];
	for (size_t i = span.from; i < span.to; i++)
		phasors[i - span.from] = turned_back(track, i, harmonic);
	*spread = wide;
	return draw_closer(phasors, span.to - span.from, at, spread);
}

/* The frequency is found from fold to fold, and its errors add up to a phase that strays. What the harmonics'
 * middles still turn, each by its multiple, is taken back; those that stand out of their spread count. */
static void straighten(struct hum_track *track)
{
	double *strayed = memory_array(track->folds, sizeof(*strayed));
	double *weights = memory_array(track->folds, sizeof(*weights));
	for (unsigned h = 0; h < track->harmonics; h++) {
		phasor last = 0;
		for (size_t i = 0; i < track->folds && track->found[h]; i++) {
			double spread, k = h + 1;
			phasor at = middle(track, i, NEAR, h, &spread);
			double weight = k * k * creal(at * conj(at)) / (spread * spread + 1e-30);
			if (i > 0)
				strayed[i] += weight * carg(at * conj(last)) / (2 * M_PI * k);
			weights[i] += weight;
			last = at;
		}
	}
	double sum = 0;
	for (size_t i = 1; i < track->folds; i++) {
		sum += weights[i] > 0 ? strayed[i] / weights[i] : 0;
		track->turned[i] += sum;
	}
	free(strayed);
	free(weights);
}

/* What is believed of a harmonic in one fold: the middle, less where it hardly stands out of its spread; once
 * it is known that there is hum, also what only shows where nobody plays. */
static phasor believe(const struct hum_track *track, size_t fold, unsigned harmonic, bool is_known)
{
	double wide, slip = 0;
	phasor at = middle(track, fold, NEIGHBOURS, harmonic, &wide);
	double spread = wide;
	if (is_known)
		at = clustered(track, fold, harmonic, at, wide, &spread);
	/* Hidden by notes all along. */
	if (!track->found[harmonic] && spread > CLUSTER * wide)
		return 0;
	if (fold > 0)
		slip = track->turned[fold] - track->turned[fold - 1];
	double size = magnitude(at), error = spread / sqrt(NEIGHBOURS);
	double sure = size > 0 ? fmax(0, 1 - 4 * error * error / (size * size)) : 0;
	return at * sure / fmax(heard_share((harmonic + 1) * slip), 0.2);
}

/* How well a harmonic turns as the fundamental says, over a stretch: 1 for hum alone, near 0 for music. */
static double agreement(const struct hum_track *track, struct span span, unsigned harmonic)
{
	double sum = 0;
	for (size_t i = span.from; i + 1 < span.to; i++) {
		double slip = track->turned[i + 1] - track->turned[i];
		phasor step = heard_at(track, i + 1, harmonic) * conj(heard_at(track, i, harmonic));
		sum += magnitude(step) > 0
			       ? creal(step * turn(-(double)(harmonic + 1) * slip)) / magnitude(step)
			       : 0;
	}
	return sum / (double)(span.to - span.from);
}

/* Hum is there all the time: in the middle one of the stretches as well. */
static void choose_harmonics(struct hum_track *track)
{
	size_t count = track->folds / STRETCH > 0 ? track->folds / STRETCH : 1;
	double *agreements = memory_array(count, sizeof(*agreements));
	track->confidence = 0;
	for (unsigned h = 0; h < track->harmonics; h++) {
		for (size_t i = 0; i < count; i++) {
			size_t to = (i + 1) * STRETCH < track->folds ? (i + 1) * STRETCH : track->folds;
			agreements[i] = agreement(track, (struct span){i * STRETCH, to}, h);
		}
		double usual = median(agreements, count);
		track->found[h] = usual >= AGREEMENT_LEAST;
		track->confidence = fmax(track->confidence, usual);
	}
	free(agreements);
}

/* Fills `believed`, as `heard` is, and returns the RMS of it all. */
static double believe_all(const struct hum_track *track, phasor *believed, bool is_known)
{
	double power = 0;
	for (size_t i = 0; i < track->folds; i++) {
		for (unsigned h = 0; h < track->harmonics; h++) {
			phasor p = believe(track, i, h, is_known);
			believed[i * track->harmonics + h] = p;
			power += magnitude(p) * magnitude(p) / 2;
		}
	}
	return sqrt(power / (double)track->folds);
}

void hum_track_conclude(struct hum_track *track)
{
	track->confidence = 0;
	if (track->folds < STRETCH / 4)
		return;
	follow(track);
	for (int pass = 0; pass < STRAIGHTENINGS; pass++) {
		choose_harmonics(track);
		straighten(track);
	}
	choose_harmonics(track);
	phasor *believed = memory_array(track->folds * track->harmonics, sizeof(*believed));
	track->rms = believe_all(track, believed, false);
	if (track->rms > HEARD)
		track->rms = believe_all(track, believed, true);
	free(track->heard);
	track->heard = believed;
	track->hz = (double)track->rate / (double)track->period + track->turned[track->folds - 1] /
									  (double)track->folds * track->rate /
									  (double)track->fold;
}

double hum_track_confidence(const struct hum_track *track)
{
	return track->confidence;
}

double hum_track_hz(const struct hum_track *track)
{
	return track->hz;
}

double hum_track_rms(const struct hum_track *track)
{
	return track->rms;
}

unsigned hum_track_harmonics(const struct hum_track *track)
{
	unsigned count = 0;
	for (unsigned h = 0; h < track->harmonics; h++)
		count += track->found[h];
	return count;
}

/* One period of a fold's hum, and its first point again. */
static const double *table_of(struct hum_track *track, int64_t fold)
{
	double *table = track->tables[fold % 2];
	if (track->tabled[fold % 2] == fold)
		return table;
	memset(table, 0, sizeof(track->tables[0]));
	for (unsigned h = 0; h < track->harmonics; h++) {
		phasor at = heard_at(track, (size_t)fold, h), step = turn((h + 1) / (double)TABLE);
		for (size_t i = 0; i < TABLE && at != 0; i++, at *= step)
			table[i] += creal(at);
	}
	table[TABLE] = table[0];
	track->tabled[fold % 2] = fold;
	return table;
}

static double look_up(const double *table, double cycles)
{
	double place = (cycles - floor(cycles)) * TABLE;
	size_t i = (size_t)place;
	return table[i] + (place - (double)i) * (table[i + 1] - table[i]);
}

/* From the middle of one fold to the middle of the next; before the first and after the last, as there. */
static void subtract_between(struct hum_track *track, int64_t first, double *samples, size_t count)
{
	int64_t last = (int64_t)track->folds - 1;
	int64_t before = first < 0 ? 0 : first, after = first + 1 > last ? last : first + 1;
	before = before > last ? last : before;
	const double *tables[2] = {table_of(track, before), table_of(track, after)};
	for (size_t i = 0; i < count; i++) {
		/* What the recorder filled in for a gap holds no hum. */
		if (samples[i] == 0)
			continue;
		double frame = (double)(track->position + i);
		double part = frame / (double)track->fold - (double)(first + 1);
		double turned = track->turned[before] + part * (track->turned[after] - track->turned[before]);
		double cycles =
			(double)((track->position + i) % track->period) / (double)track->period + turned;
		samples[i] -= (1 - part) * look_up(tables[0], cycles) + part * look_up(tables[1], cycles);
	}
}

void hum_track_subtract(struct hum_track *track, double *samples, size_t count)
{
	for (size_t done = 0; done < count && track->confidence > 0;) {
		int64_t first = (int64_t)(track->position / track->fold) - 1;
		size_t n = track->fold - track->position % track->fold;
		n = n < count - done ? n : count - done;
		subtract_between(track, first, samples + done, n);
		track->position += n;
		done += n;
	}
}

void hum_track_rewind(struct hum_track *track)
{
	track->position = 0;
}

#include "listening/counting.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

enum { BARS_LEAST = 8, SHIFTS = 4, RATIOS = 9 };

static const double ratios[RATIOS] = {1, 1 / 2.0, 2, 1 / 3.0, 3, 2 / 3.0, 3 / 2.0, 4 / 3.0, 3 / 4.0};
static const double shifts[SHIFTS] = {0, 1 / 3.0, 1 / 2.0, 2 / 3.0};
static const double slowest_bpm = 45, fastest_bpm = 250;

/* Where in a bar. */
enum place { BAR_LINE, BEAT, HALF, FIRST_THIRD, LAST_THIRD, PLACES };

/* What evidence counts for at each place, found on sixteen songs of Debian's openttd-openmsx (every second
 * one by name): onsets; bass drum and bass; changes of harmony. A first third of a beat is played less than
 * anything else: in swing the last one is. */
static const struct {
	double onset, low, change;
} weights[PLACES] = {
	[BAR_LINE] = {0.38, -0.14, 0.49},
	[BEAT] = {0.46, -0.05, -0.27},
	[HALF] = {0.05, -0.08, 0.27},
	[FIRST_THIRD] = {-0.88, -0.34, 0.17},
	[LAST_THIRD] = {0.34, 0.04, -0.25},
};
static const double backbeat = 0.08; /* the snare on 2 and 4, the bass drum on 3 */
static const double meter_prior[METER_MOST + 1] = {[3] = -0.3, [4] = 0, [5] = -0.45, [6] = -0.35};
static const double usual_bpm = 137, usual_width = 0.65;
static const double known_width = 0.25; /* of a tempo that the session states; it may have been played otherwise */

struct judge {
	const struct evidence *evidence;
	const struct pulse *pulse;
	const struct bars_known *known;
	float *signal; /* what speaks for a bar line */
	double bar;    /* pulses a bar, for bar_period */
};

static double bar_period(const void *data, double frame)
{
	const struct judge *judge = data;
	return fmax(2, judge->bar * pulse_period(judge->pulse, frame));
}

static void make_signal(struct judge *judge)
{
	static const float weight[EVIDENCE_KINDS] = {
		[EVIDENCE_ONSET] = 1, [EVIDENCE_KICK] = 0.5F, [EVIDENCE_BASS] = 1, [EVIDENCE_CHANGE] = 1};
	const struct evidence *evidence = judge->evidence;
	judge->signal = memory_array(evidence->frames, sizeof(*judge->signal));
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		for (size_t n = 0; n < evidence->frames; n++)
			judge->signal[n] += weight[kind] * evidence->row[kind][n];
}

struct sums {
	double place[PLACES][EVIDENCE_KINDS], back;
};

static void add_place(struct sums *sums, const struct evidence *evidence, enum place place, double frame)
{
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		sums->place[place][kind] += evidence_at(evidence, (enum evidence_kind)kind, frame);
}

static void add_beat(
	struct sums *sums, const struct evidence *evidence, int beat, int meter, double frame, double step)
{
	add_place(sums, evidence, beat == 0 ? BAR_LINE : BEAT, frame);
	add_place(sums, evidence, HALF, frame + step / 2);
	add_place(sums, evidence, FIRST_THIRD, frame + step / 3);
	add_place(sums, evidence, LAST_THIRD, frame + step * 2 / 3);
	double over =
		evidence_at(evidence, EVIDENCE_SNARE, frame) - evidence_at(evidence, EVIDENCE_KICK, frame);
	if (meter == 4)
		sums->back += beat % 2 ? over / 2 : beat == 2 ? -over : 0;
}

static double prior(const struct judge *judge, const struct counting *grid)
{
	const struct bars_known *known = judge->known;
	double usual = known->tempo_bpm > 0 ? known->tempo_bpm : usual_bpm;
	double off = log2(grid->bpm / usual) / (known->tempo_bpm > 0 ? known_width : usual_width);
	return -0.5 * off * off + meter_prior[grid->meter];
}

/* The mean of what happens at each kind of place, weighed. */
static double judge_grid(const struct judge *judge, const struct counting *grid)
{
	struct sums sums = {0};
	const double bars = (double)grid->lines.count - 1;
	for (size_t bar = 0; bar + 1 < grid->lines.count; bar++) {
		double line = grid->lines.frame[bar];
		double step = (grid->lines.frame[bar + 1] - line) / grid->meter;
		for (int beat = 0; beat < grid->meter; beat++)
			add_beat(&sums, judge->evidence, beat, grid->meter,
				line + (beat + grid->shift) * step, step);
	}
	double score = prior(judge, grid) + backbeat * sums.back / bars;
	for (size_t place = 0; place < PLACES; place++) {
		double times = place == BAR_LINE ? 1 : place == BEAT ? grid->meter - 1 : grid->meter;
		const double *sum = sums.place[place];
		score += (weights[place].onset * sum[EVIDENCE_ONSET] +
				 weights[place].low * (sum[EVIDENCE_KICK] + sum[EVIDENCE_BASS]) / 2 +
				 weights[place].change * sum[EVIDENCE_CHANGE]) /
			 times / bars;
	}
	return score;
}

/* Keeps a way if it is the best, or the best with another tempo. `lines` go over to the best one. */
static void consider(struct counting *kept, size_t count, const struct counting *grid)
{
	struct counting *place = NULL;
	for (size_t i = 0; i < count && !place; i++)
		if (kept[i].bpm > 0 && fabs(log2(kept[i].bpm / grid->bpm)) < 0.06)
			place = &kept[i];
	for (size_t i = 0; i < count && !place; i++)
		if (kept[i].bpm <= 0)
			place = &kept[i];
	if (!place || (place->bpm > 0 && place->score >= grid->score))
		return;
	struct steps old = place->lines;
	*place = *grid;
	place->lines = (struct steps){memory_array(grid->lines.count, sizeof(double)), grid->lines.count};
	for (size_t i = 0; i < grid->lines.count; i++)
		place->lines.frame[i] = grid->lines.frame[i];
	steps_finish(&old);
}

static void try_bars(struct judge *judge, struct counting *kept, size_t count, double ratio, int meter)
{
	const struct evidence *evidence = judge->evidence;
	struct counting grid = {.ratio = ratio, .meter = meter};
	judge->bar = ratio * meter;
	const struct steps_search search = {
		judge->signal, evidence->frames, bar_period, judge, 0.8, 1.25, 1500};
	steps_find(&grid.lines, &search);
	steps_straighten(&grid.lines, 2);
	if (grid.lines.count > BARS_LEAST) {
		double span = grid.lines.frame[grid.lines.count - 1] - grid.lines.frame[0];
		grid.bpm = 60 * evidence->rate * (double)(grid.lines.count - 1) * meter / span;
		for (size_t i = 0; i < SHIFTS; i++) {
			grid.shift = shifts[i];
			grid.score = judge_grid(judge, &grid);
			consider(kept, count, &grid);
		}
	}
	steps_finish(&grid.lines);
}

bool counting_find(struct counting *best, struct counting *other, const struct evidence *evidence,
	const struct pulse *pulse, const struct bars_known *known)
{
	enum { TEMPI_MOST = 4 * RATIOS };
	struct counting kept[TEMPI_MOST] = {0};
	struct judge judge = {.evidence = evidence, .pulse = pulse, .known = known};
	const double bpm = 60 * evidence->rate / pulse_period(pulse, (double)evidence->frames / 2);
	make_signal(&judge);
	for (size_t i = 0; i < RATIOS; i++)
		for (int meter = METER_LEAST; meter <= METER_MOST; meter++)
			if (bpm / ratios[i] >= slowest_bpm && bpm / ratios[i] <= fastest_bpm &&
				(known->meter == 0 || known->meter == meter))
				try_bars(&judge, kept, TEMPI_MOST, ratios[i], meter);
	free(judge.signal);
	*best = *other = (struct counting){.score = -INFINITY};
	size_t chosen = 0;
	for (size_t i = 0; i < TEMPI_MOST; i++)
		chosen = kept[i].bpm > 0 && kept[i].score > kept[chosen].score ? i : chosen;
	for (size_t i = 0; i < TEMPI_MOST; i++) {
		if (i == chosen && kept[i].bpm > 0) {
			*best = kept[i];
			continue;
		}
		steps_finish(&kept[i].lines);
		if (kept[i].bpm > 0 && kept[i].score > other->score)
			*other = kept[i];
	}
	other->lines = (struct steps){0};
	return best->bpm > 0;
}

void counting_finish(struct counting *grid)
{
	steps_finish(&grid->lines);
	*grid = (struct counting){0};
}

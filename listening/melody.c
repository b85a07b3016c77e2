#include "listening/melody.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { UNVOICED = PITCH_CANDIDATES, STATES };

/* In natural logarithms. A leap costs less than the octave errors that it would let in; a voice that is far
 * below its usual level is someone else's. */
static const double leap_cost = 0.05, leap_most = 0.9, voicing_cost = 1.2, unvoiced_log = -4.5;
static const double usual_part = 0.9, quiet_db = -45;

static double loud_power(const struct pitch_frame *frames, size_t count)
{
	double *powers = memory_array(count + 1, sizeof(*powers)), loud = 0;
	size_t sounding = 0;
	for (size_t i = 0; i < count; i++)
		if (frames[i].power > 1e-10F)
			powers[sounding++] = frames[i].power;
	/* The upper middle of the upper half, and so on: the level that a tenth is above, about. */
	for (double part = 0.5; sounding > 0; part /= 2) {
		loud = median(powers, sounding);
		if (part <= 1 - usual_part)
			break;
		size_t kept = 0;
		for (size_t i = 0; i < sounding; i++)
			if (powers[i] >= loud)
				powers[kept++] = powers[i];
		sounding = kept;
	}
	free(powers);
	return loud;
}

static double step_cost(const struct pitch_frame *from, int a, const struct pitch_frame *to, int b)
{
	if (a == UNVOICED || b == UNVOICED)
		return a == b ? 0 : voicing_cost;
	double leap = fabs(from->candidates[a].note - to->candidates[b].note);
	return leap < 0.5 ? 0 : fmin(leap_most, 0.4 + leap_cost * leap);
}

static double state_log(const struct pitch_frame *frame, int state, double least_power)
{
	if (state == UNVOICED)
		return frame->power < least_power ? 0 : unvoiced_log;
	if (frame->candidates[state].probability <= 0)
		return -100;
	return log(frame->candidates[state].probability) + (frame->power < least_power ? -20 : 0);
}

static void best_way(const struct pitch_frame *frames, size_t count, uint8_t *state)
{
	const double least = loud_power(frames, count) * pow(10, quiet_db / 10);
	uint8_t *from = memory_array(count * STATES + 1, 1);
	double best[STATES], next[STATES];
	for (int s = 0; s < STATES; s++)
		best[s] = state_log(&frames[0], s, least);
	for (size_t i = 1; i < count; i++) {
		for (int s = 0; s < STATES; s++) {
			int top = 0;
			double value = -INFINITY;
			for (int f = 0; f < STATES; f++) {
				double way = best[f] - step_cost(&frames[i - 1], f, &frames[i], s);
				top = way > value ? f : top;
				value = fmax(value, way);
			}
			from[i * STATES + (size_t)s] = (uint8_t)top;
			next[s] = value + state_log(&frames[i], s, least);
		}
		memcpy(best, next, sizeof(best));
	}
	int at = 0;
	for (int s = 1; s < STATES; s++)
		at = best[s] > best[at] ? s : at;
	for (size_t i = count; i-- > 0;) {
		state[i] = (uint8_t)at;
		at = i > 0 ? from[i * STATES + (size_t)at] : at;
	}
	free(from);
}

static int velocity_of(float power, double loud)
{
	double db = 10 * log10(power / (loud + 1e-12) + 1e-12);
	return (int)fmax(1, fmin(127, 100 + 2 * db));
}

static void add_note(struct melody *melody, const struct pitch_frame *frames, const uint8_t *state,
	size_t first, size_t end, double rate, int note, double loud)
{
	enum { SHORTEST = 3 };
	if (end - first < SHORTEST)
		return;
	double sure = 0;
	float power = 0;
	for (size_t i = first; i < end; i++) {
		sure += frames[i].candidates[state[i]].probability / (double)(end - first);
		power = fmaxf(power, frames[i].power);
	}
	melody->notes = memory_grow(melody->notes, melody->count + 1, sizeof(*melody->notes));
	melody->notes[melody->count++] = (struct melody_note){((double)first - 0.5) / rate,
		((double)end - 0.5) / rate, note, velocity_of(power, loud), fmin(1, sure)};
}

void melody_find(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning)
{
	*melody = (struct melody){0};
	if (count == 0)
		return;
	uint8_t *state = memory_array(count, 1);
	const double loud = loud_power(frames, count);
	best_way(frames, count, state);
	size_t first = 0, voiced = 0;
	int last = -1;
	for (size_t i = 0; i <= count; i++) {
		bool on = i < count && state[i] != UNVOICED;
		int note = on ? (int)lround(frames[i].candidates[state[i]].note - tuning) : -1;
		if (on) {
			melody->confidence += fmin(1, frames[i].candidates[state[i]].probability);
			voiced++;
		}
		if (note == last && i < count)
			continue;
		if (last >= 0)
			add_note(melody, frames, state, first, i, rate, last, loud);
		first = i;
		last = note;
	}
	/* Half of the thresholds agreeing is as sure as it gets beside other players. */
	melody->confidence = voiced > 0 ? fmin(1, 2 * melody->confidence / (double)voiced) : 0;
	free(state);
}

void melody_finish(struct melody *melody)
{
	free(melody->notes);
	*melody = (struct melody){0};
}

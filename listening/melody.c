#include "listening/melody.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { UNVOICED = PITCH_CANDIDATES, STATES };

/* In natural logarithms; found on the songs that the weights of counting.c were. A probability counts by far
 * less than it says, since neighbouring frames are wrong together. YIN takes an octave below for the note
 * more often than one above: the higher one of two is preferred. A leap costs less than the octave errors
 * that it would let in; a voice that is far below its usual level is someone else's. */
static const double probability_part = 0.15, octave_up = 0.6, leap_cost = 0.05, leap_base = 0.7,
		    leap_most = 0.9;
static const double voicing_cost = 1.2, unvoiced_log = -1, usual_part = 0.9, quiet_db = -25;

/* A note is heard so much later than it is struck. */
static const double late_s = 0.01;

enum { SHORTEST = 3 }; /* frames of a note */

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
	return leap < 0.5 ? 0 : fmin(leap_most, leap_base + leap_cost * leap);
}

static double state_log(const struct pitch_frame *frame, int state, double least_power)
{
	if (state == UNVOICED)
		return frame->power < least_power ? 0 : unvoiced_log;
	if (frame->candidates[state].probability <= 0)
		return -100;
	const double higher = (frame->candidates[state].note - frame->candidates[0].note) / 12;
	return probability_part * log(frame->candidates[state].probability) + octave_up * higher +
	       (frame->power < least_power ? -20 : 0);
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
	double sure = 0;
	float power = 0;
	for (size_t i = first; i < end; i++) {
		sure += frames[i].candidates[state[i]].probability / (double)(end - first);
		power = fmaxf(power, frames[i].power);
	}
	melody->notes = memory_grow(melody->notes, melody->count + 1, sizeof(*melody->notes));
	melody->notes[melody->count++] = (struct melody_note){fmax(0, ((double)first - 0.5) / rate - late_s),
		((double)end - 0.5) / rate - late_s, note, velocity_of(power, loud), fmin(1, sure)};
}

static size_t run_end(const int *notes, size_t count, size_t first)
{
	size_t end = first + 1;
	while (end < count && notes[end] == notes[first])
		end++;
	return end;
}

/* What is too short to be a note, a slide or a wavering between two, belongs to the nearer of those beside
 * it; alone it is none. */
static void join_short(int *notes, size_t count)
{
	for (size_t first = 0, end; first < count; first = end) {
		end = run_end(notes, count, first);
		if (notes[first] < 0 || end - first >= SHORTEST)
			continue;
		const int before = first > 0 ? notes[first - 1] : -1, after = end < count ? notes[end] : -1;
		int nearer = before;
		if (before < 0 || (after >= 0 && abs(after - notes[first]) < abs(before - notes[first])))
			nearer = after;
		for (size_t i = first; i < end; i++)
			notes[i] = nearer;
		end = nearer >= 0 && nearer == after ? first : end;
	}
}

static void lay_notes(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning)
{
	uint8_t *state = memory_array(count, 1);
	int *notes = memory_array(count, sizeof(*notes));
	const double loud = loud_power(frames, count);
	size_t voiced = 0;
	best_way(frames, count, state);
	for (size_t i = 0; i < count; i++) {
		notes[i] = -1;
		if (state[i] == UNVOICED)
			continue;
		notes[i] = (int)lround(fmax(0, frames[i].candidates[state[i]].note - tuning));
		melody->confidence += fmin(1, frames[i].candidates[state[i]].probability);
		voiced++;
	}
	join_short(notes, count);
	for (size_t first = 0, end; first < count; first = end) {
		end = run_end(notes, count, first);
		if (notes[first] >= 0)
			add_note(melody, frames, state, first, end, rate, notes[first], loud);
	}
	/* Half of the thresholds agreeing is as sure as it gets beside other players. */
	melody->confidence = voiced > 0 ? fmin(1, 2 * melody->confidence / (double)voiced) : 0;
	free(notes);
	free(state);
}

void melody_find(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning)
{
	*melody = (struct melody){0};
	if (count > 0)
		lay_notes(melody, frames, count, rate, tuning);
}

void melody_finish(struct melody *melody)
{
	free(melody->notes);
	*melody = (struct melody){0};
}

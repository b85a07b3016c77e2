#include "listening/melody.h"

#include "common/median.h"
#include "common/memory.h"
#include "listening/song.h"

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

/* How likely a note is right, by its signs: a logistic regression on what was guessed of 110 single voices
 * that may be tuned on, alone and with other players in the microphone, each voice counting once. On all 144
 * of them tests/stress/melody --fit finds nearly the same. */
static const double sure_base = 7.336, sure_probability = 1.565, sure_db = 0.31, sure_length = 0.589,
		    sure_octave = -0.436, sure_company = 1.012;

/* A frame whose pitch is less likely says nothing. */
static const double attack_unsure = 0.05;

enum {
	SHORTEST = 3,	  /* frames of a note */
	ATTACK_MOST = 10, /* of its attack */
	ATTACK_LEAST = 4,
	NOTES = 128,
	NEAR = 2, /* semitones */
};

struct voice {
	const struct pitch_frame *frames;
	uint8_t *state; /* a frame, of the best way */
	int *notes;	/* a frame; -1: none */
	size_t count;
	double rate, tuning, loud;
};

struct run {
	size_t first, end;
	int note;
};

/* Where a voice's notes lie. */
struct range {
	double near[NOTES]; /* what part of all that sounds is within NEAR semitones of each */
	double middle;
};

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

static void best_way(struct voice *voice)
{
	const struct pitch_frame *frames = voice->frames;
	const size_t count = voice->count;
	const double least = voice->loud * pow(10, quiet_db / 10);
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
		voice->state[i] = (uint8_t)at;
		at = i > 0 ? from[i * STATES + (size_t)at] : at;
	}
	free(from);
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

static bool is_sure(const struct voice *voice, size_t at)
{
	return voice->state[at] != UNVOICED &&
	       voice->frames[at].candidates[voice->state[at]].probability >= attack_unsure;
}

/* Where the attack before the sure frame `at` begins: the unsure frames behind it, from where they become
 * loud on, without the first one, half of which is still the note before. `at` itself where none became so.
 */
static size_t attack_begin(const struct voice *voice, size_t at)
{
	const struct pitch_frame *frames = voice->frames;
	const size_t least = at > ATTACK_MOST ? at - ATTACK_MOST : 0;
	size_t first = at, loudest = at;
	while (first > least && !is_sure(voice, first - 1)) {
		first--;
		loudest = frames[first].power > frames[loudest].power ? first : loudest;
	}
	const float half = frames[loudest].power / 2;
	size_t begin = loudest;
	while (begin > first && frames[begin - 1].power >= half)
		begin--;
	const bool rises = begin < 2 || frames[begin - 1].power < half || frames[begin - 2].power < half;
	return rises && begin + ATTACK_LEAST <= at ? begin + 1 : at;
}

/* A string that is plucked hard has no pitch at once: what is heard until then belongs to the note that comes
 * of it. */
static void join_attacks(struct voice *voice)
{
	for (size_t at = 1; at < voice->count; at++) {
		if (!is_sure(voice, at) || is_sure(voice, at - 1))
			continue;
		for (size_t i = attack_begin(voice, at); i < at; i++)
			voice->notes[i] = voice->notes[at];
	}
}

static double pitch_at(const struct voice *voice, size_t i)
{
	return voice->frames[i].candidates[voice->state[i]].note - voice->tuning;
}

/* How sure its pitch is in those frames in which that is heard. */
static double run_probability(const struct voice *voice, const struct run *run)
{
	double sum = 0;
	size_t count = 0;
	for (size_t i = run->first; i < run->end; i++) {
		if (voice->state[i] == UNVOICED || fabs(pitch_at(voice, i) - run->note) > 0.75)
			continue;
		sum += fmin(1, voice->frames[i].candidates[voice->state[i]].probability);
		count++;
	}
	return count > 0 ? sum / (double)count : 0;
}

static double level_of(double power, double loud)
{
	return 10 * log10(power / (loud + 1e-12) + 1e-12);
}

static double mean_db(const struct voice *voice, const struct run *run)
{
	double db = 0;
	for (size_t i = run->first; i < run->end; i++)
		db += level_of(voice->frames[i].power, voice->loud) / (double)(run->end - run->first);
	return db;
}

/* How far from each note what sounds lies: parts of all, which are 1 together. */
static void see_range(struct range *range, const struct voice *voice, const struct run *runs, size_t count)
{
	double *notes = memory_array(count + 1, sizeof(*notes)), all = 1e-12;
	*range = (struct range){0};
	for (size_t i = 0; i < count; i++) {
		const double amount =
			pow(10, mean_db(voice, &runs[i]) / 20) * (double)(runs[i].end - runs[i].first);
		notes[i] = runs[i].note;
		all += amount;
		for (int note = runs[i].note - NEAR; note <= runs[i].note + NEAR; note++)
			if (note >= 0 && note < NOTES)
				range->near[note] += amount;
	}
	for (int note = 0; note < NOTES; note++)
		range->near[note] /= all;
	range->middle = count > 0 ? median(notes, count) : 0;
	free(notes);
}

static struct melody_signs signs_of(
	const struct voice *voice, const struct run *run, const struct range *range)
{
	return (struct melody_signs){log(run_probability(voice, run) + 0.02), fmax(-40, mean_db(voice, run)),
		log((double)(run->end - run->first) / voice->rate), fabs(run->note - range->middle) / 12,
		log((run->note < NOTES ? range->near[run->note] : 0) + 0.01)};
}

static struct melody_note note_of(
	const struct voice *voice, const struct run *run, const struct melody_signs *signs)
{
	const double length = (double)(run->end - run->first) / voice->rate;
	float power = 0;
	for (size_t i = run->first; i < run->end; i++)
		power = fmaxf(power, voice->frames[i].power);
	const double odds = sure_base + sure_probability * signs->probability + sure_db * signs->db +
			    sure_length * signs->length + sure_octave * signs->octaves +
			    sure_company * signs->company;
	const double from = ((double)run->first - 0.5) / voice->rate - late_s;
	return (struct melody_note){fmax(0, from), from + length, run->note,
		(int)fmax(1, fmin(127, 100 + 2 * level_of(power, voice->loud))), 1 / (1 + exp(-odds))};
}

/* The sure ones of the runs become notes. The melody is as sure as all of them are, each by its energy:
 * what the voice itself plays is louder than what its microphone hears of others while it rests. */
static void judge(struct melody *melody, const struct voice *voice, const struct run *runs, size_t count)
{
	struct range range;
	double weight = 0, sum = 0;
	see_range(&range, voice, runs, count);
	melody->notes = memory_array(count + 1, sizeof(*melody->notes));
	melody->guesses = memory_array(count + 1, sizeof(*melody->guesses));
	melody->guess_count = count;
	for (size_t i = 0; i < count; i++) {
		struct melody_guess *guess = &melody->guesses[i];
		guess->signs = signs_of(voice, &runs[i], &range);
		guess->note = note_of(voice, &runs[i], &guess->signs);
		const double energy = pow(10, guess->signs.db / 10) * (double)(runs[i].end - runs[i].first);
		sum += energy * guess->note.confidence;
		weight += energy;
		if (guess->note.confidence >= SONG_SURE)
			melody->notes[melody->count++] = guess->note;
	}
	melody->confidence = weight > 0 ? sum / weight : 0;
}

/* A frame whose pitch is not its note's is of an attack, or of a slide into it. */
static void lay_pitches(struct melody *melody, const struct voice *voice)
{
	float *pitches = memory_array(voice->count, sizeof(*pitches));
	for (size_t i = 0; i < voice->count; i++) {
		const struct pitch_candidate *candidates = voice->frames[i].candidates;
		const bool voiced = voice->state[i] != UNVOICED;
		const int note = voice->notes[i];
		if (voiced && (note < 0 || fabs(pitch_at(voice, i) - note) <= 0.75))
			pitches[i] = candidates[voice->state[i]].note;
		else if (note >= 0)
			pitches[i] = (float)(note + voice->tuning);
		else
			pitches[i] = i > 0 ? pitches[i - 1] : candidates[0].note;
	}
	melody->pitches = pitches;
	melody->pitch_count = voice->count;
	melody->from_s = -late_s;
	melody->step_s = 1 / voice->rate;
}

static void lay_notes(struct melody *melody, struct voice *voice)
{
	struct run *runs = memory_array(voice->count, sizeof(*runs));
	size_t count = 0;
	best_way(voice);
	for (size_t i = 0; i < voice->count; i++)
		voice->notes[i] = voice->state[i] == UNVOICED ? -1 : (int)lround(fmax(0, pitch_at(voice, i)));
	join_attacks(voice);
	join_short(voice->notes, voice->count);
	for (size_t first = 0, end; first < voice->count; first = end) {
		end = run_end(voice->notes, voice->count, first);
		if (voice->notes[first] >= 0)
			runs[count++] = (struct run){first, end, voice->notes[first]};
	}
	judge(melody, voice, runs, count);
	lay_pitches(melody, voice);
	free(runs);
}

void melody_find(
	struct melody *melody, const struct pitch_frame *frames, size_t count, double rate, double tuning)
{
	*melody = (struct melody){0};
	if (count == 0)
		return;
	struct voice voice = {.frames = frames, .count = count, .rate = rate, .tuning = tuning};
	voice.state = memory_array(count, sizeof(*voice.state));
	voice.notes = memory_array(count, sizeof(*voice.notes));
	voice.loud = loud_power(frames, count);
	lay_notes(melody, &voice);
	free(voice.notes);
	free(voice.state);
}

void melody_finish(struct melody *melody)
{
	free(melody->notes);
	free(melody->guesses);
	free(melody->pitches);
	*melody = (struct melody){0};
}

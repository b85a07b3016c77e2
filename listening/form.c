#include "listening/form.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

enum { PARTS = 8, HARMONY_PARTS = 4, KERNEL = 8, APART = 4 };

/* Found on the songs that the weights of counting.c were. Novelty is in spreads of likeness, those of a song
 * that is much the same throughout being held back. */
static const float least_novelty = 0.42F, least_spread = 0.05F, least_lead = 0.8F, notes_share = 0.7F,
		   harmony_share = 0.09F;

/* What bars look like: one row of numbers each. */
struct looks {
	size_t bars, width, split; /* up to `split` of who plays when; then of the harmony */
	float *row;
	/* How strong each note is in each eighth of a bar, track by track: bars × notes_width. */
	uint8_t *notes;
	size_t notes_width;
	float *notes_length; /* of a bar's, as of a vector */
	float *alike;	     /* bars × bars, 0 to 1 */
	float mean, spread;  /* of them, and their standard deviation */
};

static float loudness(float power)
{
	/* -60 dBFS and less is silence: 0; -20 dBFS, which tracks are brought to: 1. */
	return fmaxf(0, 1 + (10 * log10f(power + 1e-12F) + 20) / 40);
}

/* How loud a track begins something in each eighth of a bar, and how loud it is. */
static void look_at_track(
	struct looks *looks, const struct heard *heard, const struct chords *chords, float *at)
{
	double mean = 1e-9;
	for (size_t n = 0; n < heard->frames; n++)
		mean += heard->onset[n] / (double)heard->frames;
	for (size_t bar = 0; bar < looks->bars; bar++) {
		const struct chord_span *span = &chords->bars[bar];
		float *row = at + bar * looks->width, power = 0;
		double from = span->from_s * heard->rate,
		       step = (span->to_s - span->from_s) * heard->rate / PARTS;
		size_t count = 0;
		for (size_t n = (size_t)fmax(0, from - step / 2); n < heard->frames; n++) {
			double part = floor(((double)n - from) / step + 0.5);
			if (part >= PARTS)
				break;
			if (part >= 0)
				row[(size_t)part] += heard->onset[n] / (float)(mean * step);
			power += heard->power[n];
			count++;
		}
		float loud = loudness(count > 0 ? power / (float)count : 0);
		for (size_t part = 0; part < PARTS; part++)
			row[part] = fminf(4, row[part]) * loud;
		row[PARTS] = 3 * loud;
	}
}

static void look_at_harmony(struct looks *looks, const struct harmony *harmony, const struct chords *chords)
{
	for (size_t bar = 0; bar < looks->bars; bar++) {
		const struct chord_span *span = &chords->bars[bar];
		float *row = looks->row + bar * looks->width + looks->split;
		double step = (span->to_s - span->from_s) / HARMONY_PARTS;
		for (size_t part = 0; part < HARMONY_PARTS; part++, row += 2 * CLASSES) {
			double from = span->from_s + (double)part * step;
			struct chroma chroma = harmony_between(harmony, from, from + step);
			for (size_t c = 0; c < CLASSES; c++) {
				row[c] = chroma.classes[c];
				row[CLASSES + c] = chroma.lowest[c];
			}
		}
	}
}

/* The mean strength of each note from spectrum `from` to `to`, as a byte. */
static void look_at_part(
	const struct heard *heard, size_t from, size_t to, const float *strength, uint8_t *out)
{
	float sum[HEARD_NOTES] = {0};
	for (size_t n = from; n < to; n++)
		for (size_t note = 0; note < HEARD_NOTES; note++) {
			uint8_t most = 0;
			for (size_t bin = note * HEARD_FINE; bin < (note + 1) * HEARD_FINE; bin++)
				if (heard->spectrum[n * HEARD_BINS + bin] > most)
					most = heard->spectrum[n * HEARD_BINS + bin];
			sum[note] += strength[most];
		}
	for (size_t note = 0; from < to && note < HEARD_NOTES; note++)
		out[note] = (uint8_t)fminf(255, 255 * sum[note] / (float)(to - from));
}

static void look_at_notes(
	struct looks *looks, const struct listened *tracks, size_t track_count, const struct chords *chords)
{
	float strength[UINT8_MAX + 1];
	for (size_t level = 0; level <= UINT8_MAX; level++)
		strength[level] = sqrtf(heard_amplitude((uint8_t)level));
	looks->notes_width = track_count * PARTS * HEARD_NOTES;
	looks->notes = memory_array(looks->bars * looks->notes_width + 1, 1);
	for (size_t i = 0; i < looks->bars * track_count * PARTS; i++) {
		const size_t part = i % PARTS, track = i / PARTS % track_count;
		const struct chord_span *span = &chords->bars[i / PARTS / track_count];
		const struct heard *heard = &tracks[track].heard;
		const double rate = heard->rate / HEARD_SLOW,
			     step = (span->to_s - span->from_s) * rate / PARTS,
			     begin = span->from_s * rate + (double)part * step;
		const size_t from = (size_t)floor(fmax(0, begin) + 0.5);
		size_t to = (size_t)floor(fmax((double)from + 1, begin + step + 0.5));
		to = to < heard->spectra ? to : heard->spectra;
		look_at_part(heard, from, to, strength, looks->notes + i * HEARD_NOTES);
	}
}

/* Of up to 98 tracks: the numbers are whole, so that the order of the sum is nobody's concern. */
static uint32_t product(const uint8_t *a, const uint8_t *b, size_t count)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (uint32_t)(a[i] * b[i]);
	return sum;
}

static void measure_notes(struct looks *looks)
{
	looks->notes_length = memory_array(looks->bars + 1, sizeof(*looks->notes_length));
	for (size_t bar = 0; bar < looks->bars; bar++) {
		const uint8_t *row = looks->notes + bar * looks->notes_width;
		looks->notes_length[bar] = sqrtf((float)product(row, row, looks->notes_width)) + 1e-3F;
	}
}

static float notes_alike(const struct looks *looks, size_t i, size_t j)
{
	return (float)product(looks->notes + i * looks->notes_width, looks->notes + j * looks->notes_width,
		       looks->notes_width) /
	       (looks->notes_length[i] * looks->notes_length[j]);
}

static float cosine(const float *a, const float *b, size_t count)
{
	float both = 0, of_a = 1e-6F, of_b = 1e-6F;
	for (size_t i = 0; i < count; i++) {
		both += a[i] * b[i];
		of_a += a[i] * a[i];
		of_b += b[i] * b[i];
	}
	return both / sqrtf(of_a * of_b);
}

static void measure_spread(struct looks *looks)
{
	const size_t count = looks->bars * looks->bars;
	double mean = 0, square = 0;
	for (size_t i = 0; i < count; i++)
		mean += looks->alike[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		square += (looks->alike[i] - mean) * (looks->alike[i] - mean) / (double)count;
	looks->mean = (float)mean;
	looks->spread = (float)sqrt(square);
}

static void compare(struct looks *looks)
{
	looks->alike = memory_array(looks->bars * looks->bars + 1, sizeof(*looks->alike));
	for (size_t i = 0; i < looks->bars; i++)
		for (size_t j = i; j < looks->bars; j++) {
			const float *a = looks->row + i * looks->width, *b = looks->row + j * looks->width;
			float plays = cosine(a, b, looks->split);
			float sounds =
				cosine(a + looks->split, b + looks->split, looks->width - looks->split);
			float alike = notes_share * notes_alike(looks, i, j) + harmony_share * sounds +
				      (1 - notes_share - harmony_share) * plays;
			looks->alike[i * looks->bars + j] = looks->alike[j * looks->bars + i] = alike;
		}
	measure_spread(looks);
}

static void look(struct looks *looks, const struct listened *tracks, size_t track_count,
	const struct harmony *harmony, const struct chords *chords)
{
	looks->bars = chords->count;
	looks->split = track_count * (PARTS + 1);
	looks->width = looks->split + (size_t)HARMONY_PARTS * 2 * CLASSES;
	looks->row = memory_array(looks->bars * looks->width + 1, sizeof(*looks->row));
	for (size_t i = 0; i < track_count; i++)
		look_at_track(looks, &tracks[i].heard, chords, looks->row + i * (PARTS + 1));
	look_at_harmony(looks, harmony, chords);
	look_at_notes(looks, tracks, track_count, chords);
	measure_notes(looks);
	compare(looks);
}

/* How much the bars before a bar line are like each other, and those after it, and not like those across. */
static float novelty(const struct looks *looks, size_t bar)
{
	size_t reach = bar < KERNEL ? bar : KERNEL;
	reach = looks->bars - bar < reach ? looks->bars - bar : reach;
	float within = 0, across = 0;
	for (size_t i = 1; i <= reach; i++)
		for (size_t j = 1; j <= reach; j++) {
			within += (looks->alike[(bar - i) * looks->bars + bar - j] +
					  looks->alike[(bar + i - 1) * looks->bars + bar + j - 1]) /
				  2;
			across += looks->alike[(bar - i) * looks->bars + bar + j - 1];
		}
	return reach > 0 ? (within - across) / (float)(reach * reach) / (looks->spread + least_spread) : 0;
}

/* The highest first, and none near one that was taken. `taken[bar]` becomes its novelty. */
static void take_peaks(const struct looks *looks, float *taken)
{
	float *left = memory_array(looks->bars + 1, sizeof(*left));
	for (size_t bar = APART; bar + APART <= looks->bars; bar++)
		left[bar] = novelty(looks, bar);
	for (;;) {
		size_t top = 0;
		for (size_t bar = 1; bar < looks->bars; bar++)
			top = left[bar] > left[top] ? bar : top;
		if (top == 0 || left[top] < least_novelty)
			break;
		taken[top] = left[top];
		for (size_t bar = top > APART ? top - APART + 1 : 1; bar < top + APART && bar < looks->bars;
			bar++)
			left[bar] = 0;
	}
	free(left);
}

/* Half where it is just taken. */
static double sureness(float novelty)
{
	return novelty / (novelty + least_novelty);
}

/* Bar by bar, over what both have. */
static float section_likeness(const struct looks *looks, const struct section *a, const struct section *b)
{
	size_t bars = a->bars < b->bars ? a->bars : b->bars;
	float sum = 0;
	for (size_t i = 0; i < bars; i++)
		sum += looks->alike[(a->bar + i) * looks->bars + b->bar + i];
	return bars > 0 && 2 * bars >= (a->bars > b->bars ? a->bars : b->bars) ? sum / (float)bars : 0;
}

static void name_sections(struct form *form, const struct looks *looks)
{
	int letters = 0;
	for (size_t i = 0; i < form->count; i++) {
		struct section *section = &form->sections[i];
		section->letter = -1;
		float best = looks->mean + least_lead * looks->spread;
		for (size_t j = 0; j < i; j++) {
			float likeness = section_likeness(looks, &form->sections[j], section);
			if (likeness > best) {
				best = likeness;
				section->letter = form->sections[j].letter;
			}
		}
		section->likeness = section->letter >= 0 ? best : 1;
		if (section->letter < 0)
			section->letter = letters++;
	}
}

void form_find(struct form *form, const struct listened *tracks, size_t track_count,
	const struct harmony *harmony, const struct chords *chords)
{
	struct looks looks = {0};
	*form = (struct form){0};
	look(&looks, tracks, track_count, harmony, chords);
	float *taken = memory_array(looks.bars + 1, sizeof(*taken));
	take_peaks(&looks, taken);
	form->sections = memory_array(looks.bars + 1, sizeof(*form->sections));
	for (size_t bar = 0; bar < looks.bars; bar++) {
		if (bar == 0 || taken[bar] > 0)
			form->sections[form->count++] = (struct section){
				.bar = bar, .confidence = bar == 0 ? 1 : sureness(taken[bar])};
		form->sections[form->count - 1].bars++;
	}
	name_sections(form, &looks);
	free(taken);
	free(looks.row);
	free(looks.notes);
	free(looks.notes_length);
	free(looks.alike);
}

void form_finish(struct form *form)
{
	free(form->sections);
	*form = (struct form){0};
}

void form_letter(int letter, char text[static 3])
{
	text[0] = (char)('A' + letter % 26);
	text[1] = (char)(letter >= 26 ? '0' + letter / 26 % 10 : 0);
	text[2] = '\0';
}

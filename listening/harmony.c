#include "listening/harmony.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OVERTONES = 10, ROUNDS = 20, ENDING = HEARD_NOTES + 44 };

/* Semitones from a note to its overtones, and how strong those are. */
static const int step[OVERTONES] = {0, 12, 19, 24, 28, 31, 34, 36, 38, 40};
static const double decay = 0.7;

/* A note that is weaker than this part of the strongest at the time is none. */
static const float least_part = 0.08F, least_lowest = 0.2F;

static void weigh(float *weight)
{
	double sum = 0;
	for (int k = 0; k < OVERTONES; k++)
		sum += pow(decay, k);
	for (int k = 0; k < OVERTONES; k++)
		weight[k] = (float)(pow(decay, k) / sum);
}

static void explain(const float *peaks, const float *weight, float *notes)
{
	float seen[ENDING] = {0}, ratio[ENDING];
	for (int n = 0; n < HEARD_NOTES; n++) {
		seen[n] = peaks[n];
		notes[n] = peaks[n];
	}
	for (int round = 0; round < ROUNDS; round++) {
		float made[ENDING] = {0};
		for (int n = 0; n < HEARD_NOTES; n++)
			for (int k = 0; k < OVERTONES; k++)
				made[n + step[k]] += notes[n] * weight[k];
		for (int n = 0; n < ENDING; n++)
			ratio[n] = made[n] > 1e-9F ? seen[n] / made[n] : 0;
		for (int n = 0; n < HEARD_NOTES; n++) {
			/* Overtones above what was heard say nothing. */
			float sum = 0, whole = 1e-9F;
			for (int k = 0; k < OVERTONES && n + step[k] < HEARD_NOTES; k++) {
				sum += weight[k] * ratio[n + step[k]];
				whole += weight[k];
			}
			notes[n] *= sum / whole;
		}
	}
}

/* Loud notes count as the square root, so that a chord's tones weigh alike. */
static void fold(const float *notes, float *classes, float *lowest)
{
	float most = 0;
	for (int n = 0; n < HEARD_NOTES; n++)
		most = fmaxf(most, notes[n]);
	bool found = false;
	for (int n = 0; n < HEARD_NOTES && most > 0; n++) {
		if (notes[n] < least_part * most)
			continue;
		classes[(n + HEARD_LOWEST) % CLASSES] += sqrtf(notes[n]);
		if (!found && notes[n] >= least_lowest * most) {
			lowest[(n + HEARD_LOWEST) % CLASSES] += sqrtf(notes[n]);
			found = true;
		}
	}
}

static void level(struct harmony *harmony)
{
	float most = 0;
	for (size_t i = 0; i < harmony->spectra * HEARD_NOTES; i++)
		most = fmaxf(most, harmony->notes[i]);
	for (size_t i = 0; i < harmony->spectra * HEARD_NOTES && most > 0; i++)
		harmony->notes[i] /= most;
}

void harmony_make(struct harmony *harmony, const struct together *together)
{
	float weight[OVERTONES];
	weigh(weight);
	*harmony = (struct harmony){.rate = together->rate / HEARD_SLOW, .spectra = together->spectra};
	harmony->notes = memory_array(harmony->spectra * HEARD_NOTES, sizeof(float));
	harmony->classes = memory_array(harmony->spectra * CLASSES, sizeof(float));
	harmony->lowest = memory_array(harmony->spectra * CLASSES, sizeof(float));
	for (size_t s = 0; s < harmony->spectra; s++)
		explain(together->pitch + s * HEARD_NOTES, weight, harmony->notes + s * HEARD_NOTES);
	level(harmony);
	for (size_t s = 0; s < harmony->spectra; s++)
		fold(harmony->notes + s * HEARD_NOTES, harmony->classes + s * CLASSES,
			harmony->lowest + s * CLASSES);
}

void harmony_finish(struct harmony *harmony)
{
	free(harmony->notes);
	free(harmony->classes);
	free(harmony->lowest);
	*harmony = (struct harmony){0};
}

struct chroma harmony_between(const struct harmony *harmony, double from_s, double to_s)
{
	struct chroma chroma = {{0}};
	long first = lround(fmax(0, from_s * harmony->rate)), end = lround(fmax(0, to_s * harmony->rate));
	end = end > first ? end : first + 1;
	float count = 0;
	for (long s = first; s < end && s < (long)harmony->spectra; s++, count++)
		for (int c = 0; c < CLASSES; c++) {
			chroma.classes[c] += harmony->classes[s * CLASSES + c];
			chroma.lowest[c] += harmony->lowest[s * CLASSES + c];
		}
	for (int c = 0; c < CLASSES && count > 0; c++) {
		chroma.classes[c] /= count;
		chroma.lowest[c] /= count;
	}
	return chroma;
}

static double unlike(const float *a, const float *b)
{
	double both = 0, of_a = 0, of_b = 0;
	for (int c = 0; c < CLASSES; c++) {
		both += a[c] * b[c];
		of_a += a[c] * a[c];
		of_b += b[c] * b[c];
	}
	return of_a > 0 && of_b > 0 ? 1 - both / sqrt(of_a * of_b) : 0;
}

double harmony_change(const struct harmony *harmony, double moment_s, double span_s)
{
	struct chroma before = harmony_between(harmony, moment_s - span_s, moment_s);
	struct chroma after = harmony_between(harmony, moment_s, moment_s + span_s);
	return unlike(before.classes, after.classes) + unlike(before.lowest, after.lowest);
}

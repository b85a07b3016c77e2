#include "listening/together.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

/* How much the peaks of a spectrum agree on one tuning: those of drums lie anywhere. */
static const double drums_agree = 0.12, notes_agree = 0.26;

double together_pitched(const struct listened *track)
{
	if (track->as != LISTENED_UNKNOWN)
		return track->as == LISTENED_NOTES;
	const struct heard *heard = &track->heard;
	if (heard->detune_weight <= 0)
		return 0;
	double agree = hypot(heard->detune_re, heard->detune_im) / heard->detune_weight;
	return fmin(1, fmax(0, (agree - drums_agree) / (notes_agree - drums_agree)));
}

/* Less what is usual within half a second, in units of its own RMS, so that a quiet track counts as a loud
 * one. */
static void add_onsets(float *sum, const float *onset, size_t frames, double rate, double weight)
{
	if (weight <= 0 || frames == 0)
		return;
	const size_t reach = (size_t)(rate / 2);
	float *own = memory_array(frames, sizeof(*own));
	double local = 0, square = 0;
	for (size_t n = 0; n < frames && n < reach; n++)
		local += onset[n];
	for (size_t n = 0; n < frames; n++) {
		local += n + reach < frames ? onset[n + reach] : 0;
		local -= n > reach ? onset[n - reach - 1] : 0;
		own[n] = fmaxf(0, onset[n] - (float)(local / (double)(2 * reach + 1)));
		square += own[n] * own[n];
	}
	const float scale = square > 0 ? (float)(weight / sqrt(square / (double)frames)) : 0;
	/* What stands out by far counts less than in proportion. */
	for (size_t n = 0; n < frames; n++)
		sum[n] += scale * fminf(own[n], 4 / fmaxf(scale, 1e-9F) * (float)weight);
	free(own);
}

static void level_onsets(float *onset, size_t frames)
{
	double square = 0;
	for (size_t n = 0; n < frames; n++)
		square += onset[n] * onset[n];
	const float scale = square > 0 ? (float)(1 / sqrt(square / (double)frames)) : 0;
	for (size_t n = 0; n < frames; n++)
		onset[n] *= scale;
}

static double tuning_of(const struct listened *tracks, size_t count)
{
	double re = 0, im = 0;
	for (size_t i = 0; i < count; i++) {
		const struct heard *heard = &tracks[i].heard;
		double weight = together_pitched(&tracks[i]) / fmax(1e-9, heard->detune_weight);
		re += weight * heard->detune_re;
		im += weight * heard->detune_im;
	}
	return re != 0 || im != 0 ? atan2(im, re) / (2 * M_PI) : 0;
}

/* A peak counts for the semitone that it lies in, less at its edges. */
static void add_pitches(struct together *t, const struct heard *heard, double weight)
{
	float amplitude[256];
	for (int level = 0; level < 256; level++)
		amplitude[level] = (float)weight * heard_amplitude((uint8_t)level);
	const int shift = (int)lround(t->tuning * HEARD_FINE);
	for (size_t s = 0; s < heard->spectra; s++) {
		const uint8_t *levels = heard->spectrum + s * HEARD_BINS;
		float *pitch = t->pitch + s * HEARD_NOTES;
		for (int bin = 0; bin < HEARD_BINS; bin++) {
			int tuned = bin - shift;
			if (levels[bin] == 0 || tuned < 0 || tuned >= HEARD_BINS)
				continue;
			pitch[tuned / HEARD_FINE] +=
				amplitude[levels[bin]] * (tuned % HEARD_FINE == HEARD_FINE / 2 ? 1 : 0.5F);
		}
	}
}

static void make_room(struct together *t, const struct listened *tracks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct heard *heard = &tracks[i].heard;
		t->rate = heard->rate;
		t->frames = heard->frames > t->frames ? heard->frames : t->frames;
		t->spectra = heard->spectra > t->spectra ? heard->spectra : t->spectra;
	}
	float **rows[] = {&t->onset, &t->kick, &t->snare, &t->hat, &t->bass, &t->notes, &t->power};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		*rows[i] = memory_array(t->frames, sizeof(float));
	t->pitch = memory_array(t->spectra * HEARD_NOTES, sizeof(*t->pitch));
}

static void add_track(struct together *t, const struct listened *track)
{
	const struct heard *heard = &track->heard;
	const double pitched = together_pitched(track), drums = 1 - pitched;
	add_onsets(t->onset, heard->onset, heard->frames, heard->rate, 1 + drums);
	add_onsets(t->kick, heard->low, heard->frames, heard->rate, drums);
	add_onsets(t->snare, heard->mid, heard->frames, heard->rate, drums);
	add_onsets(t->hat, heard->high, heard->frames, heard->rate, drums);
	add_onsets(t->bass, heard->low, heard->frames, heard->rate, pitched);
	add_onsets(t->notes, heard->onset, heard->frames, heard->rate, pitched);
	for (size_t n = 0; n < heard->frames; n++)
		t->power[n] += heard->power[n];
	add_pitches(t, heard, pitched);
	t->pitched += pitched;
	t->has_drums = t->has_drums || drums > 0.5;
}

void together_make(struct together *together, const struct listened *tracks, size_t count)
{
	*together = (struct together){0};
	make_room(together, tracks, count);
	together->tuning = tuning_of(tracks, count);
	for (size_t i = 0; i < count; i++)
		add_track(together, &tracks[i]);
	float *const rows[] = {together->onset, together->kick, together->snare, together->hat,
		together->bass, together->notes};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		level_onsets(rows[i], together->frames);
}

void together_finish(struct together *together)
{
	free(together->onset);
	free(together->kick);
	free(together->snare);
	free(together->hat);
	free(together->bass);
	free(together->notes);
	free(together->power);
	free(together->pitch);
	*together = (struct together){0};
}

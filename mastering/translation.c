#include "mastering/translation.h"

#include "audio/filter.h"
#include "audio/r128.h"
#include "audio/wide.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS = 2, HOPS_A_SECOND = 10, BLOCK_HOPS = 4, HOP_MOST = 38400, PHONE_ORDER = 4 };

/* K-weighted sums of squares and of products. */
struct powers {
	double left, right, both;
};

struct translation {
	uint32_t rate, channels, hop_frames, filled;
	struct longterm *longterm;
	struct biquad weighting[SECTIONS];
	struct biquad_memory memories[BLOCK_CHANNELS][SECTIONS];
	double samples[BLOCK_CHANNELS][HOP_MOST];
	struct powers *hops; /* of 100 ms, as mean squares */
	size_t count, room;
	int failure; /* of translation_add_weighted */
};

int translation_create(struct translation **translation, uint32_t rate, uint32_t channels, struct error *e)
{
	if (channels < 1 || channels > BLOCK_CHANNELS || rate < 8000 || rate > 384000)
		return error_set(e, EINVAL, "translation: %u channels at %u Hz", channels, rate);
	struct translation *made = memory_new(sizeof(*made));
	made->rate = rate;
	made->channels = channels;
	made->hop_frames = rate / R128_POLLS_A_SECOND * (R128_POLLS_A_SECOND / HOPS_A_SECOND);
	r128_weighting(made->weighting, rate);
	int result = longterm_create(&made->longterm, rate, channels, e);
	if (result < 0) {
		translation_destroy(made);
		return result;
	}
	*translation = made;
	return 0;
}

void translation_destroy(struct translation *translation)
{
	if (!translation)
		return;
	longterm_destroy(translation->longterm);
	free(translation->hops);
	free(translation);
}

/* Four sums each, for one would wait for its own last addition. */
WIDE static struct powers hop_powers(const struct translation *t)
{
	enum { SUMS = 4 };
	const double *left = t->samples[0], *right = t->samples[t->channels - 1], n = t->hop_frames;
	double lefts[SUMS] = {0}, rights[SUMS] = {0}, boths[SUMS] = {0};
	uint32_t i = 0;
	for (; i + SUMS <= t->hop_frames; i += SUMS) {
		for (uint32_t k = 0; k < SUMS; k++) {
			lefts[k] += left[i + k] * left[i + k];
			rights[k] += right[i + k] * right[i + k];
			boths[k] += left[i + k] * right[i + k];
		}
	}
	for (; i < t->hop_frames; i++) {
		lefts[0] += left[i] * left[i];
		rights[0] += right[i] * right[i];
		boths[0] += left[i] * right[i];
	}
	return (struct powers){((lefts[0] + lefts[1]) + (lefts[2] + lefts[3])) / n,
		((rights[0] + rights[1]) + (rights[2] + rights[3])) / n,
		((boths[0] + boths[1]) + (boths[2] + boths[3])) / n};
}

static int hop_done(struct translation *t)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 1024;
		struct powers *hops = reallocarray(t->hops, room, sizeof(*hops));
		if (!hops)
			return -ENOMEM;
		t->hops = hops;
		t->room = room;
	}
	t->hops[t->count++] = hop_powers(t);
	t->filled = 0;
	return 0;
}

void translation_add_spectrum(struct translation *t, const struct block *block)
{
	longterm_add(t->longterm, block);
}

static int add_levels(struct translation *t, const struct block *block)
{
	int result = 0;
	for (uint32_t done = 0, n; done < block->frames && result == 0; done += n) {
		n = t->hop_frames - t->filled;
		n = n < block->frames - done ? n : block->frames - done;
		for (uint32_t c = 0; c < t->channels; c++)
			memcpy(t->samples[c] + t->filled, block->channel[c] + done, n * sizeof(double));
		t->filled += n;
		if (t->filled < t->hop_frames)
			continue;
		for (uint32_t c = 0; c < t->channels; c++)
			filter_run_cascade(
				t->weighting, t->memories[c], SECTIONS, t->samples[c], t->hop_frames);
		result = hop_done(t);
	}
	return result;
}

int translation_add(struct translation *t, const struct block *block)
{
	translation_add_spectrum(t, block);
	return add_levels(t, block);
}

void translation_add_weighted(void *data, uint32_t channel, const double *samples, uint32_t frames)
{
	struct translation *t = data;
	memcpy(t->samples[channel] + t->filled, samples, frames * sizeof(double));
	if (channel + 1 < t->channels)
		return;
	t->filled += frames;
	if (t->filled == t->hop_frames && t->failure == 0)
		t->failure = hop_done(t);
	t->filled %= t->hop_frames;
}

int translation_failure(const struct translation *t)
{
	return t->failure;
}

/* ---- gating blocks ---- */

static size_t block_count(const struct translation *t)
{
	return t->count >= BLOCK_HOPS ? t->count - BLOCK_HOPS + 1 : 0;
}

static struct powers block_powers(const struct translation *t, size_t at)
{
	struct powers sum = {0};
	for (size_t i = at; i < at + BLOCK_HOPS; i++) {
		sum.left += t->hops[i].left / BLOCK_HOPS;
		sum.right += t->hops[i].right / BLOCK_HOPS;
		sum.both += t->hops[i].both / BLOCK_HOPS;
	}
	return sum;
}

/* What BS.1770 adds up of the sides as they are, and of the fold on both. */
static double stereo_of(const struct powers *p)
{
	return p->left + p->right;
}

static double fold_of(const struct powers *p)
{
	return (p->left + p->right + 2 * p->both) / 2;
}

/* The mean of the stereo programme and of its fold over the same blocks: those that the former's gate, in
 * energy, lets through. */
static void gated_means(const struct translation *t, double gate, double *stereo, double *fold, size_t *count)
{
	*stereo = *fold = 0;
	*count = 0;
	for (size_t i = 0; i < block_count(t); i++) {
		struct powers p = block_powers(t, i);
		if (stereo_of(&p) < gate)
			continue;
		*stereo += stereo_of(&p);
		*fold += fold_of(&p);
		++*count;
	}
	if (*count > 0) {
		*stereo /= (double)*count;
		*fold /= (double)*count;
	}
}

static double energy_of(double lufs)
{
	return pow(10, (lufs + 0.691) / 10);
}

/* ---- the four places ---- */

static double decibels(double ratio)
{
	return 10 * log10(fmax(ratio, 1e-10));
}

static void read_worst_third(const struct translation *t, struct translation_reading *r)
{
	const double quietest = 1e-3; /* of the loudest: what nobody hears cannot be missed */
	const double rounded_db = 1e-9;
	struct longterm_power thirds[LONGTERM_THIRDS];
	double loudest = 0;
	for (size_t i = 0; i < LONGTERM_THIRDS; i++) {
		thirds[i] = longterm_third(t->longterm, i);
		loudest = fmax(loudest, thirds[i].sides);
		r->third_db[i] = thirds[i].sides > 0 ? 10 * log10(thirds[i].sides / 2) : -INFINITY;
	}
	for (size_t i = 0; i < LONGTERM_THIRDS && loudest > 0; i++) {
		double loss = decibels(thirds[i].sides / 2 / fmax(thirds[i].mono, 1e-300));
		if (thirds[i].sides < loudest * quietest || loss <= fmax(r->mono_worst_db, rounded_db))
			continue;
		r->mono_worst_db = fmin(loss, 100);
		r->mono_worst_hz = longterm_third_hz(i);
	}
}

static void read_mono(struct translation_reading *r, double stereo, double fold)
{
	r->mono_loss_lu = stereo > 0 ? fmin(decibels(stereo / fmax(fold, 1e-300)), 100) : NAN;
	r->mono = !(r->mono_loss_lu > TRANSLATION_MONO_LU) && !(r->mono_worst_db > TRANSLATION_MONO_BAND_DB);
}

struct phone {
	const struct translation *t;
	struct biquad highpass[4];
	size_t sections;
};

static double weight_of(const void *data, double hz)
{
	const struct translation *t = data;
	double gain = 1;
	for (size_t i = 0; i < SECTIONS; i++)
		gain *= filter_magnitude(&t->weighting[i], hz, t->rate);
	return gain * gain;
}

static double phone_weight_of(const void *data, double hz)
{
	const struct phone *phone = data;
	double gain = 1;
	for (size_t i = 0; i < phone->sections; i++)
		gain *= filter_magnitude(&phone->highpass[i], hz, phone->t->rate);
	return weight_of(phone->t, hz) * gain * gain;
}

static void read_phone(const struct translation *t, struct translation_reading *r)
{
	struct phone phone = {.t = t};
	phone.sections = filter_butterworth(FILTER_HIGHPASS, PHONE_ORDER, 300, t->rate, phone.highpass);
	const struct longterm *l = t->longterm;
	double all = longterm_band(l, 0, t->rate / 2.0, weight_of, t).sides;
	double voice = longterm_band(l, 1000, 4000, weight_of, t).sides;
	double played = longterm_band(l, 0, t->rate / 2.0, phone_weight_of, &phone).mono;
	double played_voice = longterm_band(l, 1000, 4000, phone_weight_of, &phone).mono;
	double overtones = longterm_band(l, 300, 1000, phone_weight_of, &phone).mono;
	double whole = longterm_band(l, 0, t->rate / 2.0, NULL, NULL).sides;
	double bass = longterm_band(l, 40, 250, NULL, NULL).sides;
	r->phone_voice_lu = r->phone_bass_db = NAN;
	r->phone = true;
	if (!(all > 0))
		return;
	double before = (voice + 1e-6 * all) / (all - voice + 1e-6 * all);
	double after =
		(played_voice + 1e-6 * played + 1e-300) / (played - played_voice + 1e-6 * played + 1e-300);
	r->phone_voice_lu = decibels(after / before);
	r->phone_bass_db = bass < whole / 100 ? 0 : decibels(overtones / fmax(played, 1e-300));
	r->phone = fabs(r->phone_voice_lu) <= TRANSLATION_VOICE_LU && r->phone_bass_db >= TRANSLATION_BASS_DB;
}

static void read_car(const struct translation *t, struct translation_reading *r, double programme)
{
	double silence = energy_of(-70), bed = programme / 100;
	size_t first = SIZE_MAX, last = 0, above = 0;
	for (size_t i = 0; i < block_count(t); i++) {
		struct powers p = block_powers(t, i);
		if (stereo_of(&p) < silence)
			continue;
		first = first == SIZE_MAX ? i : first;
		last = i;
		above += stereo_of(&p) > bed;
	}
	r->car_above = programme > 0 && first <= last ? (double)above / (double)(last - first + 1) : NAN;
	r->car = !(r->car_above < TRANSLATION_CAR_SHARE);
}

static bool is_side_only(const struct powers *p)
{
	const double far_below = 0.01;
	double louder = fmax(p->left, p->right), quieter = fmin(p->left, p->right);
	return stereo_of(p) > energy_of(-60) &&
	       (quieter < louder * far_below || fold_of(p) < stereo_of(p) * far_below);
}

static void read_earbuds(const struct translation *t, struct translation_reading *r)
{
	size_t run = 0, longest = 0;
	for (size_t i = 0; i < block_count(t); i++) {
		struct powers p = block_powers(t, i);
		run = is_side_only(&p) ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	r->earbuds_s = longest > 0 ? (double)(longest + BLOCK_HOPS - 1) / HOPS_A_SECOND : 0;
	r->earbuds = r->earbuds_s <= TRANSLATION_EARBUDS_S;
}

void translation_read(struct translation *t, struct translation_reading *r)
{
	double stereo, fold;
	size_t count;
	*r = (struct translation_reading){.mono_worst_hz = NAN};
	longterm_end(t->longterm);
	gated_means(t, energy_of(-70), &stereo, &fold, &count);
	gated_means(t, fmax(energy_of(-70), stereo / 10), &stereo, &fold, &count);
	read_worst_third(t, r);
	read_mono(r, stereo, fold);
	read_phone(t, r);
	read_car(t, r, stereo);
	read_earbuds(t, r);
	r->tilt_db_per_octave = longterm_tilt(t->longterm);
}

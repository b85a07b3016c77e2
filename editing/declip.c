/* declip: peaks that the converter could not hold, drawn as the sound around them has it.
 *
 * A converter that is driven too hard gives the same largest number again and again. Such runs are filled by
 * autoregressive interpolation (autoregression.h), and never come out below the ceiling that they hit: S. J.
 * Godsill and P. J. W. Rayner, "Digital Audio Restoration", Springer 1998, chapter 5. The result may pass
 * full scale, which the render's 64-bit samples hold. */
#include "common/memory.h"
#include "common/units.h"
#include "editing/autoregression.h"
#include "editing/processors.h"
#include "editing/repair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORTEST = 3, /* equal samples on a track's peak: two may well be a wave that is just so high … */
	FEWEST = 2, /* … and so may one run. More of them are a ceiling, and then one sample at it is cut off
		     */
	PASSES = 2, /* clipped samples spoil the model that they are drawn by */
	LAST = REPAIR_WINDOW - 2 * AR_ORDER,
};

/* Samples of one ceiling differ by no more: half a step of 16 bits. */
#define SAME 1.6e-5

/* Nothing real rises by so much over where it was cut: 12 dB. */
#define HIGHEST 4.0

/* No converter's ceiling: -30 dBFS. */
#define LOWEST_CEILING 0.03

static const struct key declip_keys[] = {
	{.name = "ceiling",
		.type = KEY_NUMBER,
		.offset = offsetof(struct declip_settings, ceiling_db),
		.unit = UNIT_DB,
		.least = -30,
		.most = 0,
		.automatic = true,
		.fallback = "auto",
		.help = "Where the converter cut off; auto finds it, if there is one."},
};

static const struct record declip_record = {
	.name = "declip",
	.help = "Draws peaks anew that the converter cut off.",
	.size = sizeof(struct declip_settings),
	.keys = declip_keys,
	.key_count = KEY_COUNT(declip_keys),
};

struct declip_channel {
	struct declip *owner;
	struct repair repair;
	size_t ahead;  /* samples after the hop that have been drawn already */
	double last;   /* while analysing: the sample before, … */
	size_t run;    /* … how many have been the same as it, … */
	double peak;   /* … the largest so far, … */
	uint64_t runs; /* … and how often it was held */
};

struct declip {
	double asked, ceiling; /* of |sample|; 0: none */
	uint32_t channels;
	uint64_t found, samples, left;
	double highest;
	struct declip_channel channel[BLOCK_CHANNELS];
};

static int declip_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	double ceiling_db = ((const struct declip_settings *)settings)->ceiling_db;
	struct declip *declip = state;
	(void)e;
	declip->asked = declip->ceiling = isnan(ceiling_db) ? 0 : units_from_db(ceiling_db);
	declip->channels = format->channels;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		declip->channel[c].owner = declip;
	return 0;
}

/* ---- finding the ceiling ---- */

static void look(struct declip_channel *channel, double sample)
{
	double size = fabs(sample);
	bool same = fabs(sample - channel->last) <= SAME;
	channel->last = sample;
	channel->run = same ? channel->run + 1 : 1;
	if (size > channel->peak + SAME) {
		channel->peak = size;
		channel->runs = 0;
	}
	if (channel->run == SHORTEST && size >= channel->peak - SAME)
		channel->runs++;
}

static void declip_analyse(void *state, const struct block *block, const struct block *key)
{
	struct declip *declip = state;
	(void)key;
	for (uint32_t c = 0; c < block->channels; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			look(&declip->channel[c], block->channel[c][i]);
}

/* One ceiling for both sides: they share a converter. */
static void declip_conclude(void *state)
{
	struct declip *declip = state;
	if (declip->asked > 0)
		return;
	for (uint32_t c = 0; c < declip->channels; c++) {
		const struct declip_channel *channel = &declip->channel[c];
		if (channel->runs >= FEWEST && channel->peak > LOWEST_CEILING)
			declip->ceiling = fmax(declip->ceiling, channel->peak - SAME);
	}
}

/* ---- drawing ---- */

/* Where the run at the ceiling that begins at `at` ends; `at` where there is none. */
static size_t end_of_run(const struct declip *declip, const double *window, size_t at)
{
	size_t end = at;
	while (end < REPAIR_WINDOW && fabs(window[end]) >= declip->ceiling &&
		signbit(window[end]) == signbit(window[at]))
		end++;
	return end;
}

/* Runs so near each other that one is in the other's way. */
struct group {
	size_t first, end, unknown;
	bool clipped[REPAIR_WINDOW];
};

static void find_group(const struct declip *declip, const double *window, size_t at, struct group *group)
{
	*group = (struct group){.first = at, .end = at};
	for (size_t i = at; i < LAST && i < group->end + 2 * AR_ORDER;) {
		size_t end = end_of_run(declip, window, i);
		if (end > LAST || group->unknown + (end - i) > AR_GAP_MOST)
			return;
		for (size_t k = i; k < end; k++)
			group->clipped[k] = true;
		group->unknown += end - i;
		group->end = end > i ? end : group->end;
		i = end > i ? end : i + 1;
	}
}

static double at_least(double sample, double clipped, double ceiling)
{
	double size = signbit(clipped) ? -sample : sample;
	return copysign(fmin(fmax(size, ceiling), HIGHEST * ceiling), clipped);
}

/* False where the samples cannot be told. */
static bool draw(struct declip *declip, double *window, const struct group *group)
{
	struct autoregression model = {0};
	double clipped[REPAIR_WINDOW];
	size_t from = group->first - AR_ORDER, count = group->end + AR_ORDER - from;
	memcpy(clipped, window, sizeof(clipped));
	for (int pass = 0; pass < PASSES; pass++) {
		autoregression_fit(&model, window, REPAIR_WINDOW);
		if (!autoregression_fill(&model, window + from, group->clipped + from, count))
			return false;
		for (size_t i = group->first; i < group->end; i++)
			if (group->clipped[i])
				window[i] = at_least(window[i], clipped[i], declip->ceiling);
	}
	for (size_t i = group->first; i < group->end; i++)
		declip->highest = fmax(declip->highest, fabs(window[i]));
	return true;
}

/* What begins at `at`; returns where to go on. */
static size_t mend_at(struct declip *declip, double *window, size_t at)
{
	struct group group;
	size_t end = end_of_run(declip, window, at);
	if (end == at)
		return at + 1;
	find_group(declip, window, at, &group);
	declip->found++;
	if (group.unknown == 0 || !draw(declip, window, &group)) {
		declip->left++;
		return end;
	}
	declip->samples += group.unknown;
	return group.end;
}

static void mend(void *data, double *window)
{
	struct declip_channel *channel = data;
	size_t end = REPAIR_CONTEXT + REPAIR_HOP, i = REPAIR_CONTEXT + channel->ahead;
	while (i < end)
		i = mend_at(channel->owner, window, i);
	channel->ahead = i - end;
}

static void declip_process(void *state, struct block *block)
{
	struct declip *declip = state;
	for (uint32_t c = 0; c < block->channels; c++)
		repair_run(&declip->channel[c].repair, block->channel[c], block->frames,
			declip->ceiling > 0 ? mend : NULL, &declip->channel[c]);
}

static size_t declip_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct declip *declip = state;
	notes[0] = (struct processor_note){"applied", declip->found > declip->left};
	if (declip->found == 0)
		return 1;
	notes[1] = (struct processor_note){"ceiling_dbfs", units_to_db(declip->ceiling)};
	notes[2] = (struct processor_note){"peaks", (double)declip->found};
	notes[3] = (struct processor_note){"samples", (double)declip->samples};
	notes[4] = (struct processor_note){"left_as_they_are", (double)declip->left};
	notes[5] =
		(struct processor_note){"highest_dbfs", units_to_db(fmax(declip->highest, declip->ceiling))};
	return 6;
}

static uint32_t declip_latency(const void *state)
{
	(void)state;
	return REPAIR_LATENCY;
}

static void declip_reset(void *state)
{
	struct declip *declip = state;
	declip->found = declip->samples = declip->left = 0;
	declip->highest = 0;
	for (uint32_t c = 0; c < declip->channels; c++) {
		repair_reset(&declip->channel[c].repair);
		declip->channel[c].ahead = 0;
	}
}

const struct processor_type declip_type = {
	.settings = &declip_record,
	.state_size = sizeof(struct declip),
	.init = declip_init,
	.process = declip_process,
	.analyse = declip_analyse,
	.conclude = declip_conclude,
	.notes = declip_notes,
	.latency = declip_latency,
	.reset = declip_reset,
};

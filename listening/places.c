#include "listening/places.h"

#include "common/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const float edges[PLACE_BINS - 1] = {-0.2F, 0.4F, 1.1F, 2};

/* Who began nothing so strong for so long rests, and says nothing of where beats are. */
static const float strong = 1.1F;
static const double rest_s = 2;

static uint8_t bin_of(float value)
{
	uint8_t bin = 0;
	while (bin < PLACE_BINS - 1 && value >= edges[bin])
		bin++;
	return bin;
}

/* Into `playing`, a byte a frame: whether who is heard in a row of evidence plays there, or rests. */
static void find_playing(uint8_t *playing, const float *row, size_t frames, double rate)
{
	const size_t reach = (size_t)(rest_s * rate);
	size_t until = 0;
	memset(playing, 0, frames);
	for (size_t n = 0; n < frames; n++) {
		if (row[n] < strong)
			continue;
		size_t from = n > reach ? n - reach : 0;
		for (size_t i = from > until ? from : until; i <= n + reach && i < frames; i++)
			playing[i] = 1;
		until = n + reach + 1;
	}
}

void places_bins(uint8_t *bins, const struct evidence *evidence, enum evidence_kind kind)
{
	const float *row = evidence->row[kind];
	find_playing(bins, row, evidence->frames, evidence->rate);
	for (size_t n = 0; n < evidence->frames; n++)
		bins[n] = bins[n] ? bin_of(row[n]) : PLACE_BINS;
}

static void add_kind(struct places *places, const struct evidence *evidence, enum evidence_kind kind,
	const struct places_table *table)
{
	uint8_t *bins = memory_array(places->frames + 1, 1);
	places_bins(bins, evidence, kind);
	for (size_t n = 0; n < places->frames; n++)
		for (size_t place = 0; place < PLACES && bins[n] < PLACE_BINS; place++)
			places->row[place][n] += table->weight[place][kind][bins[n]];
	free(bins);
}

static void find_ends(struct places *places, const float *onset)
{
	size_t begin = 0, end = places->frames;
	while (begin < end && onset[begin] < strong)
		begin++;
	while (end > begin && onset[end - 1] < strong)
		end--;
	places->begin = begin;
	places->end = end;
}

void places_make(struct places *places, const struct evidence *evidence, const struct places_table *table)
{
	*places = (struct places){.rate = evidence->rate, .frames = evidence->frames};
	find_ends(places, evidence->row[EVIDENCE_ONSET]);
	for (size_t place = 0; place < PLACES; place++)
		places->row[place] = memory_array(evidence->frames, sizeof(float));
	for (int kind = 0; kind < EVIDENCE_KINDS; kind++)
		if (kind != EVIDENCE_ONSET)
			add_kind(places, evidence, (enum evidence_kind)kind, table);
}

void places_finish(struct places *places)
{
	for (size_t place = 0; place < PLACES; place++)
		free(places->row[place]);
	*places = (struct places){0};
}

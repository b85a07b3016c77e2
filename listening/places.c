#include "listening/places.h"

#include "common/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const float edges[PLACE_BINS - 1] = {-0.2F, 0.4F, 1.1F, 2};

/* Who began nothing so strong for so long rests, and says nothing of where beats are. */
static const float strong = 1.1F;
static const double rest_s = 2;

/* How much likelier each bin is at each place than anywhere (the logarithm), counted on the songs of
 * tests/rig/played.py that may be tuned on, each song as much as any other and one song's worth of "as
 * anywhere" added. */
static const float weights[PLACES][EVIDENCE_KINDS][PLACE_BINS] = {
	[PLACE_LINE] = {[EVIDENCE_KICK] = {-2.18F, -0.35F, 0.78F, 0.95F, 1.81F},
		[EVIDENCE_SNARE] = {-2.18F, -0.15F, 0.70F, 1.09F, 1.68F},
		[EVIDENCE_HAT] = {-2.34F, 0.23F, 0.44F, 1.08F, 1.60F},
		[EVIDENCE_BASS] = {-2.59F, -0.74F, 0.54F, 1.21F, 1.94F},
		[EVIDENCE_NOTES] = {-2.50F, -0.24F, 0.18F, 0.96F, 1.93F},
		[EVIDENCE_CHANGE] = {-0.75F, -0.61F, 0.04F, 0.78F, 1.81F}},
	[PLACE_BACK] = {[EVIDENCE_KICK] = {-1.54F, 0.05F, 0.70F, 1.53F, 1.43F},
		[EVIDENCE_SNARE] = {-1.67F, -0.62F, -0.14F, 0.55F, 1.82F},
		[EVIDENCE_HAT] = {-1.90F, -0.60F, -0.77F, 0.73F, 1.85F},
		[EVIDENCE_BASS] = {-1.40F, 0.50F, 1.10F, 1.00F, 1.15F},
		[EVIDENCE_NOTES] = {-1.83F, 0.25F, 0.98F, 1.32F, 1.24F},
		[EVIDENCE_CHANGE] = {0.16F, -0.26F, -0.15F, -0.10F, -0.68F}},
	[PLACE_MIDDLE] = {[EVIDENCE_KICK] = {-1.20F, 0.06F, 0.26F, 1.06F, 1.55F},
		[EVIDENCE_SNARE] = {-1.43F, 0.46F, 0.77F, 1.20F, 1.36F},
		[EVIDENCE_HAT] = {-2.21F, 0.28F, 0.92F, 1.17F, 1.39F},
		[EVIDENCE_BASS] = {-1.15F, 0.08F, 0.60F, 1.36F, 1.32F},
		[EVIDENCE_NOTES] = {-1.43F, 0.38F, 1.04F, 0.94F, 1.21F},
		[EVIDENCE_CHANGE] = {0.07F, -0.29F, -0.10F, 0.21F, -0.69F}},
	[PLACE_BEAT] = {[EVIDENCE_KICK] = {-1.41F, 0.10F, 0.54F, 1.37F, 1.49F},
		[EVIDENCE_SNARE] = {-1.53F, -0.07F, 0.23F, 0.80F, 1.68F},
		[EVIDENCE_HAT] = {-2.04F, -0.15F, 0.16F, 0.99F, 1.67F},
		[EVIDENCE_BASS] = {-1.28F, 0.41F, 0.96F, 1.06F, 1.21F},
		[EVIDENCE_NOTES] = {-1.61F, 0.29F, 0.98F, 1.19F, 1.23F},
		[EVIDENCE_CHANGE] = {0.13F, -0.34F, -0.17F, 0.11F, -0.61F}},
	[PLACE_HALF] = {[EVIDENCE_KICK] = {-0.61F, 0.61F, 0.24F, 1.07F, 0.93F},
		[EVIDENCE_SNARE] = {-0.68F, 0.43F, 0.79F, 1.11F, 0.83F},
		[EVIDENCE_HAT] = {-1.25F, 0.12F, 1.05F, 1.30F, 0.71F},
		[EVIDENCE_BASS] = {-0.86F, 0.24F, 0.66F, 0.88F, 1.24F},
		[EVIDENCE_NOTES] = {-1.14F, 0.40F, 0.62F, 1.07F, 1.20F},
		[EVIDENCE_CHANGE] = {0.10F, 0.15F, -0.16F, -0.33F, -0.33F}},
	[PLACE_NO_QUARTER] = {[EVIDENCE_KICK] = {0.20F, 0.02F, -0.64F, -2.06F, -2.40F},
		[EVIDENCE_SNARE] = {0.24F, -1.41F, -1.21F, -1.03F, -1.32F},
		[EVIDENCE_HAT] = {0.26F, -0.73F, -1.05F, -1.09F, -1.91F},
		[EVIDENCE_BASS] = {0.29F, -0.52F, -1.19F, -2.17F, -2.31F},
		[EVIDENCE_NOTES] = {0.36F, -1.38F, -1.72F, -1.96F, -2.31F},
		[EVIDENCE_CHANGE] = {0.07F, 0.06F, -0.21F, -0.13F, 0.22F}},
	[PLACE_FOUR_HALF] = {[EVIDENCE_KICK] = {-0.35F, 0.69F, 0.55F, -0.13F, 0.79F},
		[EVIDENCE_SNARE] = {-0.54F, 0.83F, 0.95F, 1.00F, 0.34F},
		[EVIDENCE_HAT] = {-0.75F, 0.72F, 0.50F, 1.22F, 0.29F},
		[EVIDENCE_BASS] = {-0.42F, 0.31F, 0.46F, 0.94F, 0.54F},
		[EVIDENCE_NOTES] = {-0.70F, 0.51F, 0.82F, 0.75F, 0.67F},
		[EVIDENCE_CHANGE] = {0.04F, 0.12F, 0.05F, -0.27F, -0.74F}},
	[PLACE_QUARTER] = {[EVIDENCE_KICK] = {-0.03F, 0.46F, 0.65F, -1.02F, -0.25F},
		[EVIDENCE_SNARE] = {-0.12F, 0.54F, 0.58F, 0.35F, -0.27F},
		[EVIDENCE_HAT] = {-0.29F, 0.42F, 0.87F, 0.57F, 0.06F},
		[EVIDENCE_BASS] = {-0.01F, 0.26F, -0.06F, -0.09F, -0.33F},
		[EVIDENCE_NOTES] = {-0.08F, 0.53F, 0.26F, -0.36F, -0.44F},
		[EVIDENCE_CHANGE] = {0.05F, -0.06F, -0.06F, -0.01F, -0.10F}},
	[PLACE_FIRST_THIRD] = {[EVIDENCE_KICK] = {0.23F, -0.11F, -1.67F, -2.40F, -2.34F},
		[EVIDENCE_SNARE] = {0.27F, -1.07F, -1.17F, -1.82F, -2.29F},
		[EVIDENCE_HAT] = {0.21F, 0.30F, 0.22F, -1.85F, -2.32F},
		[EVIDENCE_BASS] = {0.24F, -0.58F, -0.12F, -1.38F, -2.02F},
		[EVIDENCE_NOTES] = {0.28F, -0.45F, -0.98F, -1.05F, -2.20F},
		[EVIDENCE_CHANGE] = {-0.08F, 0.33F, 0.16F, -0.24F, -1.38F}},
	[PLACE_LAST_THIRD] = {[EVIDENCE_KICK] = {-0.56F, 0.12F, 1.19F, 1.01F, 0.75F},
		[EVIDENCE_SNARE] = {-0.67F, 0.82F, 1.13F, 0.93F, 0.57F},
		[EVIDENCE_HAT] = {-0.64F, 1.06F, 1.15F, 0.41F, 0.77F},
		[EVIDENCE_BASS] = {-0.79F, 0.29F, 0.72F, 0.91F, 1.08F},
		[EVIDENCE_NOTES] = {-0.89F, 0.19F, 0.81F, 0.84F, 1.13F},
		[EVIDENCE_CHANGE] = {-0.13F, 0.20F, 0.22F, -0.01F, -0.96F}},
};

size_t places_bin(float value)
{
	size_t bin = 0;
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

static void add_kind(struct places *places, const float *row, size_t kind)
{
	uint8_t *playing = memory_array(places->frames + 1, 1);
	find_playing(playing, row, places->frames, places->rate);
	for (size_t n = 0; n < places->frames; n++) {
		const size_t bin = places_bin(row[n]);
		for (size_t place = 0; place < PLACES && playing[n]; place++)
			places->row[place][n] += weights[place][kind][bin];
	}
	free(playing);
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

void places_make(struct places *places, const struct evidence *evidence)
{
	*places = (struct places){.rate = evidence->rate, .frames = evidence->frames};
	find_ends(places, evidence->row[EVIDENCE_ONSET]);
	for (size_t place = 0; place < PLACES; place++)
		places->row[place] = memory_array(evidence->frames, sizeof(float));
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		if (kind != EVIDENCE_ONSET)
			add_kind(places, evidence->row[kind], kind);
}

void places_finish(struct places *places)
{
	for (size_t place = 0; place < PLACES; place++)
		free(places->row[place]);
	*places = (struct places){0};
}

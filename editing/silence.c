#include "editing/silence.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fewer windows do not make a profile: at 40 ms, a quarter deep, this is half a second. */
enum { FEWEST = 48 };

#define BELOW_LOUDEST 1e-2 /* of energy: 20 dB */

/* Steady noise is alike from window to window, within 3 dB. What is not: music, and windows that are half in
 * digital silence. */
#define SPREAD 2.0

void silence_init(struct silence *silence, size_t bins)
{
	*silence = (struct silence){.bins = bins};
	silence->power = memory_array(SILENCE_WINDOWS * bins, sizeof(*silence->power));
}

void silence_finish(struct silence *silence)
{
	free(silence->power);
	*silence = (struct silence){0};
}

static void swap(struct silence *s, size_t a, size_t b)
{
	double energy = s->energy[a];
	size_t slot = s->slot[a];
	s->energy[a] = s->energy[b];
	s->slot[a] = s->slot[b];
	s->energy[b] = energy;
	s->slot[b] = slot;
}

/* What was kept last, at the heap's end, up to its place. */
static void sift_up(struct silence *s)
{
	size_t at = s->kept - 1, above = (at - 1) / 2;
	for (; at != 0 && s->energy[at] > s->energy[above]; at = above, above = (at - 1) / 2)
		swap(s, at, above);
}

static void sift_down(struct silence *s)
{
	for (size_t at = 0;;) {
		size_t child = 2 * at + 1;
		if (child >= s->kept)
			return;
		if (child + 1 < s->kept && s->energy[child + 1] > s->energy[child])
			child++;
		if (s->energy[child] <= s->energy[at])
			return;
		swap(s, at, child);
		at = child;
	}
}

static void keep(struct silence *s, size_t at, size_t slot, double energy, const struct spectrum_bin *bins)
{
	s->energy[at] = energy;
	s->slot[at] = slot;
	for (size_t k = 0; k < s->bins; k++)
		s->power[slot * s->bins + k] = spectrum_power(bins[k]);
}

void silence_add(struct silence *silence, const struct spectrum_bin *bins)
{
	struct silence *s = silence;
	double energy = 0;
	for (size_t k = 0; k < s->bins; k++)
		energy += (double)spectrum_power(bins[k]);
	if (energy <= 0)
		return;
	s->loudest = fmax(s->loudest, energy);
	if (s->kept < SILENCE_WINDOWS) {
		keep(s, s->kept, s->kept, energy, bins);
		s->kept++;
		sift_up(s);
	} else if (energy < s->energy[0]) {
		keep(s, 0, s->slot[0], energy, bins);
		sift_down(s);
	}
}

static double typical_energy(const struct silence *s)
{
	double energy[SILENCE_WINDOWS];
	memcpy(energy, s->energy, s->kept * sizeof(*energy));
	return s->kept > 0 ? median(energy, s->kept) : 0;
}

bool silence_profile(struct silence *silence, float *profile)
{
	struct silence *s = silence;
	size_t alike = 0;
	memset(profile, 0, s->bins * sizeof(*profile));
	s->level = 0;
	double typical = typical_energy(s);
	for (size_t i = 0; i < s->kept; i++) {
		if (s->energy[i] > typical * SPREAD || s->energy[i] < typical / SPREAD)
			continue;
		for (size_t k = 0; k < s->bins; k++)
			profile[k] += s->power[s->slot[i] * s->bins + k];
		s->level += s->energy[i];
		alike++;
	}
	bool found = alike >= FEWEST && typical <= BELOW_LOUDEST * s->loudest;
	for (size_t k = 0; k < s->bins; k++)
		profile[k] = found ? profile[k] / (float)alike : 0;
	s->level = found ? s->level / (double)alike : 0;
	return found;
}

/* Parseval: bins 0 to size / 2 of a Hann-windowed (power 1/2) stretch hold half of size² × mean square / 2.
 */
double silence_level_db(const struct silence *silence, double size)
{
	return silence->level > 0 ? 10 * log10(silence->level * 4 / (size * size)) : -INFINITY;
}

#include "editing/tightness.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

#define HOP_S 0.005
#define REST_S 0.06
#define RISE 4.0
#define AUDIBLE 1e-6	   /* -60 dBFS, of the highs */
#define FULL_SCALE 0.99996 /* a 16-bit word's largest */

void tightness_init(struct tightness *t, uint32_t rate)
{
	*t = (struct tightness){.rate = rate, .hop = (uint32_t)lround(HOP_S * rate), .quietest = INFINITY};
	if (t->hop > BLOCK_FRAMES)
		t->hop = BLOCK_FRAMES;
}

void tightness_finish(struct tightness *t)
{
	free(t->onsets);
	*t = (struct tightness){0};
}

static double mean_of_past(const struct tightness *t)
{
	double sum = 0;
	for (size_t i = 0; i < TIGHTNESS_PAST; i++)
		sum += t->past[i];
	return sum / TIGHTNESS_PAST;
}

/* The first frame of the hop that has half of its peak. */
static double first_half(const struct tightness *t)
{
	uint32_t i = 0;
	while (i + 1 < t->hop && fabs(t->highs[i]) < t->peak / 2)
		i++;
	return (double)t->hops * t->hop + i;
}

static void end_hop(struct tightness *t)
{
	double level = t->sum / t->hop, square = t->square / t->hop;
	if (level > RISE * mean_of_past(t) && level > AUDIBLE && t->hops >= t->rested) {
		t->onsets = memory_grow(t->onsets, t->count + 1, sizeof(*t->onsets));
		t->onsets[t->count++] = first_half(t);
		t->rested = t->hops + (uint64_t)lround(REST_S / HOP_S);
	}
	if (square > 0)
		t->quietest = fmin(t->quietest, square);
	t->past[t->hops % TIGHTNESS_PAST] = level;
	t->hops++;
	t->filled = 0;
	t->sum = t->square = t->peak = 0;
}

void tightness_add(struct tightness *t, const struct block *block)
{
	for (uint32_t i = 0; i < block->frames; i++) {
		double value = 0;
		for (uint32_t c = 0; c < block->channels; c++) {
			value += block->channel[c][i] / block->channels;
			t->clipped += fabs(block->channel[c][i]) >= FULL_SCALE;
		}
		double high = value - t->last;
		t->last = value;
		t->highs[t->filled++] = high;
		t->sum += high * high;
		t->square += value * value;
		t->peak = fmax(t->peak, fabs(high));
		if (t->filled == t->hop)
			end_hop(t);
	}
}

static double from_nearest(double onset, const double *lines, size_t count)
{
	size_t low = 0, high = count - 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (lines[middle] <= onset)
			low = middle;
		else
			high = middle;
	}
	double before = onset - lines[low], after = onset - lines[high];
	return fabs(before) <= fabs(after) ? before : after;
}

double tightness_spread(
	const double *onsets, size_t count, const double *lines, size_t line_count, size_t least)
{
	double sum = 0, squares = 0;
	if (count < least || count == 0 || line_count == 0)
		return NAN;
	for (size_t i = 0; i < count; i++) {
		double off = from_nearest(onsets[i], lines, line_count);
		sum += off;
		squares += off * off;
	}
	double mean = sum / (double)count;
	return sqrt(fmax(0, squares / (double)count - mean * mean));
}

#include "audio/peak-hold.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const double bucket_s = 1.0 / 3000;

int peak_hold_init(struct peak_hold *hold, double hold_s, uint32_t rate)
{
	uint32_t bucket_frames = (uint32_t)fmax(1, round(bucket_s * rate));
	uint32_t buckets = (uint32_t)ceil(fmax(hold_s, 0) * rate / bucket_frames);
	*hold = (struct peak_hold){.buckets = buckets, .bucket_frames = bucket_frames};
	hold->ring = calloc(buckets + 1, sizeof(*hold->ring));
	return hold->ring ? 0 : -ENOMEM;
}

void peak_hold_finish(struct peak_hold *hold)
{
	free(hold->ring);
	*hold = (struct peak_hold){0};
}

void peak_hold_reset(struct peak_hold *hold)
{
	hold->front = hold->count = hold->filled = 0;
	hold->bucket = 0;
	hold->before = hold->largest = 0;
}

static struct peak_hold_entry *entry(struct peak_hold *hold, uint32_t index)
{
	return &hold->ring[(hold->front + index) % (hold->buckets + 1)];
}

/* The bucket is full: it becomes a candidate, those that it surpasses are none any more, nor is the one that
 * is too old. */
static void next_bucket(struct peak_hold *hold, double largest)
{
	while (hold->count > 0 && entry(hold, hold->count - 1)->value <= largest)
		hold->count--;
	*entry(hold, hold->count++) = (struct peak_hold_entry){largest, hold->bucket};
	hold->bucket++;
	hold->filled = 0;
	if (hold->bucket - entry(hold, 0)->bucket > hold->buckets) {
		hold->front = (hold->front + 1) % (hold->buckets + 1);
		hold->count--;
	}
	hold->before = hold->count > 0 ? entry(hold, 0)->value : 0;
	hold->largest = 0;
}

void peak_hold_run(struct peak_hold *hold, double *values, size_t count)
{
	while (count > 0) {
		size_t n = hold->bucket_frames - hold->filled;
		if (n > count)
			n = count;
		double largest = hold->largest, before = hold->before;
		for (size_t i = 0; i < n; i++) {
			largest = values[i] > largest ? values[i] : largest;
			values[i] = largest > before ? largest : before;
		}
		hold->largest = largest;
		hold->filled += (uint32_t)n;
		if (hold->filled == hold->bucket_frames)
			next_bucket(hold, largest);
		values += n;
		count -= n;
	}
}

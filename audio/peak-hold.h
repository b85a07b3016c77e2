/* The largest value of the last so many frames, for detectors that must not see a wave's zero crossings. */
#ifndef WOODSHED_AUDIO_PEAK_HOLD_H
#define WOODSHED_AUDIO_PEAK_HOLD_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct peak_hold_entry {
	double value;
	uint64_t bucket; /* that it was the largest of */
};

/* Frames are taken together in buckets of a third of a millisecond, of which the largest count: candidates in
 * a ring, falling from front to back (D. Lemire, "Streaming maximum-minimum filter using no more than three
 * comparisons per element", 2006). */
struct peak_hold {
	struct peak_hold_entry *ring;
	uint32_t buckets, front, count;
	uint32_t bucket_frames, filled;
	uint64_t bucket;
	double before, largest; /* of whole buckets, and of the bucket that is being filled as well */
};

/* Holds values for `hold_s` seconds, rounded up to whole buckets. 0 or -ENOMEM, with nothing left to finish.
 */
int peak_hold_init(struct peak_hold *hold, double hold_s, uint32_t rate) MUST_CHECK;
void peak_hold_finish(struct peak_hold *hold); /* a zeroed value is fine */
void peak_hold_reset(struct peak_hold *hold);

/* Replaces each of `values`, all 0 or more, by the largest of it and those before it. A value is held for
 * the time asked for and up to a bucket longer. */
void peak_hold_run(struct peak_hold *hold, double *values, size_t count);

#endif

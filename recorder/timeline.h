/* From stamps to time: where each captured stretch belongs on its interface's timeline, and how much exact
 * silence stands for what was lost before it. The timeline's frame 0 is the first captured frame. Pure; the
 * capture rules 4 and 5 (docs/recording.md). */
#ifndef WOODSHED_RECORDER_TIMELINE_H
#define WOODSHED_RECORDER_TIMELINE_H

#include "recorder/tape.h"
#include "takes/manifest.h"

struct timeline {
	bool started;
	uint32_t rate;
	uint32_t clock_id;
	uint64_t next_position; /* the driver's position that follows without a gap */
	int64_t next_nsec;	/* the time that follows without a gap */
	uint64_t frames;	/* so far, silence included */
	/* The stretch on one clock, for its rate: from its first stamp on. */
	int64_t first_nsec, last_nsec;
	uint64_t first_frame, last_frame;
	double known_ppm; /* of the last stretch that was long enough to tell */
};

struct timeline_step {
	uint64_t silence; /* frames before the cycle's own */
	enum gap_cause cause;
	uint64_t frame; /* of the cycle's first sample on the timeline, after the silence */
	bool new_clock; /* measured by time alone: the interface's rate is judged anew from here */
};

void timeline_init(struct timeline *timeline, uint32_t rate);

/* Places the next stamp. */
struct timeline_step timeline_advance(struct timeline *timeline, const struct stamp *stamp);

/* How fast the interface's crystal runs against the system's clock, in parts per million, on this stretch or,
 * while that is shorter than 2 s, on the last one; 0 before there are 2 s to judge by. */
double timeline_ppm(const struct timeline *timeline);

#endif

/* Watches the tape of one interface for losses that no clock reports (recorder/suspect.h), whether a take
 * runs or not, and keeps the last of them: a take that reaches into the past gets those of its pre-roll too.
 * The writer's thread only. */
#ifndef WOODSHED_RECORDER_WATCH_H
#define WOODSHED_RECORDER_WATCH_H

#include "recorder/suspect.h"
#include "recorder/tape.h"

enum { WATCH_KEPT = 64 };

struct watch {
	const float **channels; /* of the tape */
	struct suspect *suspect;
	struct take_suspect kept[WATCH_KEPT];
	uint64_t found; /* so far; those kept are the last ones */
};

void watch_init(struct watch *watch, const struct tape *tape);
void watch_finish(struct watch *watch);

/* The next cycle, whose first frame is the timeline's frame `frame`. */
void watch_cycle(struct watch *watch, const struct stamp *stamp, uint64_t frame);

/* The loss number `*next` or the first after it that is still kept, counted from 0, in the timeline's frames;
 * `*next` becomes its number. NULL: nothing was found since. */
const struct take_suspect *watch_loss(const struct watch *watch, uint64_t *next);

#endif

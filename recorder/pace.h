/* The pace of one interface: of every second's cycles, one note of which frame was played when. A cycle's own
 * time jitters by the machine's load; the middle of a second's hundred does so ten times less. Pure; the
 * writer's thread. */
#ifndef WOODSHED_RECORDER_PACE_H
#define WOODSHED_RECORDER_PACE_H

#include "audio/timebase.h"
#include "recorder/tape.h"

#include <stdbool.h>

/* Notes kept: more than the longest pre-roll has, for takes that begin in the past. Cycles to a note. */
enum { PACE_NOTES = 2048, PACE_CYCLES = 1024 };

struct pace {
	uint32_t rate;
	uint32_t stretch;		      /* frames before and after a new clock do not lie on one line */
	uint64_t count;			      /* notes so far */
	struct clock_point notes[PACE_NOTES]; /* note n is notes[n % PACE_NOTES] */
	struct {
		int64_t frame, nsec;
	} cycles[PACE_CYCLES]; /* since the last note */
	size_t filled;
	struct clock_point end; /* of the newest cycle */
	double ppm;
};

void pace_init(struct pace *pace, uint32_t rate);

/* The next cycle, whose first sample is `frame` on the interface's timeline. `new_clock`: something other
 * than this crystal's pace has put it there. */
void pace_add(struct pace *pace, const struct cycle *cycle, uint64_t frame, bool new_clock);

/* Makes a note of the cycles since the last one, before their second is over. */
void pace_flush(struct pace *pace);

/* How fast the crystal runs against the system's clock, in parts per million, over the last minutes; 0 before
 * there are 2 s to judge by. */
double pace_ppm(const struct pace *pace);

#endif

/* Where a take's timeline is at a moment near now: the straight line through what an interface's clock said
 * of the last seconds. Single cycles' times jitter by the machine's load; the line does so a hundred times
 * less, and follows the crystal. Pure. */
#ifndef WOODSHED_RECORDER_BEARING_H
#define WOODSHED_RECORDER_BEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BEARING_POINTS = 64 };

struct bearing {
	uint32_t rate;
	size_t count, next; /* of the ring */
	struct {
		int64_t frame, nsec;
	} points[BEARING_POINTS];
};

struct bearing_line {
	double frame; /* at `nsec`, CLOCK_MONOTONIC */
	int64_t nsec;
	double frames_per_ns;
};

void bearing_init(struct bearing *bearing, uint32_t rate);

/* The next cycle's first frame and time; all but some ten a second are passed over. `new_clock`: it lies on
 * another line than those before. */
void bearing_add(struct bearing *bearing, int64_t frame, int64_t nsec, bool new_clock);

/* The line as it is now, at the newest point; false while there is no second to judge the crystal by. */
bool bearing_read(const struct bearing *bearing, struct bearing_line *line);

#endif

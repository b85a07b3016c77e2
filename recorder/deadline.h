/* When the syncer's next round is due. A frame that came just after a round began is safe at the end of the
 * next one, and that shall be a period later: what the last rounds took of the time, and by how much they
 * began late, is time by which the next one begins earlier. Pure; times are of any one clock, in nanoseconds.
 */
#ifndef WOODSHED_RECORDER_DEADLINE_H
#define WOODSHED_RECORDER_DEADLINE_H

#include <stdint.h>

struct deadline {
	int64_t period_ns;
	int64_t due_ns;	 /* of the next round */
	int64_t head_ns; /* what a round has lately cost at most; an old one counts for less and less */
};

void deadline_init(struct deadline *deadline, int64_t period_ns, int64_t now_ns);

/* Another period from now on. Where it is shorter, a round is due now. */
void deadline_set_period(struct deadline *deadline, int64_t period_ns, int64_t now_ns);

/* A round as soon as after the first part of a period: how long the disk takes for new files is not known. */
void deadline_hasten(struct deadline *deadline, int64_t now_ns);

/* A round is due now. */
void deadline_call(struct deadline *deadline, int64_t now_ns);

/* A round began and is done: sets when the next one is due, `done_ns` or later. */
void deadline_round(struct deadline *deadline, int64_t began_ns, int64_t done_ns);

#endif

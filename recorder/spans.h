/* Which frames of the take that runs came from where on the tape: what was written to a file that the disk
 * then failed to keep is written again from there, as far as the tape still has it. One thread. */
#ifndef WOODSHED_RECORDER_SPANS_H
#define WOODSHED_RECORDER_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t frame; /* of the take */
	uint64_t frames;
	uint64_t position; /* on the tape, of the first one; not of silence */
	bool silence;
};

struct spans {
	struct span *list; /* in order, without holes */
	size_t count, room;
};

void spans_finish(struct spans *spans); /* a zeroed value is fine */

/* Adds the next frames of the take. */
void spans_add(struct spans *spans, uint64_t frames, uint64_t position);
void spans_add_silence(struct spans *spans, uint64_t frames);

/* Forgets all before the last frame that came from before `position`, where the tape has no more of it. */
void spans_forget(struct spans *spans, uint64_t position);

/* The first frame that is remembered with all that follow, and the one after the last; both 0 at the start.
 */
uint64_t spans_first(const struct spans *spans);
uint64_t spans_end(const struct spans *spans);

/* How many frames from `frame` on were played, and are not silence for what was not. What is not remembered
 * any more was. */
uint64_t spans_played(const struct spans *spans, uint64_t frame);

/* What lies from `frame` on, at most to the end of one span. `frame` is remembered. */
struct span spans_at(const struct spans *spans, uint64_t frame);

#endif

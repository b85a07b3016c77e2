/* The click of a take: waits for its sink, says which frame of the take is bar 1, marks the sections, and
 * keeps the player on the take's timeline. Private to the recorder; control thread only. */
#ifndef WOODSHED_RECORDER_COUNT_H
#define WOODSHED_RECORDER_COUNT_H

#include "recorder/transport.h"

struct count;

/* For a take that has begun, with a session whose arrangement has a click and a tempo. What goes wrong is
 * told by `alert`: a take without its click is a take. NULL where there is nothing to click. */
struct count *count_begin(struct transport *transport, const struct session *session, struct loop *loop,
	void (*alert)(void *data, const char *text), void *data);

/* The take that it counts for; others need no count. */
const struct transport *count_take(const struct count *count);

/* It is silent from now on; NULL is fine. */
void count_end(struct count *count);

#endif

/* How long an interface waits for a cycle's end, which on a busy machine may be late, and which whoever
 * leaves or joins the graph in its middle may keep back for good. Times are monotonic, in ns. The data
 * thread's. */
#ifndef WOODSHED_RIG_PATIENCE_H
#define WOODSHED_RIG_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct patience {
	double whole_s;		    /* --patience */
	int64_t trigger_ns;	    /* when the cycle in flight was triggered */
	int64_t limit_ns;	    /* when it is waited for no longer */
	int64_t left_ns, joined_ns; /* when something last left or joined the graph */
};

/* A cycle is triggered now. */
void patience_begin(struct patience *patience);

/* True if the cycle in flight has been given all the time there is, so that its end is overdue at its limit.
 */
bool patience_is_whole(const struct patience *patience);

/* Something leaves or joins now: when a cycle that is in flight need be waited for no longer. */
int64_t patience_left(struct patience *patience);
int64_t patience_joined(struct patience *patience);

#endif

/* Recovery beside the running service: hours of many tracks take minutes to decode, and the band may play on
 * at once. A thread of its own, at idle priority. */
#ifndef WOODSHED_APPLIANCE_RESCUE_H
#define WOODSHED_APPLIANCE_RESCUE_H

#include "common/loop.h"
#include "takes/recovery.h"

struct rescue;

/* On the loop. */
struct rescue_callbacks {
	void (*rescued)(void *data, const struct recovery_report *report);
	void (*done)(void *data); /* every take was looked at; not called when stopped */
	void *data;
};

/* Begins to recover the takes in `takes`, or the one of the id `only`; the caller has takes_lock. */
int rescue_create(struct rescue **rescue, struct loop *loop, const char *takes, const char *only,
	const struct rescue_callbacks *callbacks, struct error *e) MUST_CHECK;

/* Stops it after the block that is being decoded; the next start goes on. Before the loop ends. NULL is fine.
 */
void rescue_destroy(struct rescue *rescue);

#endif

/* Work on a row of items that pass through stages, shared by threads. Each stage has parts that may run at
 * the same time; a part sees the items in their order, and an item enters a stage when all parts of the one
 * before are done with it. What the threads do is thus the same whatever their number; only when is not. */
#ifndef WOODSHED_APPLIANCE_PIPELINE_H
#define WOODSHED_APPLIANCE_PIPELINE_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct pipeline_stage {
	/* Does one part of item `item` in stage `stage`; on any of the threads. Below 0 ends the whole, once
	 * the parts that run have returned. */
	int (*run)(void *data, size_t stage, size_t part, uint64_t item, struct error *e);
	size_t parts; /* 0: there is nothing to do */
	/* The stage that gives back the room which an item takes in this one: this stage works on at most
	 * `slots` items that `freed_by` is not done with. The stage itself: there is no such room. */
	size_t freed_by, slots;
};

/* Sends items 0 to `items` - 1 through all stages, on `jobs` threads, the calling one included. 0, or the
 * failure of the earliest item and part that failed. Denormal numbers count as 0 on these threads, as long as
 * they are at it. */
int pipeline_run(const struct pipeline_stage *stages, size_t stage_count, void *data, uint64_t items,
	unsigned jobs, struct error *e) MUST_CHECK;

/* The cores that this process may use, at least 1. */
unsigned pipeline_cores(void);

#endif

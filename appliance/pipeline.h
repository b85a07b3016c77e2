/* Work on a row of items that pass through stages, shared by threads. Each stage has parts that may run at
 * the same time; a part sees the items in their order, and an item enters a stage when all parts of the one
 * before are done with it. What the threads do is thus the same whatever their number; only when is not. */
#ifndef WOODSHED_APPLIANCE_PIPELINE_H
#define WOODSHED_APPLIANCE_PIPELINE_H

#include "common/stage.h"

/* Sends items 0 to `items` - 1 through all stages, on `jobs` threads, the calling one included. 0, or the
 * failure of the earliest item and part that failed. Denormal numbers count as 0 on these threads, as long as
 * they are at it. */
int pipeline_run(const struct pipeline_stage *stages, size_t stage_count, void *data, uint64_t items,
	unsigned jobs, struct error *e) MUST_CHECK;

/* The cores that this process may use, at least 1. */
unsigned pipeline_cores(void);

#endif

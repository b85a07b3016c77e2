/* Work on a row of items that pass through stages (appliance/pipeline.h), for who describes such work without
 * threads of its own. */
#ifndef WOODSHED_COMMON_STAGE_H
#define WOODSHED_COMMON_STAGE_H

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

/* Sends items 0 to `items` - 1 through all stages in their order, on up to `jobs` threads. 0, or the failure
 * of the earliest item and part that failed. */
typedef int (*stage_runner)(const struct pipeline_stage *stages, size_t stage_count, void *data,
	uint64_t items, unsigned jobs, struct error *e);

#endif

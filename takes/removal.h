/* Taking a take off the disk. Any thread but control; blocks on the disk. */
#ifndef WOODSHED_TAKES_REMOVAL_H
#define WOODSHED_TAKES_REMOVAL_H

#include "common/error.h"

#include <stdint.h>

/* Removes the take in `folder` (as take_find gives it) for good. -EBUSY: it is kept, or not closed, or
 * someone records, recovers or renders it; -EINVAL: the folder has no take's name, or is a link to elsewhere;
 * these leave it as it was. First the folder gets another name, `.removing-<id>`, durably: whatever happens
 * then, there is never half a take. */
int removal_run(const char *folder, struct error *e) MUST_CHECK;

/* Deletes what an interrupted removal left in `takes`, and unfinished files of the index. */
void removal_sweep(const char *takes);

/* What a folder takes up on the disk, in bytes; what cannot be read counts as nothing. */
uint64_t removal_bytes(const char *folder);

#endif

/* The raw files of one take, made whole and of one length. Private to recovery. */
#ifndef WOODSHED_TAKES_MEND_H
#define WOODSHED_TAKES_MEND_H

#include "takes/manifest.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Mends every raw file that `take` names, and those that follow them as further segments; fills in the take's
 * and its tracks' frames and figures and what is true of its interfaces, gaps and markers. All of it is on
 * the disk then, but for the manifest; that is saved in between with what will be silence, since nobody could
 * tell that from the files once they are of one length. */
int mend_take(
	struct manifest *take, const char *folder, const _Atomic bool *stop, struct error *e) MUST_CHECK;

/* Its second half: what is true of the interfaces, gaps, markers and losses, once all tracks say what they
 * hold. */
void mend_tell(struct manifest *take, const char *folder);

#endif

/* Who works on what, between processes: locks of the kernel's that end with the process, however that ends.
 */
#ifndef WOODSHED_TAKES_LOCK_H
#define WOODSHED_TAKES_LOCK_H

#include "common/error.h"

/* For who looks after the whole library: the service, and recovery. Locks `takes`/.lock (made if need be;
 * nobody needs to remove it) until the descriptor that is returned is closed. -EBUSY: another process has
 * it, which the message names. */
int takes_lock(const char *takes, struct error *e) MUST_CHECK;

/* For who writes into one take: the recorder while it is made, recovery, a render. Returns a descriptor to
 * close, or -EBUSY. */
int take_lock(const char *folder, struct error *e) MUST_CHECK;

#endif

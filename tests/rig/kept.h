/* What the ears gave of a song's tracks, kept in a file, so that what comes after them can be tried in
 * no time. In the byte order of this machine. */
#ifndef WOODSHED_RIG_KEPT_H
#define WOODSHED_RIG_KEPT_H

#include "common/error.h"
#include "listening/together.h"

/* The tracks and the array are the caller's, for kept_finish. -ENOMEM, -EBADMSG, or what the disk says. */
int kept_read(struct listened **tracks, size_t *count, const char *path, struct error *e) MUST_CHECK;
int kept_write(const struct listened *tracks, size_t count, const char *path, struct error *e) MUST_CHECK;
void kept_finish(struct listened *tracks, size_t count);

#endif

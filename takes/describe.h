/* A manifest for a take that lost its own. Private to recovery. */
#ifndef WOODSHED_TAKES_DESCRIBE_H
#define WOODSHED_TAKES_DESCRIBE_H

#include "takes/manifest.h"

/* From the names and the content of the raw files, as a take that is left `recording`: which interface was
 * where nobody knows any more. -ENOENT where there are no raw files. The caller's to finish. */
int describe_take(struct manifest *take, const char *folder, const char *id, struct error *e) MUST_CHECK;

#endif

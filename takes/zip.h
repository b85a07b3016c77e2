/* A ZIP container of stored files (APPNOTE 6.3), ZIP64 where a size or place needs it. One thread at a time;
 * blocks on the disk. */
#ifndef WOODSHED_TAKES_ZIP_H
#define WOODSHED_TAKES_ZIP_H

#include "common/error.h"

#include <stddef.h>

struct zip;

/* Starts the container at `path`, in place of an older one. */
int zip_create(struct zip **zip, const char *path, struct error *e) MUST_CHECK;

/* Adds a member of those bytes, or of the file at `path`. Names are UTF-8 with slashes. */
int zip_add(struct zip *zip, const char *name, const void *data, size_t size, struct error *e) MUST_CHECK;
int zip_add_file(struct zip *zip, const char *name, const char *path, struct error *e) MUST_CHECK;

/* Writes the directory and closes the file, whatever it returns; it is on the disk. */
int zip_finish(struct zip *zip, struct error *e) MUST_CHECK;
void zip_destroy(struct zip *zip); /* of what was not finished; NULL is fine */

#endif

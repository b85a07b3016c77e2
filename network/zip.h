/* A take's raw tracks as one ZIP archive (PKWARE's APPNOTE 6.3.9: stored, ZIP64), made as it is read: every
 * byte of it follows from the manifest and the files, so its length is known before and any part can be had.
 * Any one thread at a time; blocks on the disk. */
#ifndef WOODSHED_NETWORK_ZIP_H
#define WOODSHED_NETWORK_ZIP_H

#include "network/server.h"

#include <sys/types.h>

struct zip;

/* -EBUSY while the take is recorded, or where a file's checksums are not known. */
int zip_create(struct zip **zip, const char *takes, const char *id, struct error *e) MUST_CHECK;
void zip_destroy(void *zip); /* NULL is fine */

uint64_t zip_size(const struct zip *zip);

/* "<sha256>" with its quotes, over all that the archive is made of. */
const char *zip_etag(const struct zip *zip);

/* Up to `size` bytes from `position` on: how many, 0 at the end, or negative errno for a file that is not
 * what the manifest says. */
ssize_t zip_read(struct zip *zip, uint64_t position, char *buffer, size_t size) MUST_CHECK;

/* Answers with the archive, or a part of it; takes it over. */
struct answer serve_zip(const struct request *request, struct zip *zip, const char *name);

#endif

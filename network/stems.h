/* A take's raw tracks as one ZIP archive (PKWARE's APPNOTE 6.3.9: stored, ZIP64), made as it is read: every
 * byte of it follows from the manifest and the files, so its length is known before and any part can be had.
 * Any one thread at a time; blocks on the disk. */
#ifndef WOODSHED_NETWORK_STEMS_H
#define WOODSHED_NETWORK_STEMS_H

#include "network/server.h"

struct stems;

/* -EBUSY while the take is recorded, or where a file's checksums are not known. */
int stems_create(struct stems **stems, const char *takes, const char *id, struct error *e) MUST_CHECK;
void stems_destroy(void *stems); /* NULL is fine */

/* Answers with the archive, or a part of it; takes it over. */
struct answer serve_stems(const struct request *request, struct stems *stems);

#endif

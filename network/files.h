/* A take's files for HTTP: which names may be had, opened beneath the take's folder whatever the name holds,
 * and the conditions of a request (RFC 9110, sections 13 and 14). Any thread; takefile_open blocks on the
 * disk. */
#ifndef WOODSHED_NETWORK_FILES_H
#define WOODSHED_NETWORK_FILES_H

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct takefile {
	int fd; /* the caller's */
	uint64_t size;
	char etag[68]; /* "<sha256>" with its quotes; empty while the hash is not known */
	const char *type;
};

/* `path` is a raw track, a render or a preset that the manifest names, take.json, session.yaml, report.json,
 * mix.flac or peaks/<name>.json. -ENOENT for all else, and for what is a link or no plain file. */
int takefile_open(struct takefile *file, const char *takes, const char *id, const char *path,
	struct error *e) MUST_CHECK;

enum range_result {
	RANGE_WHOLE, /* no range, or one that is to be ignored: malformed, or several */
	RANGE_PART,
	RANGE_UNSATISFIABLE,
};

/* What of `size` bytes a Range header (NULL: none) asks for; `*first` and `*count` are set for RANGE_PART. */
enum range_result range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *count);

/* True if an If-None-Match header names `etag` (weak comparison) or is `*`. */
bool etag_listed(const char *header, const char *etag);

#endif

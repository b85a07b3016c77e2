/* A take's files for HTTP: which names may be had, opened beneath the take's folder whatever the name holds,
 * and the conditions of a request (RFC 9110, sections 13 and 14). Any thread; takefile_open blocks on the
 * disk. */
#ifndef WOODSHED_NETWORK_FILES_H
#define WOODSHED_NETWORK_FILES_H

#include "common/error.h"
#include "network/download.h"
#include "takes/manifest.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

struct takefile {
	int fd; /* the caller's */
	uint64_t size;
	char etag[68]; /* "<sha256>" with its quotes; empty while the hash is not known */
	const char *type;
	time_t modified;
	char name[DOWNLOAD_NAME_SIZE]; /* that it is saved under, where takefile_open opened it */
};

/* The manifest of a take and its folder, the caller's to free. -ENOENT: no such take. */
int takefile_take(struct manifest *manifest, char **folder, const char *takes, const char *id,
	struct error *e) MUST_CHECK;

/* `path` is a raw track, a render, a preset or a clock log that the manifest names, take.json, session.yaml,
 * report.json, mix.flac, a cover or peaks/<name>.json. -ENOENT for all else, and for what is a link or no
 * plain file. A track that is being recorded has the size that it has now, and no tag. */
int takefile_open(struct takefile *file, const char *takes, const char *id, const char *path,
	struct error *e) MUST_CHECK;

/* A descriptor of `path` beneath `folder`, by no link and of no more than a plain file; -ENOENT. The
 * caller's. */
int file_open_beneath(const char *folder, const char *path, struct stat *status) MUST_CHECK;

/* Calls `each` with the path of every file of a take that takefile_open would open. */
typedef void (*takefile_fn)(void *data, const char *path, const struct takefile *file);
int takefile_list(
	const char *takes, const char *id, takefile_fn each, void *data, struct error *e) MUST_CHECK;

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

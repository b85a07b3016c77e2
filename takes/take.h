/* A take's folder: making one, finding one, listing them. Any thread; blocks on the disk. */
#ifndef WOODSHED_TAKES_TAKE_H
#define WOODSHED_TAKES_TAKE_H

#include "takes/manifest.h"

/* Makes `<takes>/<id>/` with its raw/ folder, durably, and returns the id (`20261122-190311-thursday`, then
 * -2, -3 … if that is taken) and the folder; both are the caller's to free. Makes `takes` itself if need be.
 * A session name becomes lower case, all but [a-z0-9-] "-", and at most 100 bytes; an empty one "session". */
int take_create(const char *takes, int64_t started_ns, const char *session, char **id, char **folder,
	struct error *e) MUST_CHECK;

/* "raw/01-kick.flac", and "raw/01-kick.2.flac" for segment 2: the index as two digits (three from 100 on),
 * the name in lower case with all but [a-z0-9-] made "-". The caller's to free. */
char *take_raw_name(int index, const char *track, int segment);

/* "clock/01-xr18.csv", for the manifest's interface `index` (from 1). The caller's to free. */
char *take_clock_name(size_t index, const char *interface);

/* Finds a take by id within `takes`, or by a path to its folder (anything with a slash, "." and ".."). The
 * folder is the caller's to free. -ENOENT with a message that names both where it looked and how to list. */
int take_find(const char *takes, const char *take, char **folder, struct error *e) MUST_CHECK;

/* True for names as take_create makes them; nothing else ever reaches the file system as an id. */
bool take_id_valid(const char *id);

/* A line of the library, newest take first. The id is the folder's name, also in the manifest. */
struct take_entry {
	char *id;
	struct manifest manifest;
};

struct take_list {
	struct take_entry *entries;
	size_t count;
	size_t unreadable; /* folders with a manifest that would not load; logged */
};

/* At most `limit` takes (0: all) older than the id `before`, which may be gone by now (NULL: from the
 * newest). A folder that is not there is an empty library. */
int take_list_load(struct take_list *list, const char *takes, const char *before, size_t limit,
	struct error *e) MUST_CHECK;
void take_list_finish(struct take_list *list); /* a zeroed value is fine */

#endif

/* A take's folder: making one, finding one. Any thread; blocks on the disk. */
#ifndef WOODSHED_TAKES_TAKE_H
#define WOODSHED_TAKES_TAKE_H

#include "takes/manifest.h"

/* Makes the folder of takes if it is not there but its parent is, durably. Where that is missing too, a disk
 * is not mounted yet: -ENOENT says so, and nothing is made where the disk will be. */
int take_folder_make(const char *takes, struct error *e) MUST_CHECK;

/* Makes `<takes>/<id>/` with its raw/ folder, durably, and returns the id (`20261122-190311-thursday`, then
 * -2, -3 … if that is taken) and the folder; both are the caller's to free. Makes `takes` itself as
 * take_folder_make does. A session name becomes lower case, all but [a-z0-9-] "-", and at most 100 bytes; an
 * empty one "session". */
int take_create(const char *takes, int64_t started_ns, const char *session, char **id, char **folder,
	struct error *e) MUST_CHECK;

/* "raw/01-kick.flac", and "raw/01-kick.2.flac" for segment 2: the index as two digits (three from 100 on),
 * the name in lower case with all but [a-z0-9-] made "-". The caller's to free. */
char *take_raw_name(int index, const char *track, int segment);

/* The Vorbis comment of a segment: the take's frame from which on it is in force, in decimal. A power cut may
 * come before the manifest tells of the file. */
#define TAKE_SEGMENT_TAG "WOODSHED_FRAME"

/* "clock/01-xr18.csv", for the manifest's interface `index` (from 1). The caller's to free. */
char *take_clock_name(size_t index, const char *interface);

/* A file that takes up room while the take is recorded, so that there is some to close it on a full disk. */
#define TAKE_RESERVE ".reserve"

/* Finds a take by id within `takes`, or by a path to its folder (anything with a slash, "." and ".."). The
 * folder is the caller's to free. -ENOENT with a message that names both where it looked and how to list. */
int take_find(const char *takes, const char *take, char **folder, struct error *e) MUST_CHECK;

/* True for names as take_create makes them; nothing else ever reaches the file system as an id. */
bool take_id_valid(const char *id);

#endif

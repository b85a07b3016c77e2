/* What an index is made from: one reading of the takes' folder, and the file that keeps it. Private to
 * index.c; any thread, blocks on the disk. */
#ifndef WOODSHED_TAKES_INDEX_FILE_H
#define WOODSHED_TAKES_INDEX_FILE_H

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INDEX_FILE_WIDTH = 127 }; /* no id is longer */

/* What tells one state of a folder from another. */
struct index_stamp {
	uint64_t device, inode;
	int64_t modified_ns, changed_ns;
	int64_t read_ns; /* when it was looked at; the rest is what is compared */
};

int index_stamp_read(struct index_stamp *stamp, const char *takes, struct error *e) MUST_CHECK;
bool index_stamp_equal(const struct index_stamp *a, const struct index_stamp *b);

/* True if the folder is still in the state of `stamp` and no change since it was read can look the same: the
 * clock of its file system had moved on by then. */
bool index_stamp_stands(const struct index_stamp *stamp, const char *takes);

struct index_entry {
	uint64_t stamp; /* the id's time as a number of 14 digits: sorting a million needs no texts */
	const char *id;
};

struct index_scan {
	struct index_entry *entries; /* as the folder gives them */
	size_t count, longest;
	char **chunks; /* of the ids' texts */
	size_t chunk_count, used;
};

/* Every name in the folder that take_id_valid accepts. */
int index_scan_read(struct index_scan *scan, const char *takes, struct error *e) MUST_CHECK;
void index_scan_finish(struct index_scan *scan); /* a zeroed value is fine */

struct index_file;

/* NULL: none, or not of the folder's present state, or damaged. */
struct index_file *index_file_open(const char *takes);
void index_file_close(struct index_file *file); /* NULL is fine */
size_t index_file_count(const struct index_file *file);

/* NULL: damaged. The text stands until the next call. */
const char *index_file_id(struct index_file *file, size_t i);

/* Removes it from the disk, for the next one to be made anew. */
void index_file_discard(struct index_file *file);

/* Makes the folder of the file: 1, or 0 if it is there, or a negative errno. It comes before the reading that
 * is to be kept, since it changes the takes' folder. */
int index_file_prepare(const char *takes) MUST_CHECK;

/* Keeps a sorted scan; that it could not is only logged. */
void index_file_write(const char *takes, const struct index_stamp *stamp, const struct index_scan *scan);

#endif

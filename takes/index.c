#include "takes/index.h"

#include "common/memory.h"
#include "takes/index-file.h"
#include "takes/take.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STAMP_LENGTH = sizeof("20261122-190311") - 1 };

struct index {
	struct index_scan scan;	       /* of the folder */
	struct index_file *file;       /* or the file; NULL: the scan */
	char id[INDEX_FILE_WIDTH + 1]; /* of the last call */
};

int index_newer_first(const char *a, const char *b)
{
	int order = strncmp(b, a, STAMP_LENGTH);
	return order ? order : strverscmp(b + STAMP_LENGTH, a + STAMP_LENGTH);
}

static int compare_entries(const void *a, const void *b)
{
	const struct index_entry *left = a, *right = b;
	if (left->stamp != right->stamp)
		return left->stamp < right->stamp ? 1 : -1;
	return strverscmp(right->id + STAMP_LENGTH, left->id + STAMP_LENGTH);
}

/* Keeps what was read if no change can have slipped by. True: settled, also if it could not be kept. */
static bool keep(const char *takes, const struct index_stamp *stamp, struct index_scan *scan)
{
	if (scan->count < INDEX_LEAST)
		return true;
	int made = index_file_prepare(takes);
	if (made < 0)
		return true;
	if (made > 0 || !index_stamp_stands(stamp, takes))
		return false;
	index_file_write(takes, stamp, scan);
	return true;
}

/* A folder that changed just now, or while it was read, is read once more a moment later: at the second time
 * its times tell its states apart. */
static int read_folder(struct index *index, const char *takes, struct error *e)
{
	enum { ATTEMPTS = 2, PAUSE_NS = 60000000 };
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct index_stamp stamp;
		if (attempt > 0)
			nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		int result = index_stamp_read(&stamp, takes, e);
		index_scan_finish(&index->scan);
		if (result == 0)
			result = index_scan_read(&index->scan, takes, e);
		if (result < 0)
			return result == -ENOENT ? 0 : result;
		if (index->scan.count > 0) /* or there is no array */
			qsort(index->scan.entries, index->scan.count, sizeof(*index->scan.entries),
				compare_entries);
		if (keep(takes, &stamp, &index->scan))
			break;
	}
	return 0;
}

int index_open(struct index **index, const char *takes, struct error *e)
{
	struct index *made = memory_new(sizeof(*made));
	int result = 0;
	made->file = index_file_open(takes);
	if (!made->file)
		result = read_folder(made, takes, e);
	if (result < 0)
		index_close(made);
	else
		*index = made;
	return result;
}

void index_close(struct index *index)
{
	if (!index)
		return;
	index_file_close(index->file);
	index_scan_finish(&index->scan);
	free(index);
}

size_t index_count(const struct index *index)
{
	return index->file ? index_file_count(index->file) : index->scan.count;
}

bool index_was_kept(const struct index *index)
{
	return index->file != NULL;
}

int index_id(struct index *index, size_t i, const char **id, struct error *e)
{
	if (!index->file) {
		*id = index->scan.entries[i].id;
		return 0;
	}
	const char *found = index_file_id(index->file, i);
	if (!found || !take_id_valid(found)) {
		index_file_discard(index->file);
		return error_set(e, EBADMSG, "the index of the takes is damaged");
	}
	snprintf(index->id, sizeof(index->id), "%s", found);
	*id = index->id;
	return 0;
}

int index_after(struct index *index, const char *before, size_t *i, struct error *e)
{
	size_t first = 0, end = before ? index_count(index) : 0;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		const char *id;
		int result = index_id(index, middle, &id, e);
		if (result < 0)
			return result;
		if (index_newer_first(before, id) < 0)
			end = middle;
		else
			first = middle + 1;
	}
	*i = first;
	return 0;
}

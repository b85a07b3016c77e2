#include "takes/index-file.h"

#include "common/clock.h"
#include "takes/take.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The clock that stamps a folder ticks every 10 ms at the slowest; FAT and its like count whole seconds, or
 * two, which the missing digits give away. */
#define TICK_NS INT64_C(50000000)
#define COARSE_TICK_NS INT64_C(2100000000)
#define COARSE_DIGITS INT64_C(1000000)

enum { CHUNK_SIZE = 1 << 20 };

static int64_t ns_of(struct timespec time)
{
	return (int64_t)time.tv_sec * CLOCK_NSEC_PER_SEC + time.tv_nsec;
}

int index_stamp_read(struct index_stamp *stamp, const char *takes, struct error *e)
{
	struct stat status;
	int64_t now = clock_utc_ns();
	if (stat(takes, &status) < 0)
		return error_errno(e, errno, "%s", takes);
	*stamp = (struct index_stamp){
		status.st_dev, status.st_ino, ns_of(status.st_mtim), ns_of(status.st_ctim), now};
	return 0;
}

bool index_stamp_equal(const struct index_stamp *a, const struct index_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->modified_ns == b->modified_ns &&
	       a->changed_ns == b->changed_ns;
}

bool index_stamp_stands(const struct index_stamp *stamp, const char *takes)
{
	struct index_stamp now;
	if (index_stamp_read(&now, takes, NULL) < 0 || !index_stamp_equal(&now, stamp))
		return false;
	/* A change that lies far ahead (the clock was set back) cannot be met again either. */
	int64_t tick = stamp->changed_ns % COARSE_DIGITS ? TICK_NS : COARSE_TICK_NS;
	return llabs(stamp->read_ns - stamp->changed_ns) > tick;
}

static uint64_t number_of(const char *id)
{
	uint64_t number = 0;
	for (size_t i = 0; i < sizeof("20261122-190311") - 1; i++) {
		if (id[i] != '-')
			number = number * 10 + (uint64_t)(id[i] - '0');
	}
	return number;
}

/* A place for a text of `size` bytes; NULL when out of memory. */
static char *place_text(struct index_scan *scan, size_t size)
{
	if (scan->chunk_count == 0 || scan->used + size > CHUNK_SIZE) {
		char **chunks = realloc(scan->chunks, (scan->chunk_count + 1) * sizeof(*chunks));
		char *chunk = chunks ? malloc(CHUNK_SIZE) : NULL;
		if (chunks)
			scan->chunks = chunks;
		if (!chunk)
			return NULL;
		chunks[scan->chunk_count++] = chunk;
		scan->used = 0;
	}
	char *place = scan->chunks[scan->chunk_count - 1] + scan->used;
	scan->used += size;
	return place;
}

static int add(struct index_scan *scan, size_t *room, const char *id)
{
	if (scan->count == *room) {
		*room = *room ? *room * 2 : 64;
		struct index_entry *entries = realloc(scan->entries, *room * sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		scan->entries = entries;
	}
	size_t length = strlen(id);
	char *text = place_text(scan, length + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, id, length + 1);
	scan->entries[scan->count++] = (struct index_entry){number_of(id), text};
	if (length > scan->longest)
		scan->longest = length;
	return 0;
}

int index_scan_read(struct index_scan *scan, const char *takes, struct error *e)
{
	*scan = (struct index_scan){0};
	size_t room = 0;
	DIR *folder = opendir(takes);
	if (!folder)
		return error_errno(e, errno, "%s", takes);
	int result = 0;
	while (result == 0) {
		errno = 0;
		const struct dirent *entry = readdir(folder);
		if (!entry) {
			result = -errno;
			break;
		}
		if (take_id_valid(entry->d_name))
			result = add(scan, &room, entry->d_name);
	}
	closedir(folder);
	if (result < 0) {
		index_scan_finish(scan);
		return error_errno(e, result, "%s", takes);
	}
	return 0;
}

void index_scan_finish(struct index_scan *scan)
{
	for (size_t i = 0; i < scan->chunk_count; i++)
		free(scan->chunks[i]);
	free(scan->chunks);
	free(scan->entries);
	*scan = (struct index_scan){0};
}

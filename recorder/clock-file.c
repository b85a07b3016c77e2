#include "recorder/clock-file.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/clock-log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 10, LEAD_S = 60 };

struct clock_file {
	struct syncer *syncer;
	uint64_t next;		    /* note of the pace */
	struct clock_point *points; /* all that were added */
	size_t count;
	size_t waiting; /* of them, for the disk */
	char text[BATCH * CLOCK_LOG_LINE];
	size_t length;

	/* The syncer's thread only. */
	char *path;
	int fd;
	bool failed;
};

struct batch {
	struct clock_file *file;
	char text[BATCH * CLOCK_LOG_LINE];
	size_t length;
	bool last;
};

static int write_all(struct clock_file *file, const char *text, size_t length, struct error *e)
{
	while (length > 0) {
		ssize_t n = write(file->fd, text, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, errno, "%s", file->path);
		text += n;
		length -= (size_t)n;
	}
	return fdatasync(file->fd) < 0 ? error_errno(e, errno, "%s", file->path) : 0;
}

static int create(struct clock_file *file, struct error *e)
{
	char *folder = file_folder(file->path);
	int result = file_make_folders(folder, e);
	free(folder);
	if (result < 0)
		return result;
	file->fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (file->fd < 0)
		return error_errno(e, errno, "%s", file->path);
	result = write_all(file, CLOCK_LOG_HEADER, strlen(CLOCK_LOG_HEADER), e);
	return result < 0 ? result : file_sync_folder_of(file->path, e);
}

static void write_batch(void *data)
{
	struct batch *batch = data;
	struct clock_file *file = batch->file;
	struct error e;
	int result = file->failed || file->fd >= 0 ? 0 : create(file, &e);
	if (result == 0 && !file->failed)
		result = write_all(file, batch->text, batch->length, &e);
	if (result < 0) {
		file->failed = true;
		log_error("the clock log is not kept: %s", e.text);
	}
	if (batch->last) {
		if (file->fd >= 0)
			close(file->fd);
		free(file->path);
		free(file);
	}
	free(batch);
}

static void hand_over(struct clock_file *file, bool last)
{
	struct batch *batch = memory_new(sizeof(*batch));
	batch->file = file;
	batch->length = file->length;
	batch->last = last;
	memcpy(batch->text, file->text, file->length);
	file->waiting = file->length = 0;
	syncer_post(file->syncer, write_batch, batch);
}

struct clock_file *clock_file_open(const char *path, struct syncer *syncer)
{
	struct clock_file *file = memory_new(sizeof(*file));
	file->syncer = syncer;
	file->path = path ? memory_text(path) : NULL;
	file->fd = -1;
	file->failed = !path;
	return file;
}

static void add(struct clock_file *file, const struct clock_point *point)
{
	file->points = memory_grow(file->points, file->count + 1, sizeof(*file->points));
	file->points[file->count++] = *point;
	file->length += clock_log_format(file->text + file->length, point);
	if (++file->waiting == BATCH || 2 * file->waiting >= file->count)
		hand_over(file, false);
}

void clock_file_follow(struct clock_file *file, const struct pace *pace, int64_t origin)
{
	if (file->next + PACE_NOTES < pace->count)
		file->next = pace->count - PACE_NOTES;
	for (; file->next < pace->count; file->next++) {
		struct clock_point point = pace->notes[file->next % PACE_NOTES];
		point.frame -= origin;
		if (point.frame >= -(int64_t)LEAD_S * pace->rate)
			add(file, &point);
	}
}

double clock_file_close(struct clock_file *file, uint32_t rate)
{
	double ppm = rate ? timebase_ppm(file->points, file->count, rate) : NAN;
	free(file->points);
	hand_over(file, true);
	return ppm;
}

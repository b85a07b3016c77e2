#include "takes/retention.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/edit.h"
#include "takes/index.h"
#include "takes/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* ---- the clock ---- */

/* Only a time server's word (or the like) clears the flag. */
static bool is_sure(void)
{
	struct timex state = {0};
	int result = adjtimex(&state);
	return result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

static int64_t running_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static int64_t utc_s(void)
{
	return clock_utc_ns() / CLOCK_NSEC_PER_SEC;
}

void retention_clock_load(struct retention_clock *clock, const char *takes)
{
	char *path = file_join(takes, ".clock"), *text;
	size_t size;
	int64_t ns = 0;
	*clock = (struct retention_clock){.begun_s = running_s()};
	if (file_read(path, CLOCK_RFC3339_SIZE, &text, &size, NULL) == 0) {
		text[strcspn(text, "\n")] = '\0';
		if (clock_parse_rfc3339(text, &ns) == 0)
			clock->believed_s = ns / CLOCK_NSEC_PER_SEC;
		free(text);
	}
	free(path);
}

/* Written over in place: a new file each hour would change the takes' folder, and the index with it. A line
 * that a power cut tore is no time, and then any clock is believed. */
static void keep_clock(const char *takes, int64_t now_s)
{
	char line[CLOCK_RFC3339_SIZE];
	char *path = file_join(takes, ".clock");
	clock_rfc3339(now_s * CLOCK_NSEC_PER_SEC, line);
	line[sizeof(line) - 1] = '\n';
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || pwrite(fd, line, sizeof(line), 0) != (ssize_t)sizeof(line) || fdatasync(fd) < 0)
		log_debug("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
}

int retention_protect(const struct retention_clock *clock, const char *folder, struct error *e)
{
	static const bool yes = true;
	struct manifest take;
	int result = manifest_load(&take, folder, e);
	if (result < 0)
		return result;
	bool behind = retention_clock_behind(clock, take.started_ns / CLOCK_NSEC_PER_SEC, is_sure());
	manifest_finish(&take);
	if (!behind)
		return 0;
	result = take_edit(folder, &(struct take_edit){.keep = &yes}, &take, e);
	if (result < 0)
		return result;
	log_warning("%s: the clock was set back, so its age cannot be told: it is kept", take.id);
	manifest_finish(&take);
	return 1;
}

/* ---- the library as choosing sees it ---- */

struct library {
	const struct retention *retention;
	struct index *index;
	int result; /* of reading the index */
	struct error *e;
};

/* NULL: the index cannot be read any more. */
static char *folder_of(struct library *library, size_t i)
{
	const char *id;
	int result = index_id(library->index, i, &id, library->e);
	if (result < 0) {
		library->result = result;
		return NULL;
	}
	return file_join(library->retention->takes, id);
}

static int64_t started_of(void *data, size_t i)
{
	struct library *library = data;
	const char *id;
	struct tm tm = {0};
	library->result = index_id(library->index, i, &id, library->e);
	if (library->result < 0)
		return INT64_MAX; /* ends the search */
	sscanf(id, "%4d%2d%2d-%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		&tm.tm_sec);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm);
}

static bool is_busy(const struct retention *retention, const char *folder)
{
	for (size_t i = 0; i < retention->busy_count; i++) {
		if (strcmp(retention->busy[i], folder) == 0)
			return true;
	}
	return false;
}

static bool load(void *data, size_t i, struct retention_take *take)
{
	struct library *library = data;
	struct manifest manifest;
	char *folder = folder_of(library, i);
	if (!folder || manifest_load(&manifest, folder, NULL) < 0) {
		free(folder);
		return false;
	}
	bool open = manifest.state == TAKE_RECORDING || manifest.state == TAKE_RENDERING;
	*take = (struct retention_take){
		.started_s = manifest.started_ns / CLOCK_NSEC_PER_SEC,
		.keep = manifest.keep,
		.closed = !open && !is_busy(library->retention, folder),
	};
	manifest_finish(&manifest);
	free(folder);
	return true;
}

static uint64_t bytes_of(void *data, size_t i)
{
	char *folder = folder_of(data, i);
	uint64_t bytes = folder ? removal_bytes(folder) : 0;
	free(folder);
	return bytes;
}

/* ---- doing it ---- */

static int remove_one(struct library *library, size_t i)
{
	static const char *const rules[] = {[RETENTION_ALL] = "all",
		[RETENTION_DAYS] = "days",
		[RETENTION_TAKES] = "takes",
		[RETENTION_FREE] = "free"};
	struct error e;
	char *folder = folder_of(library, i);
	if (!folder)
		return 0;
	int result = removal_run(folder, &e);
	if (result < 0)
		log_warning("retention: %s", e.text);
	else
		log_info("retention (%s): removed %s", rules[library->retention->config.rule], folder);
	free(folder);
	return result == 0;
}

static int read_now(const struct retention *retention, struct retention_now *now, struct error *e)
{
	struct statvfs disk;
	if (statvfs(retention->takes, &disk) < 0)
		return error_errno(e, errno, "%s", retention->takes);
	*now = (struct retention_now){
		.utc_s = retention_clock_now(&retention->clock, utc_s(), running_s(), is_sure()),
		.disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize,
		.free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize,
	};
	return 0;
}

static bool is_enough(const struct retention *retention)
{
	return retention->stop && atomic_load(retention->stop);
}

static int choose_and_remove(struct library *library, const struct retention_now *now)
{
	const struct retention *retention = library->retention;
	const struct retention_view view = {index_count(library->index), started_of, load, bytes_of, library};
	struct retention_choice choice;
	int removed = 0;
	retention_choose(&choice, &retention->config, &view, now);
	if (choice.out_of_reach)
		log_warning("retention: removing every take would not free %g %% of the disk, so none is",
			retention->config.free_percent);
	for (size_t i = 0; i < choice.count && library->result == 0 && !is_enough(retention); i++)
		removed += remove_one(library, choice.goes[i]);
	free(choice.goes);
	return library->result < 0 ? library->result : removed;
}

int retention_run(const struct retention *retention, struct error *e)
{
	struct retention_now now;
	struct library library = {.retention = retention, .e = e};
	int result = read_now(retention, &now, e);
	if (result < 0)
		return result;
	keep_clock(retention->takes, now.utc_s);
	if (retention->config.rule == RETENTION_ALL)
		return 0;
	result = index_open(&library.index, retention->takes, e);
	if (result < 0)
		return result;
	result = choose_and_remove(&library, &now);
	index_close(library.index);
	return result;
}

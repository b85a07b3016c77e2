#include "recorder/track-file.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/take.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPRESSION = 3, NUMBER_MOST = 999 };

/* How long after so many files in a row of which nothing became safe the next one is tried; after the last,
 * none is any more. */
static const int64_t patience_ns[] = {0, CLOCK_NSEC_PER_SEC, 3 * CLOCK_NSEC_PER_SEC};

enum { STRIKES_MOST = sizeof(patience_ns) / sizeof(patience_ns[0]) };

static bool is_full(int failure)
{
	return failure == ENOSPC || failure == EDQUOT;
}

/* What no other file will cure. */
static bool is_final(int failure)
{
	static const int codes[] = {EROFS, ENOENT, ENOTDIR, ENODEV, ENXIO, EACCES, EPERM, ENAMETOOLONG};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == failure)
			return true;
	return false;
}

static void tell(const struct track_file *file, struct track_trouble *trouble)
{
	trouble->track = file->plan->index;
	file->room->on_trouble(file->room->data, trouble);
}

static void give_up(struct track_file *file)
{
	struct track_trouble trouble = {.kind = TRACK_GIVEN_UP};
	file->given_up = true;
	snprintf(trouble.text, sizeof(trouble.text), "%s", file->why);
	tell(file, &trouble);
}

static void tell_full(struct track_file *file)
{
	struct track_trouble trouble = {.kind = TRACK_FULL};
	file->full = true;
	snprintf(trouble.text, sizeof(trouble.text), "%s", file->why);
	tell(file, &trouble);
}

/* A failure that another file may cure, or not. */
static void strike(struct track_file *file, int failure, const struct error *e)
{
	log_error("%s", e->text);
	snprintf(file->why, sizeof(file->why), "%.*s", (int)sizeof(file->why) - 1, e->text);
	/* Once: whoever is told makes room. */
	bool news = is_full(failure) && !file->full;
	if (news)
		tell_full(file);
	else if (is_final(failure) || file->strikes >= STRIKES_MOST || file->number >= NUMBER_MOST)
		give_up(file);
	if (!file->given_up)
		file->retry_ns = clock_monotonic_ns() + (news ? 0 : patience_ns[file->strikes]);
}

static char *path_of(const struct track_file *file, int number)
{
	const char *path = file->plan->path;
	int bare = (int)(strlen(path) - strlen(".flac"));
	return number > 1 ? memory_format("%.*s.%d.flac", bare, path, number) : memory_text(path);
}

static int create(struct track_file *file, uint64_t frame, struct error *e)
{
	const struct track_plan *plan = file->plan;
	struct flac_format format = {.rate = plan->rate, .channels = plan->channels, .bits = plan->bits};
	char text[32], *path = path_of(file, file->number);
	snprintf(text, sizeof(text), "%" PRIu64, frame);
	const struct flac_tag tags[] = {{"TITLE", plan->name}, {TAKE_SEGMENT_TAG, text}};
	size_t tag_count = file->number > 1 ? 2 : 1;
	int result = flac_writer_create(&file->writer, path, &format, COMPRESSION, tags, tag_count, e);
	struct error unsynced;
	/* The names of the first ones are made durable at once. */
	if (result == 0 && file->number > 1 && file_sync_folder_of(path, &unsynced) < 0)
		log_error("%s", unsynced.text);
	free(path);
	return result;
}

bool track_file_begin(struct track_file *file, int64_t now_ns)
{
	struct error e;
	if (file->writer || file->given_up || now_ns < file->retry_ns)
		return false;
	uint64_t first = spans_first(file->room->spans);
	uint64_t frame = first > file->safe ? first : file->safe;
	file->number++;
	int result = create(file, frame, &e);
	if (result < 0) {
		file->writer = NULL;
		/* The number of one that is in the way is passed over. */
		file->number -= result != -EEXIST;
		file->strikes += result != -EEXIST;
		strike(file, -result, &e);
		return false;
	}
	track_file_tell_loss(file, frame);
	file->start = file->safe = frame;
	if (file->number > 1) {
		struct track_trouble trouble = {.kind = TRACK_GOES_ON,
			.number = file->number,
			.frame = frame,
			.unsafe = file->unsafe};
		snprintf(trouble.text, sizeof(trouble.text), "%.360s; it goes on in file %d", file->why,
			file->number);
		tell(file, &trouble);
	}
	syncer_watch(file->room->syncer, file->writer);
	return true;
}

void track_file_fail(struct track_file *file, int failure, const struct error *e)
{
	struct flac_writer *writer = file->writer;
	syncer_unwatch(file->room->syncer, writer);
	/* As much of it as the disk still takes: the file shall say how long it is. A sync that failed is not
	 * asked for again. */
	int finished = flac_writer_finish(writer, NULL), synced = flac_writer_sync(writer, NULL);
	(void)finished, (void)synced;
	file->unsafe = flac_writer_sync_failed(writer) != 0;
	file->safe = file->start + flac_writer_synced(writer);
	file->strikes = flac_writer_synced(writer) > 0 ? 0 : file->strikes + 1;
	flac_writer_destroy(writer);
	file->writer = NULL;
	strike(file, failure, e);
}

void track_file_check(struct track_file *file)
{
	struct error e;
	int failure = file->writer ? flac_writer_sync_failed(file->writer) : 0;
	if (failure && flac_writer_sync(file->writer, &e) < 0)
		track_file_fail(file, failure, &e);
}

bool track_file_close(struct track_file *file)
{
	struct error e;
	/* First: of two syncs at once, the kernel tells but one that something was lost. */
	syncer_unwatch(file->room->syncer, file->writer);
	int result = flac_writer_finish(file->writer, &e);
	if (result == 0)
		result = flac_writer_sync(file->writer, &e);
	if (result < 0) {
		track_file_fail(file, -result, &e);
		return false;
	}
	file->safe = file->start + flac_writer_synced(file->writer);
	flac_writer_destroy(file->writer);
	file->writer = NULL;
	return true;
}

void track_file_tell_loss(struct track_file *file, uint64_t end)
{
	if (end <= file->safe)
		return;
	struct track_trouble trouble = {.kind = TRACK_LOST, .frame = file->safe, .frames = end - file->safe};
	tell(file, &trouble);
}

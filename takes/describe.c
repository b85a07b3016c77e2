#include "takes/describe.h"

#include "audio/flac.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STAMP_LENGTH = 15, MOST_INDEX = 9999, USUAL_RATE = 48000 };

/* "01-kick.flac" is track 1, "kick"; later segments (01-kick.2.flac) are found from there. */
static bool parse_name(const char *file, int *index, char **name)
{
	char *end;
	long number = strtol(file, &end, 10);
	size_t length = strlen(end), suffix = strlen(".flac");
	if (end == file || end[0] != '-' || number < 1 || number > MOST_INDEX || length < 2 + suffix ||
		strcmp(end + length - suffix, ".flac") != 0)
		return false;
	const char *first = end + 1;
	size_t rest = length - 1 - suffix;
	if (memchr(first, '.', rest))
		return false;
	*index = (int)number;
	*name = memory_format("%.*s", (int)rest, first);
	return true;
}

static void add_track(struct manifest *take, const char *folder, const char *file)
{
	struct take_track track = {.peak_dbfs = NAN, .lufs = NAN};
	if (!parse_name(file, &track.index, &track.name))
		return;
	track.file = memory_format("raw/%s", file);
	take->tracks = memory_grow(take->tracks, take->track_count + 1, sizeof(track));
	take->tracks[take->track_count++] = track;
	char *path = file_join(folder, track.file);
	struct flac_reader *reader;
	if (take->rate == 0 && flac_reader_open_recording(&reader, path, NULL) == 0) {
		take->rate = flac_reader_format(reader)->rate;
		flac_reader_close(reader);
	}
	free(path);
}

static int add_tracks(struct manifest *take, const char *folder, struct error *e)
{
	char *raw = file_join(folder, "raw");
	struct dirent **names = NULL;
	int count = scandir(raw, &names, NULL, versionsort);
	int result = count < 0 && errno != ENOENT ? error_errno(e, errno, "%s", raw) : 0;
	for (int i = 0; i < count; i++) {
		add_track(take, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	free(raw);
	if (result == 0 && take->track_count == 0)
		result = error_set(e, ENOENT, "%s: neither a manifest nor raw files", folder);
	return result;
}

static int64_t time_of(const char *id)
{
	struct tm tm = {0};
	if (sscanf(id, "%4d%2d%2d-%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		    &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * CLOCK_NSEC_PER_SEC;
}

int describe_take(struct manifest *take, const char *folder, const char *id, struct error *e)
{
	*take = (struct manifest){.state = TAKE_RECORDING};
	int result = add_tracks(take, folder, e);
	if (result < 0) {
		manifest_finish(take);
		return result;
	}
	take->id = memory_text(id);
	take->session = memory_text(id + STAMP_LENGTH + 1);
	take->started_ns = time_of(id);
	if (take->rate == 0)
		take->rate = USUAL_RATE;
	return 0;
}

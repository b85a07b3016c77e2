#include "takes/take.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char id_pattern[] = "dddddddd-dddddd-"; /* d: a digit */

enum {
	STAMP_LENGTH = sizeof(id_pattern) - 2, /* without the last dash */
	MOST_NAME = 100,		       /* keeps ids far below what file systems take */
	MOST_ID = STAMP_LENGTH + 1 + MOST_NAME + 10,
	MOST_SUFFIX = 9999,
};

/* Letters keep their shape in lower case; all else that is not of a name becomes a dash. */
static char *clean_name(const char *text, const char *fallback)
{
	if (text[0] == '\0')
		text = fallback;
	char *name = memory_format("%.*s", MOST_NAME, text);
	for (char *c = name; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!strchr(name_letters, *c))
			*c = '-';
	}
	return name;
}

bool take_id_valid(const char *id)
{
	size_t i = 0;
	for (; id_pattern[i]; i++) {
		bool digit = id[i] >= '0' && id[i] <= '9';
		if (id_pattern[i] == 'd' ? !digit : id[i] != '-')
			return false;
	}
	size_t rest = strspn(id + i, name_letters);
	return rest > 0 && id[i + rest] == '\0' && i + rest <= MOST_ID;
}

/* Makes the folder and its raw/, durable up to and with its own name. */
static int make_folder(const char *folder, struct error *e)
{
	if (mkdir(folder, 0755) < 0)
		return error_errno(e, errno, "%s", folder);
	char *raw = file_join(folder, "raw");
	int result = mkdir(raw, 0755) < 0 ? error_errno(e, errno, "%s", raw) : 0;
	if (result == 0)
		result = file_sync_folder_of(raw, e);
	if (result == 0)
		result = file_sync_folder_of(folder, e);
	if (result < 0) {
		rmdir(raw);
		rmdir(folder);
	}
	free(raw);
	return result;
}

int take_folder_make(const char *takes, struct error *e)
{
	struct stat status;
	if (mkdir(takes, 0755) == 0)
		return file_sync_folder_of(takes, e);
	if (errno == ENOENT)
		return error_set(e, ENOENT,
			"%s: the folder that is to hold it is missing; is its disk mounted?", takes);
	int failure = errno;
	if (stat(takes, &status) < 0)
		return error_errno(e, failure, "%s", takes);
	return S_ISDIR(status.st_mode) ? 0 : error_set(e, ENOTDIR, "%s: not a folder", takes);
}

static char *id_of(int64_t started_ns, const char *name, int suffix)
{
	time_t seconds = (time_t)(started_ns / CLOCK_NSEC_PER_SEC);
	struct tm tm;
	char stamp[64];
	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	return suffix > 1 ? memory_format("%s-%s-%d", stamp, name, suffix)
			  : memory_format("%s-%s", stamp, name);
}

int take_create(
	const char *takes, int64_t started_ns, const char *session, char **id, char **folder, struct error *e)
{
	int result = take_folder_make(takes, e);
	if (result < 0)
		return result;
	char *name = clean_name(session, "session");
	for (int suffix = 1; suffix <= MOST_SUFFIX; suffix++) {
		char *try_id = id_of(started_ns, name, suffix);
		char *try_folder = file_join(takes, try_id);
		result = make_folder(try_folder, e);
		if (result == 0) {
			*id = try_id;
			*folder = try_folder;
			break;
		}
		free(try_folder);
		free(try_id);
		if (result != -EEXIST)
			break;
	}
	free(name);
	return result;
}

char *take_raw_name(int index, const char *track, int segment)
{
	char *name = clean_name(track, "track");
	char *path = segment > 1 ? memory_format("raw/%02d-%s.%d.flac", index, name, segment)
				 : memory_format("raw/%02d-%s.flac", index, name);
	free(name);
	return path;
}

char *take_clock_name(size_t index, const char *interface)
{
	char *name = clean_name(interface, "interface");
	char *path = memory_format("clock/%02zu-%s.csv", index, name);
	free(name);
	return path;
}

static bool is_path(const char *take)
{
	return strchr(take, '/') || strcmp(take, ".") == 0 || strcmp(take, "..") == 0;
}

int take_find(const char *takes, const char *take, char **folder, struct error *e)
{
	bool path = is_path(take);
	if (!path && !take_id_valid(take))
		return error_set(e, ENOENT,
			"%s: not a take's id (such as 20261122-190311-thursday) and, without a slash, no "
			"path; "
			"`woodshed takes` lists those in %s",
			take, takes);
	char *found = path ? memory_text(take) : file_join(takes, take);
	char *manifest = file_join(found, "take.json");
	int result = access(manifest, F_OK) < 0 ? -errno : 0;
	free(manifest);
	if (result == 0) {
		*folder = found;
		return 0;
	}
	if (result != -ENOENT && result != -ENOTDIR)
		error_errno(e, result, "%s", found);
	else
		result = error_set(e, ENOENT,
			"%s: no such take: %s has no take.json; `woodshed takes` lists those in %s", take,
			found, takes);
	free(found);
	return result;
}

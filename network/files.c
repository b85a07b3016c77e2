#include "network/files.h"

#include "common/file.h"
#include "takes/take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PEAKS "peaks"
#define SMALL_FILE UINT64_C(1048576) /* hashed when it is asked for */

/* --- Ranges and tags --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits; what is too large for the type is as good as the largest. False without a digit. */
static bool read_number(const char **text, uint64_t *number)
{
	if (!is_digit(**text))
		return false;
	*number = 0;
	for (; is_digit(**text); (*text)++) {
		uint64_t digit = (uint64_t)(**text - '0');
		if (*number > (UINT64_MAX - digit) / 10)
			*number = UINT64_MAX;
		else
			*number = *number * 10 + digit;
	}
	return true;
}

static bool at_end(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

static enum range_result parse_suffix(const char *text, uint64_t size, uint64_t *first, uint64_t *count)
{
	uint64_t wanted;
	if (!read_number(&text, &wanted) || !at_end(text))
		return RANGE_WHOLE;
	if (wanted == 0 || size == 0)
		return RANGE_UNSATISFIABLE;
	*count = wanted < size ? wanted : size;
	*first = size - *count;
	return RANGE_PART;
}

enum range_result range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *count)
{
	if (!header || strncasecmp(header, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	const char *text = header + 6;
	text += strspn(text, " \t");
	if (*text == '-')
		return parse_suffix(text + 1, size, first, count);
	uint64_t from, to = UINT64_MAX;
	if (!read_number(&text, &from) || *text++ != '-')
		return RANGE_WHOLE;
	if (is_digit(*text))
		read_number(&text, &to);
	if (!at_end(text) || to < from)
		return RANGE_WHOLE;
	if (from >= size)
		return RANGE_UNSATISFIABLE;
	*first = from;
	*count = (to < size ? to + 1 : size) - from;
	return RANGE_PART;
}

bool etag_listed(const char *header, const char *etag)
{
	if (!header || etag[0] == '\0')
		return false;
	for (const char *text = header; *text;) {
		text += strspn(text, " \t,");
		if (*text == '*')
			return true;
		if (strncmp(text, "W/", 2) == 0)
			text += 2;
		const char *end = *text == '"' ? strchr(text + 1, '"') : NULL;
		if (!end)
			return false;
		size_t length = (size_t)(end + 1 - text);
		if (length == strlen(etag) && memcmp(text, etag, length) == 0)
			return true;
		text = end + 1;
	}
	return false;
}

/* --- Names --- */

static const char *type_of(const char *path)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".flac", "audio/flac"},
		{".mp3", "audio/mpeg"},
		{".wav", "audio/wav"},
		{".ogg", "audio/ogg"},
		{".opus", "audio/ogg"},
		{".json", "application/json"},
		{".mid", "audio/midi"},
		{".yaml", "application/yaml"},
		{".cue", "application/x-cue"},
		{".csv", "text/csv"},
		{".jpg", "image/jpeg"},
		{".png", "image/png"},
	};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static bool is_peaks(const char *path)
{
	if (strncmp(path, PEAKS "/", sizeof(PEAKS)) != 0)
		return false;
	const char *name = path + sizeof(PEAKS);
	size_t length = strlen(name);
	return length > 5 && name[0] != '.' && !strchr(name, '/') && strcmp(name + length - 5, ".json") == 0;
}

/* Is given a name and its hash, or NULL while the bytes may be other than the manifest says; true: enough. */
typedef bool (*named_fn)(void *data, const char *path, const struct hash *hash);

static bool is_render(const struct manifest *take, const char *path)
{
	for (size_t i = 0; i < take->render_count; i++) {
		if (strcmp(take->renders[i].file, path) == 0)
			return true;
	}
	return false;
}

static bool visit_tracks(const struct manifest *take, named_fn fn, void *data)
{
	for (size_t i = 0; i < take->track_count; i++) {
		struct take_track *track = &take->tracks[i];
		for (size_t k = 0; k < take_track_files(track); k++) {
			if (fn(data, take_track_segment(track, k).file, take_track_hash(track, k)))
				return true;
		}
	}
	return false;
}

/* What a take may have without its manifest saying so. */
static bool visit_companions(const struct manifest *take, named_fn fn, void *data)
{
	static const char *const names[] = {"take.json", "session.yaml", "report.json", "song.mid",
		"fingerprint.json", "mix.flac", "cover.jpg", "cover.png"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!is_render(take, names[i]) && fn(data, names[i], NULL))
			return true;
	}
	for (size_t i = 0; i < take->interface_count; i++) {
		const char *clock_log = take->interfaces[i].clock_log;
		if (clock_log && fn(data, clock_log, NULL))
			return true;
	}
	return false;
}

/* Every name but those of the peaks. True if `fn` had enough. */
static bool visit_names(const struct manifest *take, named_fn fn, void *data)
{
	if (visit_tracks(take, fn, data))
		return true;
	for (size_t i = 0; i < take->render_count; i++) {
		/* A render that is under way replaces the file before it says so. */
		const struct hash *hash = take->state == TAKE_RENDERING ? NULL : &take->renders[i].hash;
		if (fn(data, take->renders[i].file, hash))
			return true;
	}
	for (size_t i = 0; i < take->preset_count; i++) {
		if (fn(data, take->presets[i].file, &take->presets[i].hash))
			return true;
	}
	return visit_companions(take, fn, data);
}

struct wanted {
	const char *path;
	const struct hash *hash;
};

static bool is_wanted(void *data, const char *path, const struct hash *hash)
{
	struct wanted *wanted = data;
	if (strcmp(path, wanted->path) != 0)
		return false;
	wanted->hash = hash;
	return true;
}

/* --- Opening --- */

/* What is not there, what is a link, what leaves the folder: all the same to who asks. */
static int no_file(int error)
{
	return error == ENOSYS || error == EMFILE || error == ENFILE ? -error : -ENOENT;
}

int file_open_beneath(const char *folder, const char *path, struct stat *status)
{
	int base = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (base < 0)
		return no_file(errno);
	/* O_NONBLOCK, so that a pipe which somebody left there cannot hold us up. */
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	int result = fd < 0 ? no_file(errno) : fd;
	close(base);
	if (result < 0)
		return result;
	if (fstat(fd, status) < 0 || !S_ISREG(status->st_mode)) {
		close(fd);
		return -ENOENT;
	}
	return result;
}

static void describe(struct takefile *file, const struct stat *status, const char *path)
{
	*file = (struct takefile){.fd = -1,
		.size = (uint64_t)status->st_size,
		.type = type_of(path),
		.modified = status->st_mtime};
}

static void set_etag(struct takefile *file, const struct hash *hash)
{
	if (hash->sha256[0] != '\0' && hash->bytes == file->size)
		snprintf(file->etag, sizeof(file->etag), "\"%s\"", hash->sha256);
}

/* Whatever has no hash in the manifest and never changes in place. */
static bool is_replaced_whole(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".yaml") == 0);
}

static void hash_small(struct takefile *file)
{
	char *data = file->size <= SMALL_FILE ? malloc((size_t)file->size + 1) : NULL;
	if (!data)
		return;
	struct hash hash;
	if (pread(file->fd, data, file->size, 0) == (ssize_t)file->size &&
		hash_bytes(data, file->size, &hash, NULL) == 0)
		set_etag(file, &hash);
	free(data);
}

static int open_named(
	struct takefile *file, const char *folder, const char *path, const struct hash *hash, struct error *e)
{
	struct stat status;
	int fd = file_open_beneath(folder, path, &status);
	if (fd < 0)
		return error_set(e, fd == -ENOENT ? ENOENT : EIO, "%s: no such file in this take", path);
	describe(file, &status, path);
	file->fd = fd;
	if (hash)
		set_etag(file, hash);
	else if (is_replaced_whole(path))
		hash_small(file);
	return 0;
}

int takefile_take(
	struct manifest *manifest, char **folder, const char *takes, const char *id, struct error *e)
{
	*folder = NULL;
	/* The message of take_find would say where the takes lie. */
	if (!take_id_valid(id) || take_find(takes, id, folder, e) < 0)
		return error_set(e, ENOENT, "no such take");
	int result = manifest_load(manifest, *folder, e);
	if (result < 0) {
		free(*folder);
		*folder = NULL;
	}
	return result;
}

int takefile_open(struct takefile *file, const char *takes, const char *id, const char *path, struct error *e)
{
	struct manifest manifest = {0};
	char *folder;
	int result = takefile_take(&manifest, &folder, takes, id, e);
	if (result < 0)
		return result;
	struct wanted wanted = {.path = path};
	if (visit_names(&manifest, is_wanted, &wanted) || is_peaks(path))
		result = open_named(file, folder, path, wanted.hash, e);
	else
		result = error_set(e, ENOENT, "%.100s: no such file in this take", path);
	if (result == 0)
		download_name(file->name, &manifest, path);
	manifest_finish(&manifest);
	free(folder);
	return result;
}

/* --- Listing --- */

struct listing {
	int folder;
	takefile_fn each;
	void *data;
};

static bool list_one(void *data, const char *path, const struct hash *hash)
{
	const struct listing *listing = data;
	struct takefile file;
	struct stat status;
	if (fstatat(listing->folder, path, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
		return false;
	describe(&file, &status, path);
	if (hash)
		set_etag(&file, hash);
	listing->each(listing->data, path, &file);
	return false;
}

static void list_peaks(struct listing *listing)
{
	int fd = openat(listing->folder, PEAKS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *peaks = fd < 0 ? NULL : fdopendir(fd);
	if (!peaks) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(peaks));) {
		char *path = file_join(PEAKS, entry->d_name);
		if (is_peaks(path))
			list_one(listing, path, NULL);
		free(path);
	}
	closedir(peaks);
}

int takefile_list(const char *takes, const char *id, takefile_fn each, void *data, struct error *e)
{
	struct manifest manifest = {0};
	char *folder;
	int result = takefile_take(&manifest, &folder, takes, id, e);
	if (result < 0)
		return result;
	struct listing listing = {open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), each, data};
	if (listing.folder < 0) {
		result = error_set(e, ENOENT, "no such take");
	} else {
		visit_names(&manifest, list_one, &listing);
		list_peaks(&listing);
		close(listing.folder);
	}
	manifest_finish(&manifest);
	free(folder);
	return result;
}

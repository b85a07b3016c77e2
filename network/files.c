#include "network/files.h"

#include "common/memory.h"
#include "takes/take.h"

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
		{".yaml", "application/yaml"},
		{".cue", "application/x-cue"},
	};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static bool is_companion(const char *path)
{
	static const char *const names[] = {"take.json", "session.yaml", "report.json", "mix.flac"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(path, names[i]) == 0)
			return true;
	}
	if (strncmp(path, "peaks/", 6) != 0)
		return false;
	const char *name = path + 6;
	size_t length = strlen(name);
	return length > 5 && name[0] != '.' && !strchr(name, '/') && strcmp(name + length - 5, ".json") == 0;
}

/* Finds `path` among what the manifest names. `*hash` is NULL while the bytes may be other than it says. */
static bool find_named(const struct manifest *take, const char *path, const struct hash **hash)
{
	*hash = NULL;
	for (size_t i = 0; i < take->track_count; i++) {
		struct take_track *track = &take->tracks[i];
		for (size_t k = 0; k < take_track_files(track); k++) {
			if (strcmp(take_track_segment(track, k).file, path) != 0)
				continue;
			*hash = take_track_hash(track, k);
			return true;
		}
	}
	for (size_t i = 0; i < take->render_count; i++) {
		if (strcmp(take->renders[i].file, path) != 0)
			continue;
		/* A render that is under way replaces the file before it says so. */
		*hash = take->state == TAKE_RENDERING ? NULL : &take->renders[i].hash;
		return true;
	}
	for (size_t i = 0; i < take->preset_count; i++) {
		if (strcmp(take->presets[i].file, path) != 0)
			continue;
		*hash = &take->presets[i].hash;
		return true;
	}
	return is_companion(path);
}

/* --- Opening --- */

static int open_beneath(const char *folder, const char *path)
{
	int base = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (base < 0)
		return -errno;
	/* O_NONBLOCK, so that a pipe which somebody left there cannot hold us up. */
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, base, path, &how, sizeof(how));
	int result = fd < 0 ? -errno : (int)fd;
	close(base);
	return result;
}

static void set_etag(struct takefile *file, const struct hash *hash)
{
	if (hash->sha256[0] != '\0' && hash->bytes == file->size)
		snprintf(file->etag, sizeof(file->etag), "\"%s\"", hash->sha256);
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
	int fd = open_beneath(folder, path);
	if (fd < 0)
		return error_set(e, fd == -ENOSYS ? EIO : ENOENT, "%s: no such file in this take", path);
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return error_set(e, ENOENT, "%s: no such file in this take", path);
	}
	*file = (struct takefile){.fd = fd, .size = (uint64_t)status.st_size, .type = type_of(path)};
	if (hash)
		set_etag(file, hash);
	else if (is_companion(path))
		hash_small(file);
	return 0;
}

int takefile_open(struct takefile *file, const char *takes, const char *id, const char *path, struct error *e)
{
	struct manifest manifest = {0};
	char *folder = NULL;
	if (!take_id_valid(id))
		return error_set(e, ENOENT, "no such take");
	int result = take_find(takes, id, &folder, e);
	if (result < 0)
		return result;
	result = manifest_load(&manifest, folder, e);
	if (result < 0)
		goto out;
	const struct hash *hash;
	if (find_named(&manifest, path, &hash))
		result = open_named(file, folder, path, hash, e);
	else
		result = error_set(e, ENOENT, "%.100s: no such file in this take", path);
	manifest_finish(&manifest);
out:
	free(folder);
	return result;
}

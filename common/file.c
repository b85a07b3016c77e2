#include "common/file.h"

#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads to the end into a buffer with room for one byte more; `*data` is to be freed on failure, too. */
static int read_all(int fd, size_t limit, char **data, size_t *size)
{
	size_t room = 0;
	*size = 0;
	for (;;) {
		if (!*data || *size == room) {
			room = room ? room * 2 : 4096;
			char *grown = realloc(*data, room + 1);
			if (!grown)
				return -ENOMEM;
			*data = grown;
		}
		ssize_t n = read(fd, *data + *size, room - *size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		*size += (size_t)n;
		if (*size > limit)
			return -EFBIG;
	}
}

/* A FIFO would wait for a writer, a device has no end. */
static int open_plain(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || (fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))))
		return fd < 0 ? -errno : fd;
	close(fd);
	return -ENOTSUP;
}

int file_read(const char *path, size_t limit, char **data, size_t *size, struct error *e)
{
	int fd = open_plain(path);
	if (fd == -ENOTSUP)
		return error_set(e, ENOTSUP, "%s: no plain file", path);
	if (fd < 0)
		return error_errno(e, fd, "%s", path);
	char *buffer = NULL;
	int result = read_all(fd, limit, &buffer, size);
	close(fd);
	if (result == 0) {
		buffer[*size] = '\0';
		*data = buffer;
		return 0;
	}
	free(buffer);
	if (result == -EFBIG)
		return error_set(e, EFBIG, "%s: larger than %zu bytes", path, limit);
	return error_errno(e, result, "%s", path);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_replace(const char *path, const void *data, size_t size, struct error *e)
{
	char *temporary = memory_format("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int result = fd < 0 ? -errno : 0;
	if (fd >= 0) {
		result = write_all(fd, data, size);
		if (result == 0 && fchmod(fd, 0644) < 0)
			result = -errno;
		close(fd);
	}
	if (result < 0)
		error_errno(e, result, "%s", path);
	else
		result = file_publish(temporary, path, e);
	if (result < 0 && fd >= 0)
		unlink(temporary);
	free(temporary);
	return result;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

int file_publish(const char *temporary, const char *path, struct error *e)
{
	int result = sync_path(temporary, O_RDONLY);
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0)
		return error_errno(e, result, "%s", path);
	return file_sync_folder_of(path, e);
}

int file_sync_folder_of(const char *path, struct error *e)
{
	char *folder = file_folder(path);
	int result = sync_path(folder, O_RDONLY | O_DIRECTORY);
	if (result == -EINVAL)
		result = 0; /* a file system that has no such thing as syncing a folder (fsync(2)) */
	if (result < 0)
		error_errno(e, result, "%s", folder);
	free(folder);
	return result;
}

/* A folder is there for good only once the one that holds it is synced. */
static int make_folder(const char *path, struct error *e)
{
	if (mkdir(path, 0755) == 0)
		return file_sync_folder_of(path, e);
	return errno == EEXIST ? 0 : error_errno(e, errno, "%s", path);
}

int file_make_folders(const char *path, struct error *e)
{
	if (path[0] == '\0')
		return error_set(e, ENOENT, "a folder without a name");
	char *partial = memory_text(path);
	int result = 0;
	for (char *slash = partial + 1;; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		char kept = *slash;
		*slash = '\0';
		result = make_folder(partial, e);
		*slash = kept;
		if (result < 0 || kept == '\0')
			break;
	}
	struct stat status;
	if (result == 0 && (stat(path, &status) < 0 || !S_ISDIR(status.st_mode)))
		result = error_set(e, ENOTDIR, "%s: not a folder", path);
	free(partial);
	return result;
}

char *file_join(const char *folder, const char *name)
{
	if (name[0] == '/')
		return memory_text(name);
	size_t length = strlen(folder);
	const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";
	return memory_format("%s%s%s", folder, slash, name);
}

char *file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return memory_text(".");
	if (slash == path)
		return memory_text("/");
	return memory_format("%.*s", (int)(slash - path), path);
}

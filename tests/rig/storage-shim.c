/* An LD_PRELOAD library that writes down what a process does to the files under one folder: every call that
 * changes a file, a name or what of it is durable, with its data and its time. tests/crash/ makes of it what
 * a power cut at any moment would have left on the disk.
 *
 * STORAGE_SHIM_ROOT     the folder (absolute)
 * STORAGE_SHIM_LOG      the log, appended to; several processes may share one
 * STORAGE_SHIM_SYNC_MS  every sync takes so much longer, one after the other, as on a slow card
 * STORAGE_SHIM_FAIL     syncs of files whose names contain this fail, as on a dying card
 *
 * A record is a struct record, then the path and the data. Records of one process come in the order in which
 * the calls took effect. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As tests/crash/storage.py reads them. */
enum kind {
	KIND_CLOCK,	 /* offset: UTC ns at this time */
	KIND_OPEN,	 /* path; offset: the OPEN_ flags */
	KIND_CLOSE,	 /* fd */
	KIND_WRITE,	 /* fd, offset, data */
	KIND_TRUNCATE,	 /* fd, offset: the new size */
	KIND_SYNC_BEGIN, /* fd, offset: a number for the pair */
	KIND_SYNC_END,
	KIND_RENAME, /* path: from, NUL, to */
	KIND_UNLINK, /* path */
	KIND_MKDIR,  /* path */
};
enum { OPEN_CREATED = 1, OPEN_TRUNCATED = 2 };

struct record {
	uint32_t size; /* of all of it */
	uint32_t kind;
	int64_t nsec; /* CLOCK_MONOTONIC when it took effect */
	uint64_t offset;
	int32_t pid, fd;
	uint32_t path_size, data_size;
};

enum { MOST_FDS = 4096 };

static pthread_mutex_t lock =
	PTHREAD_MUTEX_INITIALIZER; /* guards all below: the order of calls and records */
static char root[PATH_MAX];
static int log_fd = -1;
static bool tracked[MOST_FDS];
static uint64_t sync_number;
static long sync_ms;
static const char *fail; /* NULL: nothing fails */
static bool failing[MOST_FDS];
static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER; /* a slow card does one thing at a time */

#define REAL(name) ((__typeof__(&(name)))real(#name))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int64_t now(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void put(enum kind kind, int fd, uint64_t offset, const void *path, size_t path_size, const void *data,
	size_t data_size)
{
	int saved = errno;
	struct record record = {.size = (uint32_t)(sizeof(record) + path_size + data_size),
		.kind = kind,
		.nsec = now(CLOCK_MONOTONIC),
		.offset = offset,
		.pid = getpid(),
		.fd = fd,
		.path_size = (uint32_t)path_size,
		.data_size = (uint32_t)data_size};
	struct iovec parts[] = {{&record, sizeof(record)}, {(void *)(uintptr_t)path, path_size},
		{(void *)(uintptr_t)data, data_size}};
	/* One call a record: O_APPEND keeps those of several processes apart. */
	if (writev(log_fd, parts, 3) != (ssize_t)record.size)
		abort();
	errno = saved;
}

static void put_path(enum kind kind, int fd, uint64_t offset, const char *path)
{
	put(kind, fd, offset, path, strlen(path), NULL, 0);
}

__attribute__((constructor)) static void start(void)
{
	const char *folder = getenv("STORAGE_SHIM_ROOT"), *log = getenv("STORAGE_SHIM_LOG");
	const char *slow = getenv("STORAGE_SHIM_SYNC_MS");
	if (!folder || !log)
		return;
	snprintf(root, sizeof(root), "%s/", folder);
	fail = getenv("STORAGE_SHIM_FAIL");
	sync_ms = slow ? strtol(slow, NULL, 10) : 0;
	int (*real_open)(const char *, int, ...) = REAL(open);
	log_fd = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (log_fd >= 0)
		put(KIND_CLOCK, -1, (uint64_t)now(CLOCK_REALTIME), NULL, 0, NULL, 0);
}

/* The folder itself, too. */
static bool watched(const char *path)
{
	size_t length = strlen(root);
	return log_fd >= 0 && (strncmp(path, root, length) == 0 ||
				      (strlen(path) == length - 1 && strncmp(path, root, length - 1) == 0));
}

static bool is_tracked(int fd)
{
	return fd >= 0 && fd < MOST_FDS && tracked[fd];
}

/* ---- opening and closing ---- */

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
	int (*real_openat)(int, const char *, int, ...) = REAL(openat);
	/* A file without a name is gone with the power, whatever it held. */
	if (!watched(path) || (flags & O_TMPFILE) == O_TMPFILE)
		return real_openat(folder, path, flags, mode);
	pthread_mutex_lock(&lock);
	struct stat status;
	bool there = stat(path, &status) == 0;
	int fd = real_openat(folder, path, flags, mode);
	if (fd >= 0 && fd < MOST_FDS) {
		uint64_t what = (!there ? OPEN_CREATED : 0) | (flags & O_TRUNC ? OPEN_TRUNCATED : 0);
		tracked[fd] = true;
		failing[fd] = fail && strstr(path, fail);
		put_path(KIND_OPEN, fd, what, path);
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

#define OPEN_LIKE(name) \
	int name(const char *path, int flags, ...) \
	{ \
		va_list args; \
		va_start(args, flags); \
		mode_t mode = mode_of(flags, args); \
		va_end(args); \
		return open_any(AT_FDCWD, path, flags, mode); \
	}

#define OPENAT_LIKE(name) \
	int name(int folder, const char *path, int flags, ...) \
	{ \
		va_list args; \
		va_start(args, flags); \
		mode_t mode = mode_of(flags, args); \
		va_end(args); \
		return open_any(folder, path, flags, mode); \
	}

OPEN_LIKE(open64)
OPENAT_LIKE(openat64)

static int make_temporary(int (*make)(char *, int), char *path, int flags)
{
	if (!watched(path))
		return make(path, flags);
	pthread_mutex_lock(&lock);
	int fd = make(path, flags);
	if (fd >= 0 && fd < MOST_FDS) {
		tracked[fd] = true;
		put_path(KIND_OPEN, fd, OPEN_CREATED, path);
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

int mkostemp64(char *path, int flags)
{
	return make_temporary(REAL(mkostemp64), path, flags);
}

int close(int fd)
{
	pthread_mutex_lock(&lock);
	if (is_tracked(fd)) {
		tracked[fd] = false;
		put(KIND_CLOSE, fd, 0, NULL, 0, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
	return REAL(close)(fd);
}

/* ---- changing content ---- */

ssize_t write(int fd, const void *data, size_t size)
{
	if (!is_tracked(fd))
		return REAL(write)(fd, data, size);
	pthread_mutex_lock(&lock);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t n = REAL(write)(fd, data, size);
	if (n > 0)
		put(KIND_WRITE, fd, (uint64_t)at, NULL, 0, data, (size_t)n);
	pthread_mutex_unlock(&lock);
	return n;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
	if (!is_tracked(fd))
		return REAL(pwrite64)(fd, data, size, offset);
	pthread_mutex_lock(&lock);
	ssize_t n = REAL(pwrite64)(fd, data, size, offset);
	if (n > 0)
		put(KIND_WRITE, fd, (uint64_t)offset, NULL, 0, data, (size_t)n);
	pthread_mutex_unlock(&lock);
	return n;
}

int ftruncate64(int fd, off_t size)
{
	pthread_mutex_lock(&lock);
	int result = REAL(ftruncate64)(fd, size);
	if (result == 0 && is_tracked(fd))
		put(KIND_TRUNCATE, fd, (uint64_t)size, NULL, 0, NULL, 0);
	pthread_mutex_unlock(&lock);
	return result;
}

/* ---- making durable ---- */

static int sync_any(int (*sync)(int), int fd)
{
	if (!is_tracked(fd))
		return sync(fd);
	if (failing[fd]) {
		errno = EIO;
		return -1;
	}
	pthread_mutex_lock(&lock);
	uint64_t number = sync_number++;
	put(KIND_SYNC_BEGIN, fd, number, NULL, 0, NULL, 0);
	pthread_mutex_unlock(&lock);
	pthread_mutex_lock(&device);
	int result = sync(fd);
	if (sync_ms > 0)
		nanosleep(&(struct timespec){sync_ms / 1000, sync_ms % 1000 * 1000000}, NULL);
	pthread_mutex_unlock(&device);
	pthread_mutex_lock(&lock);
	if (result == 0)
		put(KIND_SYNC_END, fd, number, NULL, 0, NULL, 0);
	pthread_mutex_unlock(&lock);
	return result;
}

int fsync(int fd)
{
	return sync_any(REAL(fsync), fd);
}

int fdatasync(int fd)
{
	return sync_any(REAL(fdatasync), fd);
}

/* ---- changing names ---- */

int rename(const char *from, const char *to)
{
	if (!watched(from))
		return REAL(rename)(from, to);
	char both[2 * PATH_MAX];
	int length = snprintf(both, sizeof(both), "%s%c%s", from, '\0', to);
	pthread_mutex_lock(&lock);
	int result = REAL(rename)(from, to);
	if (result == 0)
		put(KIND_RENAME, -1, 0, both, (size_t)length, NULL, 0);
	pthread_mutex_unlock(&lock);
	return result;
}

static int by_path(int (*call)(const char *), enum kind kind, const char *path)
{
	pthread_mutex_lock(&lock);
	int result = call(path);
	if (result == 0 && watched(path))
		put_path(kind, -1, 0, path);
	pthread_mutex_unlock(&lock);
	return result;
}

int unlink(const char *path)
{
	return by_path(REAL(unlink), KIND_UNLINK, path);
}

int mkdir(const char *path, mode_t mode)
{
	pthread_mutex_lock(&lock);
	int result = REAL(mkdir)(path, mode);
	if (result == 0 && watched(path))
		put_path(KIND_MKDIR, -1, 0, path);
	pthread_mutex_unlock(&lock);
	return result;
}

/* A disk that fails as it is told: the calls that the writers make come here before the kernel. A program
 * that includes this has them all. */
#ifndef WOODSHED_TESTS_UNIT_BAD_DISK_H
#define WOODSHED_TESTS_UNIT_BAD_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum disk_call { DISK_CREATE, DISK_WRITE, DISK_SYNC };

struct disk_fault {
	const char *path; /* a part of it; NULL ends a list */
	enum disk_call call;
	int after; /* so many that are well */
	int times; /* 0: from then on */
	int failure;
	bool until_gone; /* until somebody unlinks ".reserve" */
	bool gated;	 /* hangs until the gate is opened */
};

enum { DISK_FAULTS_MOST = 4 };

static struct {
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	struct disk_fault faults[DISK_FAULTS_MOST];
	int calls[DISK_FAULTS_MOST];
	bool gone, open;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void disk_set(const struct disk_fault *faults)
{
	pthread_mutex_lock(&disk.lock);
	memset(disk.faults, 0, sizeof(disk.faults));
	memset(disk.calls, 0, sizeof(disk.calls));
	for (int i = 0; faults && i < DISK_FAULTS_MOST && faults[i].path; i++)
		disk.faults[i] = faults[i];
	disk.gone = disk.open = false;
	pthread_mutex_unlock(&disk.lock);
}

static inline void disk_open_gate(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.open = true;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

/* 0, or the errno that the call shall fail with. */
static inline int disk_ask(enum disk_call call, const char *path)
{
	int failure = 0;
	pthread_mutex_lock(&disk.lock);
	for (int i = 0; i < DISK_FAULTS_MOST && disk.faults[i].path && !failure; i++) {
		const struct disk_fault *fault = &disk.faults[i];
		if (fault->call != call || !strstr(path, fault->path))
			continue;
		int n = disk.calls[i]++;
		if (n < fault->after || (fault->times && n >= fault->after + fault->times))
			continue;
		while (fault->gated && !disk.open)
			pthread_cond_wait(&disk.changed, &disk.lock);
		if (!fault->until_gone || !disk.gone)
			failure = fault->failure;
	}
	pthread_mutex_unlock(&disk.lock);
	return failure;
}

static inline int disk_ask_fd(enum disk_call call, int fd)
{
	char name[64], path[PATH_MAX];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(name, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return disk_ask(call, path);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	int failure = flags & O_CREAT ? disk_ask(DISK_CREATE, path) : 0;
	errno = failure;
	return failure ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	int failure = disk_ask_fd(DISK_WRITE, fd);
	errno = failure;
	return failure ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

int fdatasync(int fd)
{
	int failure = disk_ask_fd(DISK_SYNC, fd);
	errno = failure;
	return failure ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int unlink(const char *path)
{
	pthread_mutex_lock(&disk.lock);
	disk.gone = disk.gone || strstr(path, ".reserve");
	pthread_mutex_unlock(&disk.lock);
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

#endif

/* Preloaded, a disk that hangs: every write of at least 512 bytes (what a writer thread does, not a log line
 * or a pipe) or every sync that is called between two moments after the start comes back only at the end of
 * that time.
 *
 *     WOODSHED_STALL_WRITE=5:30 WOODSHED_STALL_SYNC=40:30 LD_PRELOAD=build/tests/rig/libstall.so woodshed
 * record …
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_BYTES = 512 };

struct window {
	int64_t from_ns, until_ns;
};

static struct window writes, syncs;

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void hang(const struct window *window)
{
	int64_t at = now();
	if (at < window->from_ns || at >= window->until_ns)
		return;
	struct timespec until = {
		.tv_sec = window->until_ns / 1000000000, .tv_nsec = window->until_ns % 1000000000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

static struct window window_of(const char *name)
{
	double from = 0, length = 0;
	const char *text = getenv(name);
	if (!text || sscanf(text, "%lf:%lf", &from, &length) != 2)
		return (struct window){0, 0};
	int64_t start = now() + (int64_t)(from * 1e9);
	return (struct window){start, start + (int64_t)(length * 1e9)};
}

__attribute__((constructor)) static void begin(void)
{
	writes = window_of("WOODSHED_STALL_WRITE");
	syncs = window_of("WOODSHED_STALL_SYNC");
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (size >= LEAST_BYTES)
		hang(&writes);
	return real(fd, data, size, at);
}

int fdatasync(int fd)
{
	static int (*real)(int);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	hang(&syncs);
	return real(fd);
}

/* Preloaded, a disk that fails as it is told to, or takes its time.
 *
 * BAD_DISK         what fails: CALL PART AFTER ERRNO[, …]. CALL is write, sync or create; PART is a part of
 * the file's path; AFTER so many calls that fit are well, all later ones fail with the number ERRNO. "sync
 * /03- 2 5, write /03-kick.2 0 5" BAD_DISK_WHEN    nothing fails or is slow before this file exists
 * BAD_DISK_SLOW    MIN-MAX: every write and every sync of a file whose path contains "/raw/" takes so many
 *                  milliseconds, one after the other, as a card would
 * BAD_DISK_HANG    every write to such a file waits while the file of this name is there; the first that
 * waits makes another, with ".hangs" behind its name
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { RULES_MOST = 8 };

struct rule {
	char call[8], part[64];
	int after, failure;
	int calls;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the rules' counts */
static struct rule rules[RULES_MOST];
static size_t rule_count;
static const char *when; /* NULL: always */
static long slow_least_ms, slow_most_ms;
static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER; /* one thing at a time; guards `seed` */
static unsigned seed = 1;

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void)
{
	const char *text = getenv("BAD_DISK"), *slow = getenv("BAD_DISK_SLOW");
	when = getenv("BAD_DISK_WHEN");
	for (int used = 0; text && *text && rule_count < RULES_MOST; text += used) {
		struct rule *rule = &rules[rule_count];
		if (sscanf(text, " %7s %63s %d %d %n", rule->call, rule->part, &rule->after, &rule->failure,
			    &used) != 4)
			abort(); /* a test that means nothing */
		rule_count++;
		if (text[used] != ',')
			break;
		used++;
	}
	if (slow && sscanf(slow, "%ld-%ld", &slow_least_ms, &slow_most_ms) != 2)
		abort();
}

static bool is_time(void)
{
	return !when || access(when, F_OK) == 0;
}

/* 0, or the errno to fail with. */
static int ask(const char *call, const char *path)
{
	int failure = 0;
	if (rule_count == 0 || !is_time())
		return 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < rule_count && !failure; i++) {
		struct rule *rule = &rules[i];
		if (strcmp(rule->call, call) == 0 && strstr(path, rule->part) && rule->calls++ >= rule->after)
			failure = rule->failure;
	}
	pthread_mutex_unlock(&lock);
	return failure;
}

static void take_time(const char *path)
{
	if (slow_most_ms == 0 || !strstr(path, "/raw/") || !is_time())
		return;
	pthread_mutex_lock(&device);
	long span = slow_most_ms - slow_least_ms + 1;
	long ms = slow_least_ms + (long)((unsigned)rand_r(&seed) % (unsigned long)span);
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
	pthread_mutex_unlock(&device);
}

static void hang(const char *path)
{
	const char *hangs = getenv("BAD_DISK_HANG");
	char sign[PATH_MAX];
	if (!hangs || !strstr(path, "/raw/") || access(hangs, F_OK) < 0)
		return;
	snprintf(sign, sizeof(sign), "%s.hangs", hangs);
	close(open(sign, O_CREAT | O_CLOEXEC, 0600));
	while (access(hangs, F_OK) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static int ask_fd(const char *call, int fd)
{
	char name[64], path[PATH_MAX];
	int saved = errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(name, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	take_time(path);
	if (strcmp(call, "write") == 0)
		hang(path);
	int failure = ask(call, path);
	errno = failure ? failure : saved;
	return failure;
}

/* ---- the calls ---- */

ssize_t write(int fd, const void *data, size_t size)
{
	return ask_fd("write", fd) ? -1 : REAL(write)(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at)
{
	return ask_fd("write", fd) ? -1 : REAL(pwrite64)(fd, data, size, at);
}

int fdatasync(int fd)
{
	return ask_fd("sync", fd) ? -1 : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
	return ask_fd("sync", fd) ? -1 : REAL(fsync)(fd);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	int failure = flags & O_CREAT ? ask("create", path) : 0;
	if (failure) {
		errno = failure;
		return -1;
	}
	return REAL(open64)(path, flags, mode);
}

int mkostemp64(char *path, int flags)
{
	int failure = ask("create", path);
	if (failure) {
		errno = failure;
		return -1;
	}
	return REAL(mkostemp64)(path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	int failure = ask("create", path);
	if (failure) {
		errno = failure;
		return -1;
	}
	return REAL(mkdir)(path, mode);
}

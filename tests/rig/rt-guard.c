/* Preloaded into woodshed, it ends the program when a capture callback does what a real-time thread may not:
 * any system call (the kernel's syscall user dispatch tells of every one, whoever makes it), any allocation,
 * any lock. It also keeps how long the callbacks took: with WOODSHED_RT_TIMES=FILE, one line of JSON is
 * written at exit.
 *
 *     LD_PRELOAD=build/tests/rig/librt-guard.so woodshed record …
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <pipewire/filter.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif

enum { ALLOW = 0, BLOCK = 1, FILTERS_MOST = 64, BUCKETS = 4096 };
enum { BUCKET_NS = 500 }; /* the last bucket holds all that is longer */

typedef void (*process_fn)(void *data, struct spa_io_position *position);

struct guarded {
	void *data;
	process_fn process;
	struct pw_filter_events events;
};

static struct guarded filters[FILTERS_MOST];
static _Atomic unsigned filter_count;

/* The kernel reads it at every system call of this thread: BLOCK makes each a SIGSYS. */
static _Thread_local volatile char selector = ALLOW;
static _Thread_local bool asked;
static _Atomic bool dispatching; /* in every thread that asked */
static _Atomic bool refused;

static _Atomic uint64_t calls, longest_ns, shares_over; /* shares_over: callbacks past 10 % of their cycle */
static _Atomic uint64_t buckets[BUCKETS];

static _Noreturn void end(const char *what)
{
	selector = ALLOW;
	static const char intro[] = "rt-guard: in a capture callback: ";
	ssize_t n = write(STDERR_FILENO, intro, sizeof(intro) - 1);
	n = write(STDERR_FILENO, what, strlen(what));
	n = write(STDERR_FILENO, "\n", 1);
	(void)n;
	abort();
}

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	char what[64];
	selector = ALLOW;
	snprintf(what, sizeof(what), "system call %d", info->si_syscall);
	end(what);
}

static void forbid(const char *what)
{
	if (selector == BLOCK)
		end(what);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t); /* from the vDSO: no system call */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void note(int64_t ns, const struct spa_io_position *position)
{
	size_t bucket = (size_t)(ns / BUCKET_NS);
	atomic_fetch_add(&buckets[bucket < BUCKETS ? bucket : BUCKETS - 1], 1);
	atomic_fetch_add(&calls, 1);
	if ((uint64_t)ns > atomic_load(&longest_ns))
		atomic_store(&longest_ns, (uint64_t)ns);
	if (position && position->clock.rate.denom > 0 &&
		ns > (int64_t)(position->clock.duration * 100000000 / position->clock.rate.denom))
		atomic_fetch_add(&shares_over, 1);
}

/* That the guard can fail is tested with WOODSHED_RT_MISBEHAVE=syscall, malloc or lock. */
static void (*misbehave)(void);

static void do_syscall(void)
{
	getppid();
}

static void do_malloc(void)
{
	void *volatile memory = malloc(16);
	free(memory);
}

static void do_lock(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void guard(void *data, struct spa_io_position *position)
{
	struct guarded *filter = NULL;
	for (unsigned i = 0; i < atomic_load(&filter_count); i++)
		if (filters[i].data == data)
			filter = &filters[i];
	if (!asked) {
		asked = true;
		bool on = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0;
		atomic_store(on ? &dispatching : &refused, true);
	}
	int64_t before = now();
	selector = BLOCK;
	if (misbehave)
		misbehave();
	filter->process(data, position);
	selector = ALLOW;
	note(now() - before, position);
}

void pw_filter_add_listener(struct pw_filter *filter, struct spa_hook *listener,
	const struct pw_filter_events *events, void *data)
{
	static void (*real)(struct pw_filter *, struct spa_hook *, const struct pw_filter_events *, void *);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pw_filter_add_listener");
	unsigned slot = 0;
	while (slot < atomic_load(&filter_count) && filters[slot].data != data)
		slot++;
	if (slot == FILTERS_MOST)
		abort();
	filters[slot] = (struct guarded){.data = data, .process = events->process, .events = *events};
	filters[slot].events.process = guard;
	if (slot == atomic_load(&filter_count))
		atomic_fetch_add(&filter_count, 1);
	real(filter, listener, &filters[slot].events, data);
}

/* ---- what libc does without a system call ---- */

#define REAL(result, name, ...) \
	static result (*real)(__VA_ARGS__); \
	if (!real) \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

extern void *__libc_malloc(size_t);
extern void __libc_free(void *);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size)
{
	forbid("malloc");
	return __libc_malloc(size);
}

void free(void *memory)
{
	forbid("free");
	__libc_free(memory);
}

void *calloc(size_t count, size_t size)
{
	forbid("calloc");
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	forbid("realloc");
	return __libc_realloc(memory, size);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	forbid("pthread_mutex_lock");
	REAL(int, pthread_mutex_lock, pthread_mutex_t *);
	return real(mutex);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	forbid("pthread_rwlock_rdlock");
	REAL(int, pthread_rwlock_rdlock, pthread_rwlock_t *);
	return real(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	forbid("pthread_rwlock_wrlock");
	REAL(int, pthread_rwlock_wrlock, pthread_rwlock_t *);
	return real(lock);
}

/* ---- the beginning and the end ---- */

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &action, NULL);
	const char *how = getenv("WOODSHED_RT_MISBEHAVE");
	if (how)
		misbehave = strcmp(how, "syscall") == 0	 ? do_syscall
			    : strcmp(how, "malloc") == 0 ? do_malloc
							 : do_lock;
}

static double percentile_us(double share)
{
	uint64_t total = atomic_load(&calls), seen = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		seen += atomic_load(&buckets[i]);
		if ((double)seen >= share * (double)total)
			return (double)(i + 1) * BUCKET_NS / 1000;
	}
	return 0;
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("WOODSHED_RT_TIMES");
	if (!path || atomic_load(&calls) == 0)
		return;
	FILE *file = fopen(path, "w");
	if (!file)
		return;
	fprintf(file,
		"{\"calls\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p99_9_us\": %.1f, \"longest_us\": "
		"%.1f, "
		"\"over_a_tenth\": %llu, \"system_calls_watched\": %s}\n",
		(unsigned long long)atomic_load(&calls), percentile_us(0.5), percentile_us(0.99),
		percentile_us(0.999), (double)atomic_load(&longest_ns) / 1000,
		(unsigned long long)atomic_load(&shares_over),
		atomic_load(&dispatching) && !atomic_load(&refused) ? "true" : "false");
	fclose(file);
}

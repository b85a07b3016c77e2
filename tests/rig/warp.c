/* Preloaded, a monotonic clock that runs faster than the world's: an hour of a whole room (PipeWire,
 * interfaces, the program) goes by in some minutes. Who waits for a moment of that clock, or in poll(2) for
 * so many milliseconds, waits as much shorter; CLOCK_REALTIME stays as it is. Everything in the room must
 * have the same two numbers.
 *
 *     WOODSHED_WARP=START_NS:SPEED LD_PRELOAD=build/tests/rig/libwarp.so …
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

#define NSEC_PER_SEC INT64_C(1000000000)

/* Who waits on a condition does not say by which clock; so late it was on no machine since it was started. */
#define LATEST_UPTIME_S 1000000000

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int64_t start_ns;
static double speed = 1;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("WOODSHED_WARP");
	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_settime = dlsym(RTLD_NEXT, "timerfd_settime");
	*(void **)&real_timedwait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	*(void **)&real_nanosleep = dlsym(RTLD_NEXT, "clock_nanosleep");
	*(void **)&real_poll = dlsym(RTLD_NEXT, "poll");
	if (text && sscanf(text, "%" SCNd64 ":%lf", &start_ns, &speed) == 2 && speed > 0)
		return;
	start_ns = 0;
	speed = 1;
}

static int64_t nsec(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};
}

/* 0 stays 0 (a timer that is off), and nothing else becomes it. */
static struct timespec shorter(const struct timespec *wait)
{
	int64_t ns = nsec(wait);
	int64_t real = (int64_t)((double)ns / speed);
	return timespec_of(ns > 0 && real == 0 ? 1 : real);
}

static struct timespec real_moment(const struct timespec *warped)
{
	int64_t ns = nsec(warped);
	return ns > start_ns ? timespec_of(start_ns + (int64_t)((double)(ns - start_ns) / speed)) : *warped;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	if (!real_gettime)
		begin();
	int result = real_gettime(id, t);
	if (result == 0 && id == CLOCK_MONOTONIC && nsec(t) > start_ns)
		*t = timespec_of(start_ns + (int64_t)((double)(nsec(t) - start_ns) * speed));
	return result;
}

/* All timers in the room are of the monotonic clock. */
int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *old)
{
	bool moment = (flags & TFD_TIMER_ABSTIME) != 0 && nsec(&wanted->it_value) > 0;
	struct itimerspec real = {.it_interval = shorter(&wanted->it_interval),
		.it_value = moment ? real_moment(&wanted->it_value) : shorter(&wanted->it_value)};
	return real_settime(fd, flags, &real, old);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
	if (until->tv_sec >= LATEST_UPTIME_S)
		return real_timedwait(condition, lock, until);
	struct timespec real = real_moment(until);
	return real_timedwait(condition, lock, &real);
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted, struct timespec *left)
{
	if (id != CLOCK_MONOTONIC)
		return real_nanosleep(id, flags, wanted, left);
	struct timespec real = (flags & TIMER_ABSTIME) != 0 ? real_moment(wanted) : shorter(wanted);
	return real_nanosleep(id, flags, &real, left);
}

/* Paho gives up a connection by that clock, and looks at what became of it in steps of a second. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (!real_poll)
		begin();
	return real_poll(fds, count, timeout_ms > 0 ? (int)((timeout_ms + speed - 1) / speed) : timeout_ms);
}

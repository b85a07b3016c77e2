#include "common/condition.h"

#include "common/clock.h"

#include <time.h>

void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns)
{
	struct timespec when = {
		.tv_sec = deadline_ns / CLOCK_NSEC_PER_SEC,
		.tv_nsec = deadline_ns % CLOCK_NSEC_PER_SEC,
	};
	return pthread_cond_timedwait(condition, lock, &when);
}

/* A condition variable whose deadlines are monotonic, so that a clock that is set does not stretch or cut a
 * wait. */
#ifndef WOODSHED_COMMON_CONDITION_H
#define WOODSHED_COMMON_CONDITION_H

#include <pthread.h>
#include <stdint.h>

void condition_init(pthread_cond_t *condition);

/* pthread_cond_timedwait until `deadline_ns` of clock_monotonic_ns. */
int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns);

#endif

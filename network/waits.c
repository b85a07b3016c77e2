#include "network/waits.h"

#include "common/clock.h"
#include "common/condition.h"

#include <errno.h>
#include <time.h>

void waits_init(struct waits *waits)
{
	*waits = (struct waits){0};
	pthread_mutex_init(&waits->lock, NULL);
	condition_init(&waits->changed);
}

void waits_finish(struct waits *waits)
{
	pthread_cond_destroy(&waits->changed);
	pthread_mutex_destroy(&waits->lock);
}

void waits_settle(struct operation *operation, enum outcome outcome, int code)
{
	struct waits *waits = operation->waits;
	pthread_mutex_lock(&waits->lock);
	if (operation->outcome == OUTCOME_PENDING) {
		operation->outcome = outcome;
		operation->code = code;
		waits->wakes++;
		pthread_cond_signal(&waits->changed);
	}
	pthread_mutex_unlock(&waits->lock);
}

void waits_set_lost(struct waits *waits, bool lost)
{
	pthread_mutex_lock(&waits->lock);
	waits->lost = lost;
	pthread_cond_signal(&waits->changed);
	pthread_mutex_unlock(&waits->lock);
}

void waits_wake(struct waits *waits)
{
	pthread_mutex_lock(&waits->lock);
	waits->wakes++;
	pthread_cond_signal(&waits->changed);
	pthread_mutex_unlock(&waits->lock);
}

static struct timespec deadline_in(int ms)
{
	int64_t ns = clock_monotonic_ns() + (int64_t)ms * 1000000;
	return (struct timespec){.tv_sec = ns / CLOCK_NSEC_PER_SEC, .tv_nsec = ns % CLOCK_NSEC_PER_SEC};
}

/* With the lock held; false when the time is over. */
static bool wait_change(struct waits *waits, const struct timespec *deadline)
{
	if (!deadline)
		return pthread_cond_wait(&waits->changed, &waits->lock) == 0;
	return pthread_cond_timedwait(&waits->changed, &waits->lock, deadline) != ETIMEDOUT;
}

static unsigned count_wakes(struct waits *waits)
{
	pthread_mutex_lock(&waits->lock);
	unsigned wakes = waits->wakes;
	pthread_mutex_unlock(&waits->lock);
	return wakes;
}

bool waits_until(struct waits *waits, waits_condition until, void *data, int timeout_ms, bool connected)
{
	struct timespec deadline = deadline_in(timeout_ms);
	for (bool going = true; going;) {
		/* The condition has a lock of its own, so it is asked without ours: a wake between the
		 * asking and the waiting shows in the count. */
		unsigned wakes = count_wakes(waits);
		if (until(data))
			return true;
		pthread_mutex_lock(&waits->lock);
		while (going && wakes == waits->wakes) {
			going = !(connected && waits->lost) &&
				wait_change(waits, timeout_ms ? &deadline : NULL);
		}
		pthread_mutex_unlock(&waits->lock);
	}
	return false;
}

struct operation *waits_begin(struct waits *waits)
{
	pthread_mutex_lock(&waits->lock);
	struct operation *operation = &waits->operations[++waits->newest % WAITS_OPERATIONS];
	*operation = (struct operation){.waits = waits};
	pthread_mutex_unlock(&waits->lock);
	return operation;
}

struct pending {
	struct operation *operation;
	const struct patience *patience;
};

static bool is_settled(void *data)
{
	struct operation *operation = data;
	pthread_mutex_lock(&operation->waits->lock);
	bool settled = operation->outcome != OUTCOME_PENDING;
	pthread_mutex_unlock(&operation->waits->lock);
	return settled;
}

static bool is_settled_or_interrupted(void *data)
{
	const struct pending *pending = data;
	const struct patience *patience = pending->patience;
	return is_settled(pending->operation) ||
	       (patience->interrupted && patience->interrupted(patience->data));
}

int waits_end(struct operation *operation, const struct patience *patience)
{
	struct waits *waits = operation->waits;
	struct pending pending = {operation, patience};
	bool soon = waits_until(
		waits, is_settled_or_interrupted, &pending, patience->timeout_ms, patience->connected);
	if (soon && patience->grace_ms > 0)
		waits_until(waits, is_settled, operation, patience->grace_ms, patience->connected);
	pthread_mutex_lock(&waits->lock);
	int result = -ETIMEDOUT;
	if (operation->outcome == OUTCOME_DONE)
		result = 0;
	else if (operation->outcome == OUTCOME_FAILED)
		result = operation->code;
	operation->outcome = OUTCOME_FAILED;
	pthread_mutex_unlock(&waits->lock);
	return result;
}

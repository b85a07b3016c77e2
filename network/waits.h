/* Waiting, with a limit, for what Paho's threads report: the outcome of one operation at a time, the loss of
 * the connection, or a wake from another of our threads. The thread that owns the link waits; Paho's
 * callbacks and waits_wake only set a flag. */
#ifndef WOODSHED_NETWORK_WAITS_H
#define WOODSHED_NETWORK_WAITS_H

#include <pthread.h>
#include <stdbool.h>

#define WAITS_OPERATIONS 32

enum outcome { OUTCOME_PENDING, OUTCOME_DONE, OUTCOME_FAILED };

/* What a Paho callback reports to. Only the newest is waited for; a late callback of an earlier one finds it
 * settled, and by the time its place is used again that connection is long gone. */
struct operation {
	struct waits *waits;
	enum outcome outcome;
	int code;
};

struct waits {
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	bool lost;
	unsigned wakes;
	struct operation operations[WAITS_OPERATIONS];
	unsigned newest;
};

typedef bool (*waits_condition)(void *data);

void waits_init(struct waits *waits);
void waits_finish(struct waits *waits);

/* Any thread. */
void waits_settle(struct operation *operation, enum outcome outcome, int code);
void waits_set_lost(struct waits *waits, bool lost);
void waits_wake(struct waits *waits);

/* Waits until `until` holds (true) or `timeout_ms` are over (0: never); with `connected` also until the
 * connection is lost. `until` is asked again after each wake, without the lock. */
bool waits_until(struct waits *waits, waits_condition until, void *data, int timeout_ms, bool connected);

struct operation *waits_begin(struct waits *waits);

/* How long an operation is waited for, and what may cut that short. */
struct patience {
	int timeout_ms;
	waits_condition interrupted; /* NULL: nothing */
	void *data;
	int grace_ms;	/* what is still given once `interrupted` holds; 0: nothing */
	bool connected; /* give up, too, when the connection is lost */
};

/* 0 done, above 0 the broker's reason code, negative for everything else: Paho's code, or -ETIMEDOUT for an
 * operation that nothing settled while patience lasted. */
int waits_end(struct operation *operation, const struct patience *patience);

#endif

#include "recorder/syncer.h"

#include "common/clock.h"
#include "common/condition.h"
#include "common/memory.h"
#include "common/priority.h"
#include "recorder/deadline.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define BREATH_NS (CLOCK_NSEC_PER_SEC / 1000)

/* For this long a round waits for what writers still have, and for so much of it until the last one has been
 * asked. */
#define PATIENCE_NS (CLOCK_NSEC_PER_SEC / 4)
#define TURNS_NS (PATIENCE_NS / 2)

/* Of each period, so that a busy machine breaks no promise: the thread may wake late, the disk take longer
 * than the last time. */
#define SPARE 0.125

struct job {
	void (*fn)(void *);
	void *data;
	struct job *next;
};

struct watched {
	struct flac_writer *file;
	bool failed;
	bool leaving; /* someone waits in syncer_unwatch: on a disk where syncs are always due, he would wait
			 for ever */
};

struct syncer {
	pthread_t thread;
	_Atomic int nice;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	struct deadline deadline;
	bool unanswered; /* this round went, or goes, without what some writer still had */
	bool called;	 /* such a writer has brought it since */
	bool stopping;
	struct job *first, **last;
	struct watched *files;
	size_t count;
	struct supplier *suppliers;
	size_t syncing; /* index + 1 of the file being synced without the lock; 0: none */
};

static int start_one(struct syncer *syncer, struct flac_writer *file)
{
	(void)syncer;
	flac_writer_start_sync(file);
	return 0;
}

static int sync_one(struct syncer *syncer, struct flac_writer *file)
{
	(void)syncer;
	return flac_writer_sync(file, NULL);
}

/* Calls `each` for every file, the lock given up meanwhile. The list only ever grows at its end or shrinks at
 * an index that is not being synced (syncer_unwatch waits), so the walk stays whole. */
static void walk(struct syncer *syncer, int (*each)(struct syncer *, struct flac_writer *))
{
	for (size_t i = 0; i < syncer->count; i++) {
		struct flac_writer *file = syncer->files[i].file;
		if (syncer->files[i].failed || syncer->files[i].leaving)
			continue;
		syncer->syncing = i + 1;
		pthread_mutex_unlock(&syncer->lock);
		int result = each(syncer, file);
		pthread_mutex_lock(&syncer->lock);
		i = syncer->syncing - 1;
		syncer->files[i].failed = result < 0;
		syncer->syncing = 0;
		pthread_cond_broadcast(&syncer->changed);
	}
}

static bool is_owed(const struct syncer *syncer)
{
	for (const struct supplier *supplier = syncer->suppliers; supplier; supplier = supplier->next)
		if (supplier->owes)
			return true;
	return false;
}

/* Until nobody owes anything, or that time. */
static void wait_for_answers(struct syncer *syncer, int64_t until)
{
	while (is_owed(syncer) && clock_monotonic_ns() < until)
		condition_wait_until(&syncer->changed, &syncer->lock, until);
}

/* Suppliers come and go while one is waited for. NULL: all were asked. */
static struct supplier *next_in_turn(const struct syncer *syncer)
{
	struct supplier *supplier = syncer->suppliers;
	while (supplier && supplier->asked)
		supplier = supplier->next;
	return supplier;
}

/* Has the writers bring the files up to date, one after the other: two at once may be on one core, which
 * runs two threads at less than twice the speed of one, and shares its cache among them. Who takes longer
 * than his turn works beside the next one. */
static void collect(struct syncer *syncer)
{
	int64_t began = clock_monotonic_ns(), count = 0;
	syncer->unanswered = syncer->called = false;
	if (!syncer->suppliers)
		return;
	for (struct supplier *supplier = syncer->suppliers; supplier; supplier = supplier->next) {
		supplier->asked = false;
		count++;
	}
	for (struct supplier *next; (next = next_in_turn(syncer));) {
		next->asked = next->owes = true;
		next->ask(next->data);
		wait_for_answers(syncer, clock_monotonic_ns() + TURNS_NS / count);
	}
	wait_for_answers(syncer, began + PATIENCE_NS);
	syncer->unanswered = is_owed(syncer);
}

/* The disk gets all there is at once, and orders it as it likes; 36 files synced one after the other would
 * have a slow card wait 36 times. */
static void sync_all(struct syncer *syncer)
{
	if (syncer->count == 0)
		return;
	collect(syncer);
	walk(syncer, start_one);
	walk(syncer, sync_one);
}

/* Jobs, until a sync is due; one at least, so that a disk on which syncs are always due holds none up for
 * ever. */
static void run_jobs(struct syncer *syncer)
{
	do {
		struct job *job = syncer->first;
		if (!job)
			return;
		syncer->first = job->next;
		if (!syncer->first)
			syncer->last = &syncer->first;
		pthread_mutex_unlock(&syncer->lock);
		job->fn(job->data);
		free(job);
		pthread_mutex_lock(&syncer->lock);
	} while (clock_monotonic_ns() < syncer->deadline.due_ns);
}

/* Gives the lock up at least once, so that syncs that are always due keep nobody out. */
static void wait_until_due(struct syncer *syncer)
{
	int result = 0;
	while (!syncer->stopping && !syncer->first &&
		!(result == ETIMEDOUT && clock_monotonic_ns() >= syncer->deadline.due_ns)) {
		result = condition_wait_until(&syncer->changed, &syncer->lock, syncer->deadline.due_ns);
	}
}

static void *run(void *data)
{
	struct syncer *syncer = data;
	struct deadline *deadline = &syncer->deadline;
	atomic_store(&syncer->nice, priority_raise());
	pthread_mutex_lock(&syncer->lock);
	while (!syncer->stopping || syncer->first) {
		wait_until_due(syncer);
		run_jobs(syncer);
		int64_t now = clock_monotonic_ns();
		if (now < deadline->due_ns)
			continue;
		sync_all(syncer);
		int64_t done = clock_monotonic_ns();
		deadline_round(deadline, now, done);
		if (syncer->called) /* while the round was at the files */
			deadline_call(deadline, done);
		/* Never at once: whoever waits for the lock gets it between two rounds. */
		if (deadline->due_ns < done + BREATH_NS)
			deadline->due_ns = done + BREATH_NS;
	}
	pthread_mutex_unlock(&syncer->lock);
	return NULL;
}

static int64_t period_of(double period_s)
{
	return (int64_t)(period_s * (1 - SPARE) * (double)CLOCK_NSEC_PER_SEC);
}

void syncer_set_period(struct syncer *syncer, double period_s)
{
	pthread_mutex_lock(&syncer->lock);
	deadline_set_period(&syncer->deadline, period_of(period_s), clock_monotonic_ns());
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
}

int syncer_create(struct syncer **syncer, double period_s, struct error *e)
{
	struct syncer *made = memory_new(sizeof(*made));
	deadline_init(&made->deadline, period_of(period_s), clock_monotonic_ns());
	made->last = &made->first;
	pthread_mutex_init(&made->lock, NULL);
	condition_init(&made->changed);
	int result = pthread_create(&made->thread, NULL, run, made);
	if (result != 0) {
		pthread_cond_destroy(&made->changed);
		pthread_mutex_destroy(&made->lock);
		free(made);
		return error_errno(e, result, "syncer thread");
	}
	pthread_setname_np(made->thread, "syncer");
	*syncer = made;
	return 0;
}

int syncer_nice(const struct syncer *syncer)
{
	return atomic_load(&syncer->nice);
}

void syncer_destroy(struct syncer *syncer)
{
	if (!syncer)
		return;
	pthread_mutex_lock(&syncer->lock);
	syncer->stopping = true;
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
	pthread_join(syncer->thread, NULL);
	pthread_cond_destroy(&syncer->changed);
	pthread_mutex_destroy(&syncer->lock);
	free(syncer->files);
	free(syncer);
}

void syncer_watch(struct syncer *syncer, struct flac_writer *file)
{
	pthread_mutex_lock(&syncer->lock);
	syncer->files = memory_grow(syncer->files, syncer->count + 1, sizeof(*syncer->files));
	syncer->files[syncer->count++] = (struct watched){.file = file};
	deadline_hasten(&syncer->deadline, clock_monotonic_ns());
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
}

void syncer_unwatch(struct syncer *syncer, struct flac_writer *file)
{
	pthread_mutex_lock(&syncer->lock);
	size_t i = 0;
	while (i < syncer->count) {
		if (syncer->files[i].file != file) {
			i++;
		} else if (syncer->syncing == i + 1) {
			syncer->files[i].leaving = true;
			pthread_cond_wait(&syncer->changed, &syncer->lock);
			i = 0;
		} else {
			syncer->count--;
			for (size_t j = i; j < syncer->count; j++)
				syncer->files[j] = syncer->files[j + 1];
			if (syncer->syncing > i + 1)
				syncer->syncing--;
		}
	}
	pthread_mutex_unlock(&syncer->lock);
}

void syncer_add(struct syncer *syncer, struct supplier *supplier)
{
	pthread_mutex_lock(&syncer->lock);
	supplier->asked = supplier->owes = false;
	supplier->next = syncer->suppliers;
	syncer->suppliers = supplier;
	pthread_mutex_unlock(&syncer->lock);
}

void syncer_remove(struct syncer *syncer, struct supplier *supplier)
{
	pthread_mutex_lock(&syncer->lock);
	struct supplier **at = &syncer->suppliers;
	while (*at && *at != supplier)
		at = &(*at)->next;
	if (*at)
		*at = supplier->next;
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
}

void syncer_supplied(struct syncer *syncer, struct supplier *supplier)
{
	pthread_mutex_lock(&syncer->lock);
	/* Later than the round had patience for: what it brings is a round late, and waits for no period. */
	if (supplier->owes && syncer->unanswered) {
		syncer->called = true;
		deadline_call(&syncer->deadline, clock_monotonic_ns());
	}
	supplier->owes = false;
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
}

void syncer_post(struct syncer *syncer, void (*fn)(void *data), void *data)
{
	struct job *job = memory_new(sizeof(*job));
	*job = (struct job){.fn = fn, .data = data};
	pthread_mutex_lock(&syncer->lock);
	*syncer->last = job;
	syncer->last = &job->next;
	pthread_cond_broadcast(&syncer->changed);
	pthread_mutex_unlock(&syncer->lock);
}

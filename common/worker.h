/* A thread for what blocks, so that the control loop never does: jobs run one after another on the thread,
 * and what follows from each runs on the loop. All calls are for the control thread. */
#ifndef WOODSHED_COMMON_WORKER_H
#define WOODSHED_COMMON_WORKER_H

#include "common/loop.h"

struct worker;

/* `work` runs on the worker's thread, then `done` on the loop; `done`, or else `drop`, frees the job. */
struct worker_job {
	void (*work)(void *job);
	void (*done)(void *job);
	void (*drop)(void *job); /* on the loop, in place of `done`: the worker is destroyed first */
};

int worker_create(struct worker **worker, struct loop *loop, struct error *e) MUST_CHECK;

/* Waits for the job that runs; it and those that wait are dropped. NULL is fine. */
void worker_destroy(struct worker *worker);

/* Jobs run in the order in which they come. */
void worker_run(struct worker *worker, const struct worker_job *kind, void *job);

#endif

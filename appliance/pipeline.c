#include "appliance/pipeline.h"

#include "audio/denormal.h"
#include "common/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

/* A stage hands out its parts item by item, in their order. */
struct progress {
	uint64_t item; /* the next part to hand out */
	size_t part;
	uint64_t *done; /* one a part: items that it is done with */
	uint64_t whole; /* items that all parts are done with */
};

struct pipeline {
	const struct pipeline_stage *stages;
	size_t stage_count;
	void *data;
	uint64_t items;
	bool alone;	       /* one thread does it all */
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t changed;
	struct progress *progress;
	int failure;
	uint64_t failed_item;
	size_t failed_part;
	struct error error;
};

struct task {
	size_t stage, part;
	uint64_t item;
};

static bool is_ready(const struct pipeline *p, size_t stage)
{
	const struct pipeline_stage *s = &p->stages[stage];
	const struct progress *progress = &p->progress[stage];
	if (s->parts == 0 || progress->item == p->items)
		return false;
	if (stage > 0 && p->progress[stage - 1].whole <= progress->item)
		return false;
	if (s->freed_by != stage && progress->item >= p->progress[s->freed_by].whole + s->slots)
		return false;
	return progress->done[progress->part] == progress->item;
}

/* The first stage first, as long as it has room: what one thread alone can do is then begun as soon as it can
 * be, and the others have its last items to go on with. One thread goes the other way, and finds items where
 * it has just left them. */
static bool find_task(struct pipeline *p, struct task *task)
{
	for (size_t i = 0; i < p->stage_count; i++) {
		size_t stage = p->alone ? p->stage_count - 1 - i : i;
		struct progress *progress = &p->progress[stage];
		if (!is_ready(p, stage))
			continue;
		*task = (struct task){stage, progress->part, progress->item};
		if (++progress->part == p->stages[stage].parts) {
			progress->part = 0;
			progress->item++;
		}
		return true;
	}
	return false;
}

static bool is_over(const struct pipeline *p)
{
	return p->failure || p->progress[p->stage_count - 1].whole == p->items;
}

/* A stage without parts is done with an item as soon as the one before it is. */
static void count_whole(struct pipeline *p, size_t stage)
{
	for (; stage < p->stage_count; stage++) {
		struct progress *progress = &p->progress[stage];
		uint64_t whole = stage > 0 ? p->progress[stage - 1].whole : p->items;
		for (size_t i = 0; i < p->stages[stage].parts; i++)
			whole = progress->done[i] < whole ? progress->done[i] : whole;
		progress->whole = whole;
	}
}

static void note_failure(struct pipeline *p, const struct task *task, int failure, const struct error *e)
{
	bool earlier =
		task->item < p->failed_item || (task->item == p->failed_item && task->part < p->failed_part);
	if (p->failure && !earlier)
		return;
	p->failure = failure;
	p->failed_item = task->item;
	p->failed_part = task->part;
	p->error = *e;
}

static void *work(void *data)
{
	struct pipeline *p = data;
	struct denormal_state before = denormal_off();
	pthread_mutex_lock(&p->mutex);
	while (!is_over(p)) {
		struct task task;
		struct error e;
		if (!find_task(p, &task)) {
			pthread_cond_wait(&p->changed, &p->mutex);
			continue;
		}
		pthread_mutex_unlock(&p->mutex);
		int result = p->stages[task.stage].run(p->data, task.stage, task.part, task.item, &e);
		pthread_mutex_lock(&p->mutex);
		p->progress[task.stage].done[task.part]++;
		count_whole(p, task.stage);
		if (result < 0)
			note_failure(p, &task, result, &e);
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->mutex);
	denormal_restore(before);
	return NULL;
}

/* Fewer threads than asked for are slower, and no failure. */
static void work_together(struct pipeline *p, unsigned jobs)
{
	pthread_t *threads = memory_array(jobs, sizeof(*threads));
	unsigned count = 0;
	while (count + 1 < jobs && pthread_create(&threads[count], NULL, work, p) == 0)
		count++;
	work(p);
	while (count-- > 0)
		pthread_join(threads[count], NULL);
	free(threads);
}

unsigned pipeline_cores(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return count > 0 ? (unsigned)count : 1;
}

int pipeline_run(const struct pipeline_stage *stages, size_t stage_count, void *data, uint64_t items,
	unsigned jobs, struct error *e)
{
	struct pipeline p = {.stages = stages,
		.stage_count = stage_count,
		.data = data,
		.items = items,
		.alone = jobs <= 1,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.progress = memory_array(stage_count, sizeof(*p.progress))};
	for (size_t i = 0; i < stage_count; i++)
		p.progress[i].done = memory_array(stages[i].parts, sizeof(uint64_t));
	count_whole(&p, 0);
	work_together(&p, jobs);
	for (size_t i = 0; i < stage_count; i++)
		free(p.progress[i].done);
	free(p.progress);
	pthread_cond_destroy(&p.changed);
	pthread_mutex_destroy(&p.mutex);
	if (p.failure)
		return error_set(e, p.failure, "%s", p.error.text);
	return 0;
}

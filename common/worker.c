#include "common/worker.h"

#include "common/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct item {
	struct worker_job kind;
	void *job;
	struct item *next;
};

struct queue {
	struct item *first, **last;
};

struct worker {
	pthread_t thread;
	int wake; /* readable: there is something in `done` */
	struct loop_source *watch;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	bool ending;
	struct queue waiting, done;
};

static void queue_init(struct queue *queue)
{
	*queue = (struct queue){.last = &queue->first};
}

static void queue_push(struct queue *queue, struct item *item)
{
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
}

static struct item *queue_pop(struct queue *queue)
{
	struct item *item = queue->first;
	if (item)
		queue->first = item->next;
	if (!queue->first)
		queue->last = &queue->first;
	return item;
}

/* The next job for the thread; NULL: the end. */
static struct item *await(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (!worker->ending && !worker->waiting.first)
		pthread_cond_wait(&worker->changed, &worker->lock);
	struct item *item = worker->ending ? NULL : queue_pop(&worker->waiting);
	pthread_mutex_unlock(&worker->lock);
	return item;
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct item *item;
	while ((item = await(worker)) != NULL) {
		item->kind.work(item->job);
		pthread_mutex_lock(&worker->lock);
		queue_push(&worker->done, item);
		pthread_mutex_unlock(&worker->lock);
		ssize_t n = write(worker->wake, &(uint64_t){1}, sizeof(uint64_t));
		(void)n;
	}
	return NULL;
}

static struct item *take(struct worker *worker, struct queue *queue)
{
	pthread_mutex_lock(&worker->lock);
	struct item *item = queue_pop(queue);
	pthread_mutex_unlock(&worker->lock);
	return item;
}

static void on_wake(void *data, uint32_t events)
{
	(void)events;
	struct worker *worker = data;
	struct item *item;
	uint64_t count;
	ssize_t n = read(worker->wake, &count, sizeof(count));
	(void)n;
	while ((item = take(worker, &worker->done)) != NULL) {
		item->kind.done(item->job);
		free(item);
	}
}

/* Signals are the control thread's. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = -pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

int worker_create(struct worker **worker, struct loop *loop, struct error *e)
{
	struct worker *made = memory_new(sizeof(*made));
	queue_init(&made->waiting);
	queue_init(&made->done);
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int result = made->wake < 0 ? -errno : start_thread(made);
	if (result < 0) {
		if (made->wake >= 0)
			close(made->wake);
		free(made);
		return error_errno(e, result, "a worker's thread");
	}
	made->watch = loop_add_fd(loop, made->wake, EPOLLIN, on_wake, made);
	*worker = made;
	return 0;
}

static void drop_all(struct queue *queue)
{
	struct item *item;
	while ((item = queue_pop(queue)) != NULL) {
		item->kind.drop(item->job);
		free(item);
	}
}

void worker_destroy(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->ending = true;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	loop_remove(worker->watch);
	close(worker->wake);
	drop_all(&worker->done);
	drop_all(&worker->waiting);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

void worker_run(struct worker *worker, const struct worker_job *kind, void *job)
{
	struct item *item = memory_new(sizeof(*item));
	*item = (struct item){.kind = *kind, .job = job};
	pthread_mutex_lock(&worker->lock);
	queue_push(&worker->waiting, item);
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

#include "common/worker.h"

#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum { JOBS = 50 };

struct fixture {
	struct loop *loop;
	struct worker *worker;
	int done, dropped;
	_Atomic int worked;
	_Atomic bool may_go;
	pthread_t control;
};

struct job {
	struct fixture *fixture;
	int number;
	bool worked;
};

static void work(void *data)
{
	struct job *job = data;
	assert_false(pthread_equal(pthread_self(), job->fixture->control));
	job->worked = true;
	job->fixture->worked++;
}

static void work_slowly(void *data)
{
	struct job *job = data;
	while (!job->fixture->may_go)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	work(data);
}

static void done(void *data)
{
	struct job *job = data;
	struct fixture *fixture = job->fixture;
	assert_true(pthread_equal(pthread_self(), fixture->control));
	assert_true(job->worked);
	assert_int_equal(job->number, fixture->done);
	if (++fixture->done == JOBS)
		loop_quit(fixture->loop, 0);
	free(job);
}

static void drop(void *data)
{
	struct job *job = data;
	assert_true(pthread_equal(pthread_self(), job->fixture->control));
	job->fixture->dropped++;
	free(job);
}

static void run(struct fixture *fixture, void (*what)(void *job), int number)
{
	struct job *job = memory_new(sizeof(*job));
	*job = (struct job){.fixture = fixture, .number = number};
	worker_run(fixture->worker, &(struct worker_job){what, done, drop}, job);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));
	struct error e;
	fixture->control = pthread_self();
	*state = fixture;
	return loop_create(&fixture->loop, &e) < 0 || worker_create(&fixture->worker, fixture->loop, &e) < 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	worker_destroy(fixture->worker);
	loop_destroy(fixture->loop);
	free(fixture);
	return 0;
}

static void test_in_order(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < JOBS; i++)
		run(fixture, work, i);
	loop_run(fixture->loop);
	assert_int_equal(fixture->done, JOBS);
	assert_int_equal(fixture->worked, JOBS);
}

static void run_next(void *data)
{
	struct job *job = data;
	struct fixture *fixture = job->fixture;
	int number = job->number;
	done(job);
	if (number + 1 < JOBS) {
		struct job *next = memory_new(sizeof(*next));
		*next = (struct job){.fixture = fixture, .number = number + 1};
		worker_run(fixture->worker, &(struct worker_job){work, run_next, drop}, next);
	}
}

static void test_one_leads_to_another(void **state)
{
	struct fixture *fixture = *state;
	struct job *first = memory_new(sizeof(*first));
	*first = (struct job){.fixture = fixture};
	worker_run(fixture->worker, &(struct worker_job){work, run_next, drop}, first);
	loop_run(fixture->loop);
	assert_int_equal(fixture->done, JOBS);
}

static void *let_go(void *data)
{
	struct fixture *fixture = data;
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	fixture->may_go = true;
	return NULL;
}

/* The one that runs is waited for; none is lost, and none is done any more. */
static void test_ended_early(void **state)
{
	struct fixture *fixture = *state;
	pthread_t helper;
	for (int i = 0; i < JOBS; i++)
		run(fixture, work_slowly, i);
	assert_int_equal(pthread_create(&helper, NULL, let_go, fixture), 0);
	worker_destroy(fixture->worker);
	fixture->worker = NULL;
	pthread_join(helper, NULL);
	assert_int_equal(fixture->dropped, JOBS);
	assert_int_equal(fixture->done, 0);
}

static void test_nothing_to_do(void **state)
{
	(void)state; /* the tear-down finds a thread that waits */
	worker_destroy(NULL);
}

#define with_worker(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_worker(test_in_order),
		with_worker(test_one_leads_to_another),
		with_worker(test_ended_early),
		with_worker(test_nothing_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

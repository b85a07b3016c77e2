#include "common/loop.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/wait.h>

enum { MS = 1000000 };

static int make_loop(void **state)
{
	struct loop *loop = NULL;
	struct error e;
	int result = loop_create(&loop, &e);
	*state = loop;
	return result;
}

static int destroy_loop(void **state)
{
	loop_destroy(*state);
	return 0;
}

/* What the callbacks of a test share. */
struct scene {
	struct loop *loop;
	struct loop_source *source, *other;
	int fd[2];
	int calls, other_calls;
	int last;
};

static void quit_after_three(void *data)
{
	struct scene *scene = data;
	if (++scene->calls == 3)
		loop_quit(scene->loop, 7);
}

static void test_timer(void **state)
{
	struct scene scene = {.loop = *state};
	scene.source = loop_add_timer(scene.loop, quit_after_three, &scene);
	int64_t before = clock_monotonic_ns();
	loop_set_timer(scene.source, 5 * MS, 5 * MS);
	assert_int_equal(loop_run(scene.loop), 7);
	assert_int_equal(scene.calls, 3);
	assert_true(clock_monotonic_ns() - before >= 15 * MS);
	loop_remove(scene.source);
	loop_remove(NULL);
}

static void count_call(void *data)
{
	((struct scene *)data)->calls++;
}

static void quit_now(void *data)
{
	struct scene *scene = data;
	scene->other_calls++;
	loop_quit(scene->loop, 0);
}

static void test_timer_once_and_at_rest(void **state)
{
	struct scene scene = {.loop = *state};
	struct loop_source *once = loop_add_timer(scene.loop, count_call, &scene);
	struct loop_source *at_rest = loop_add_timer(scene.loop, count_call, &scene);
	struct loop_source *late = loop_add_timer(scene.loop, count_call, &scene);
	struct loop_source *end = loop_add_timer(scene.loop, quit_now, &scene);
	loop_set_timer(once, 1, 0);
	loop_set_timer(at_rest, 1 * MS, 1 * MS);
	loop_set_timer(at_rest, 0, 0);
	loop_set_timer(late, -5 * MS, 0);
	loop_set_timer(end, 20 * MS, 0);
	loop_run(scene.loop);
	assert_int_equal(scene.calls, 2); /* once and late */
	loop_remove(once);
	loop_remove(at_rest);
	loop_remove(late);
	loop_remove(end);
}

static void on_byte(void *data, uint32_t events)
{
	struct scene *scene = data;
	char byte = 0;
	assert_true(events & EPOLLIN);
	assert_int_equal(read(scene->fd[0], &byte, 1), 1);
	scene->calls++;
	scene->last = byte;
	if (byte == 'q')
		loop_quit(scene->loop, 1);
}

static void test_fd(void **state)
{
	struct scene scene = {.loop = *state};
	assert_int_equal(pipe(scene.fd), 0);
	scene.source = loop_add_fd(scene.loop, scene.fd[0], EPOLLIN, on_byte, &scene);
	assert_int_equal(write(scene.fd[1], "abq", 3), 3);
	assert_int_equal(loop_run(scene.loop), 1);
	assert_int_equal(scene.calls, 3);
	loop_remove(scene.source);
	assert_int_equal(write(scene.fd[1], "x", 1), 1); /* the descriptor is still the caller's */
	close(scene.fd[0]);
	close(scene.fd[1]);
}

static void on_signal(void *data, int number)
{
	struct scene *scene = data;
	scene->calls++;
	scene->last = number;
	if (number == SIGUSR2)
		loop_quit(scene->loop, 2);
}

static void test_signal(void **state)
{
	struct scene scene = {.loop = *state};
	scene.source = loop_add_signal(scene.loop, SIGUSR1, on_signal, &scene);
	scene.other = loop_add_signal(scene.loop, SIGUSR2, on_signal, &scene);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	assert_int_equal(loop_run(scene.loop), 2);
	assert_true(scene.calls >= 1);
	loop_remove(scene.source);
	loop_remove(scene.other);
}

/* Both descriptors are ready in one round; the first callback takes the other source away. */
static void on_ready_remove_both(void *data, uint32_t events)
{
	(void)events;
	struct scene *scene = data;
	scene->calls++;
	loop_remove(scene->source);
	loop_remove(scene->other);
	loop_quit(scene->loop, 3);
}

static void test_remove_within_callback(void **state)
{
	struct scene scene = {.loop = *state};
	int second[2];
	assert_int_equal(pipe(scene.fd), 0);
	assert_int_equal(pipe(second), 0);
	scene.source = loop_add_fd(scene.loop, scene.fd[0], EPOLLIN, on_ready_remove_both, &scene);
	scene.other = loop_add_fd(scene.loop, second[0], EPOLLIN, on_ready_remove_both, &scene);
	assert_int_equal(write(scene.fd[1], "x", 1), 1);
	assert_int_equal(write(second[1], "x", 1), 1);
	assert_int_equal(loop_run(scene.loop), 3);
	assert_int_equal(scene.calls, 1);
	for (int i = 0; i < 2; i++) {
		close(scene.fd[i]);
		close(second[i]);
	}
}

static void remove_own_timer(void *data)
{
	struct scene *scene = data;
	scene->calls++;
	loop_remove(scene->source);
	loop_quit(scene->loop, 0);
}

static void test_timer_removes_itself(void **state)
{
	struct scene scene = {.loop = *state};
	scene.source = loop_add_timer(scene.loop, remove_own_timer, &scene);
	loop_set_timer(scene.source, 1, 1);
	loop_run(scene.loop);
	assert_int_equal(scene.calls, 1);
}

enum { THREADS = 4, MESSAGES = 5000 };

struct poster {
	struct scene *scene;
	int next; /* the loop's: what this poster's next message must say */
	int wrong;
};

struct message {
	struct poster *poster;
	int number;
};

static void on_message(void *data)
{
	struct message *message = data;
	struct poster *poster = message->poster;
	poster->wrong += message->number != poster->next++;
	if (++poster->scene->calls == THREADS * MESSAGES)
		loop_quit(poster->scene->loop, 4);
	free(message);
}

static void *post_many(void *data)
{
	struct poster *poster = data;
	for (int i = 0; i < MESSAGES; i++) {
		struct message *message = memory_new(sizeof(*message));
		*message = (struct message){poster, i};
		loop_post(poster->scene->loop, on_message, message, free);
	}
	return NULL;
}

static void test_post_from_threads(void **state)
{
	struct scene scene = {.loop = *state};
	struct poster posters[THREADS] = {0};
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		posters[i].scene = &scene;
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
	}
	assert_int_equal(loop_run(scene.loop), 4);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(posters[i].wrong, 0);
		assert_int_equal(posters[i].next, MESSAGES);
	}
}

static void post_again(void *data)
{
	struct scene *scene = data;
	if (++scene->calls == 100)
		loop_quit(scene->loop, 5);
	else
		loop_post(scene->loop, post_again, scene, NULL);
}

/* A loop that ran once runs again: an old wish to quit must not end it. */
static void test_run_again(void **state)
{
	struct scene scene = {.loop = *state};
	for (int i = 0; i < 3; i++) {
		scene.calls = 0;
		loop_post(scene.loop, post_again, &scene, NULL);
		assert_int_equal(loop_run(scene.loop), 5);
		assert_int_equal(scene.calls, 100);
	}
	loop_quit(scene.loop, 6); /* before it runs */
	assert_int_equal(loop_run(scene.loop), 6);
}

static void count_drop(void *data)
{
	((struct scene *)data)->other_calls++;
}

static void test_messages_left_are_dropped(void **state)
{
	(void)state;
	struct scene scene = {0};
	struct error e;
	assert_int_equal(loop_create(&scene.loop, &e), 0);
	for (int i = 0; i < 3; i++)
		loop_post(scene.loop, count_call, &scene, count_drop);
	loop_post(scene.loop, count_call, &scene, NULL);
	loop_destroy(scene.loop);
	assert_int_equal(scene.calls, 0);
	assert_int_equal(scene.other_calls, 3);
	loop_destroy(NULL);
}

/* Who forgets a source is told so. */
static void test_source_left_aborts(void **state)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		loop_add_timer(*state, count_call, NULL);
		loop_destroy(*state);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define with_loop(test) cmocka_unit_test_setup_teardown(test, make_loop, destroy_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_loop(test_timer),
		with_loop(test_timer_once_and_at_rest),
		with_loop(test_fd),
		with_loop(test_signal),
		with_loop(test_remove_within_callback),
		with_loop(test_timer_removes_itself),
		with_loop(test_post_from_threads),
		with_loop(test_run_again),
		cmocka_unit_test(test_messages_left_are_dropped),
		with_loop(test_source_left_aborts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

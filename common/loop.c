#include "common/loop.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct loop_source {
	struct loop *loop;
	int fd;
	bool owns_fd;
	bool removed; /* freed after the round of events in which it was removed */
	loop_fd_fn on_fd;
	loop_timer_fn on_timer;
	loop_signal_fn on_signal;
	void *data;
	struct loop_source *next_removed;
};

struct message {
	void (*fn)(void *);
	void (*drop)(void *);
	void *data;
	struct message *next;
};

struct loop {
	int epoll_fd;
	int sources;
	bool quitting;
	int value;
	struct loop_source *removed;
	struct loop_source *wake;
	pthread_mutex_t lock; /* guards first, last, quit_value, quit_asked */
	struct message *first;
	struct message **last;
	bool quit_asked;
	int quit_value;
};

static struct loop_source *add(struct loop *loop, int fd, bool owns_fd, uint32_t events, void *data)
{
	struct loop_source *source = memory_new(sizeof(*source));
	*source = (struct loop_source){.loop = loop, .fd = fd, .owns_fd = owns_fd, .data = data};
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		log_error("event loop: cannot watch a descriptor: %s", strerror(errno));
		abort();
	}
	loop->sources++;
	return source;
}

static void dispatch(struct loop_source *source, uint32_t events)
{
	if (source->on_fd) {
		source->on_fd(source->data, events);
	} else if (source->on_timer) {
		uint64_t times;
		if (read(source->fd, &times, sizeof(times)) == sizeof(times))
			source->on_timer(source->data);
	} else {
		struct signalfd_siginfo info;
		if (read(source->fd, &info, sizeof(info)) == sizeof(info))
			source->on_signal(source->data, (int)info.ssi_signo);
	}
}

static struct message *take_messages(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	struct message *first = loop->first;
	loop->first = NULL;
	loop->last = &loop->first;
	if (loop->quit_asked) {
		loop->quit_asked = false; /* or the next loop_run would end at its first message */
		loop->quitting = true;
		loop->value = loop->quit_value;
	}
	pthread_mutex_unlock(&loop->lock);
	return first;
}

static void on_wake(void *data, uint32_t events)
{
	(void)events;
	struct loop *loop = data;
	uint64_t count;
	ssize_t n = read(loop->wake->fd, &count, sizeof(count));
	(void)n;
	for (struct message *message = take_messages(loop), *next; message; message = next) {
		next = message->next;
		message->fn(message->data);
		free(message);
	}
}

static void wake(struct loop *loop)
{
	ssize_t n = write(loop->wake->fd, &(uint64_t){1}, sizeof(uint64_t));
	(void)n;
}

int loop_create(struct loop **loop, struct error *e)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return error_errno(e, errno, "event loop");
	struct loop *made = memory_new(sizeof(*made));
	made->epoll_fd = epoll_fd;
	made->last = &made->first;
	pthread_mutex_init(&made->lock, NULL);
	made->wake = add(made, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), true, EPOLLIN, made);
	made->wake->on_fd = on_wake;
	*loop = made;
	return 0;
}

static void free_removed(struct loop *loop)
{
	while (loop->removed) {
		struct loop_source *source = loop->removed;
		loop->removed = source->next_removed;
		free(source);
	}
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	for (struct message *message = take_messages(loop), *next; message; message = next) {
		next = message->next;
		if (message->drop)
			message->drop(message->data);
		free(message);
	}
	loop_remove(loop->wake);
	free_removed(loop);
	if (loop->sources != 0) {
		log_error("event loop: %d sources were never removed", loop->sources);
		abort();
	}
	close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

int loop_run(struct loop *loop)
{
	loop->quitting = false;
	while (!loop->quitting) {
		struct epoll_event events[32];
		int n = epoll_wait(loop->epoll_fd, events, 32, -1);
		for (int i = 0; i < n && !loop->quitting; i++) {
			struct loop_source *source = events[i].data.ptr;
			if (!source->removed)
				dispatch(source, events[i].events);
		}
		free_removed(loop);
	}
	return loop->value;
}

void loop_quit(struct loop *loop, int value)
{
	pthread_mutex_lock(&loop->lock);
	loop->quit_asked = true;
	loop->quit_value = value;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

struct loop_source *loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data)
{
	struct loop_source *source = add(loop, fd, false, events, data);
	source->on_fd = fn;
	return source;
}

struct loop_source *loop_add_timer(struct loop *loop, loop_timer_fn fn, void *data)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source *source = add(loop, fd, true, EPOLLIN, data);
	source->on_timer = fn;
	return source;
}

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / CLOCK_NSEC_PER_SEC, .tv_nsec = ns % CLOCK_NSEC_PER_SEC};
}

void loop_set_timer(struct loop_source *timer, int64_t delay_ns, int64_t period_ns)
{
	/* What is late is due now; the kernel would refuse a negative time and leave the timer as it was. */
	if (delay_ns < 0)
		delay_ns = 1;
	struct itimerspec when = {.it_value = timespec_of(delay_ns), .it_interval = timespec_of(period_ns)};
	timerfd_settime(timer->fd, 0, &when, NULL);
}

struct loop_source *loop_add_signal(struct loop *loop, int signal, loop_signal_fn fn, void *data)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signal);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	struct loop_source *source =
		add(loop, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), true, EPOLLIN, data);
	source->on_signal = fn;
	return source;
}

void loop_remove(struct loop_source *source)
{
	if (!source || source->removed)
		return;
	epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->owns_fd)
		close(source->fd);
	source->removed = true;
	source->next_removed = source->loop->removed;
	source->loop->removed = source;
	source->loop->sources--;
}

void loop_post(struct loop *loop, void (*fn)(void *message), void *message, void (*drop)(void *message))
{
	struct message *posted = memory_new(sizeof(*posted));
	*posted = (struct message){.fn = fn, .drop = drop, .data = message};
	pthread_mutex_lock(&loop->lock);
	*loop->last = posted;
	loop->last = &posted->next;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

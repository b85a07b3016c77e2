/* The control thread's event loop: one epoll, sources for descriptors, timers and signals, and messages
 * posted from other threads. Callbacks run on the thread in loop_run, one at a time; everything but loop_post
 * and loop_quit may be called from that thread only. */
#ifndef WOODSHED_COMMON_LOOP_H
#define WOODSHED_COMMON_LOOP_H

#include "common/error.h"

#include <stdint.h>

struct loop;
struct loop_source;

int loop_create(struct loop **loop, struct error *e) MUST_CHECK;

/* NULL is fine. Aborts if a source is still there: who adds a source removes it. Messages not yet run are
 * dropped after `drop` (see loop_post) got them. */
void loop_destroy(struct loop *loop);

/* Runs until loop_quit; returns the value given there. */
int loop_run(struct loop *loop);
void loop_quit(struct loop *loop, int value); /* any thread */

/* `events` are EPOLLIN and the like. The descriptor stays the caller's. */
typedef void (*loop_fd_fn)(void *data, uint32_t events);
struct loop_source *loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data);

/* A timer on CLOCK_MONOTONIC, at rest until loop_set_timer: first after `delay_ns` (at least 1), then every
 * `period_ns` (0: once). A delay of 0 puts it to rest; a negative one is due at once. */
typedef void (*loop_timer_fn)(void *data);
struct loop_source *loop_add_timer(struct loop *loop, loop_timer_fn fn, void *data);
void loop_set_timer(struct loop_source *timer, int64_t delay_ns, int64_t period_ns);

/* Blocks `signal` for the calling thread (so call it before others start) and turns it into an event. */
typedef void (*loop_signal_fn)(void *data, int signal);
struct loop_source *loop_add_signal(struct loop *loop, int signal, loop_signal_fn fn, void *data);

/* Ends a source; also from its own callback. NULL is fine. */
void loop_remove(struct loop_source *source);

/* From any thread that may allocate (not real time): calls fn(message) on the loop, in the order posted. The
 * message is fn's to free; `drop`, if given, frees it when the loop ends first. */
void loop_post(struct loop *loop, void (*fn)(void *message), void *message, void (*drop)(void *message));

#endif

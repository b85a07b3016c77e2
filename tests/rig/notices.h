/* What the data thread tells the main thread, without waiting for it. */
#ifndef WOODSHED_RIG_NOTICES_H
#define WOODSHED_RIG_NOTICES_H

#include <pipewire/pipewire.h>
#include <spa/utils/ringbuffer.h>

enum notice_kind {
	NOTICE_PLAYING,
	NOTICE_DONE,
	NOTICE_XRUN,
	NOTICE_OVERRUN,
	NOTICE_DRIVER,
	NOTICE_RATE,
	NOTICE_UNPLUG,
	NOTICE_RETURN,
	NOTICE_STALLED,
	NOTICE_END
};

struct notice {
	enum notice_kind kind;
	int64_t frame;
	int64_t frames;
};

/* Called on the main loop for each notice, in their order. */
typedef void (*notice_fn)(void *data, const struct notice *notice);

#define NOTICES 256U

struct notices {
	struct pw_loop *loop;
	struct spa_source *event;
	struct spa_ringbuffer ring;
	struct notice items[NOTICES];
	notice_fn fn;
	void *data;
};

/* 0 or -ENOMEM. */
int notices_init(struct notices *notices, struct pw_loop *main_loop, notice_fn fn, void *data);
void notices_finish(struct notices *notices);

/* RT safe. A full ring drops the notice: who plants that many gaps in one go misses a line. */
void notices_send(struct notices *notices, enum notice_kind kind, int64_t frame, int64_t frames);

#endif

#include "tests/rig/notices.h"

#include <errno.h>

static void on_notices(void *data, uint64_t count)
{
	struct notices *n = data;
	uint32_t index;
	(void)count;
	while (spa_ringbuffer_get_read_index(&n->ring, &index) > 0) {
		struct notice notice = n->items[index % NOTICES];
		spa_ringbuffer_read_update(&n->ring, (int32_t)(index + 1));
		n->fn(n->data, &notice);
	}
}

int notices_init(struct notices *n, struct pw_loop *main_loop, notice_fn fn, void *data)
{
	*n = (struct notices){.loop = main_loop, .fn = fn, .data = data};
	n->event = pw_loop_add_event(main_loop, on_notices, n);
	return n->event ? 0 : -ENOMEM;
}

void notices_finish(struct notices *n)
{
	if (n->event)
		pw_loop_destroy_source(n->loop, n->event);
	n->event = NULL;
}

void notices_send(struct notices *n, enum notice_kind kind, int64_t frame, int64_t frames)
{
	uint32_t index;
	if (spa_ringbuffer_get_write_index(&n->ring, &index) >= (int32_t)NOTICES)
		return;
	n->items[index % NOTICES] = (struct notice){kind, frame, frames};
	spa_ringbuffer_write_update(&n->ring, (int32_t)(index + 1));
	pw_loop_signal_event(n->loop, n->event);
}

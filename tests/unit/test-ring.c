#include "common/ring.h"

#include "tests/unit/harness.h"

#include <pthread.h>
#include <sched.h>

static void test_positions(void **state)
{
	(void)state;
	struct ring ring;
	ring_init(&ring, 8);
	assert_int_equal(ring_free(&ring), 8);
	assert_int_equal(ring_filled(&ring), 0);
	ring_commit(&ring, 5);
	assert_int_equal(ring_free(&ring), 3);
	assert_int_equal(ring_filled(&ring), 5);
	ring_commit(&ring, 3);
	assert_int_equal(ring_free(&ring), 0);
	ring_release(&ring, 6);
	assert_int_equal(ring_free(&ring), 6);
	assert_int_equal(ring_filled(&ring), 8);
	ring_commit(&ring, 6); /* past the ring's size */
	assert_int_equal(ring_filled(&ring), 14);
	ring_release(&ring, 14);
	assert_int_equal(ring_free(&ring), 8);
}

enum { SLOTS = 61, ITEMS = 300000 };

/* Plain memory behind the ring, as the recorder's is: only the ring's order makes it safe. */
struct pipe {
	struct ring ring;
	uint32_t slots[SLOTS];
};

static void *produce(void *data)
{
	struct pipe *pipe = data;
	uint64_t written = 0;
	for (uint32_t burst = 1; written < ITEMS; burst = burst % 17 + 1) {
		uint64_t room = ring_free(&pipe->ring);
		uint64_t count = room < burst ? room : burst;
		if (count > ITEMS - written)
			count = ITEMS - written;
		for (uint64_t i = 0; i < count; i++)
			pipe->slots[(written + i) % SLOTS] = (uint32_t)(written + i);
		ring_commit(&pipe->ring, count);
		written += count;
		if (count == 0)
			sched_yield();
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	(void)state;
	static struct pipe pipe;
	pthread_t producer;
	ring_init(&pipe.ring, SLOTS);
	assert_int_equal(pthread_create(&producer, NULL, produce, &pipe), 0);
	uint64_t position = 0, wrong = 0;
	while (position < ITEMS) {
		uint64_t filled = ring_filled(&pipe.ring);
		if (filled == position)
			sched_yield();
		wrong += filled - position > SLOTS;
		for (; position < filled; position++)
			wrong += pipe.slots[position % SLOTS] != (uint32_t)position;
		ring_release(&pipe.ring, position);
	}
	pthread_join(producer, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(ring_free(&pipe.ring), SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

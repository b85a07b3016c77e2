#include "common/ring.h"

void ring_init(struct ring *ring, uint64_t size)
{
	ring->size = size;
	atomic_init(&ring->written, 0);
	atomic_init(&ring->released, 0);
}

uint64_t ring_free(const struct ring *ring)
{
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint64_t released = atomic_load_explicit(&ring->released, memory_order_acquire);
	return ring->size - (written - released);
}

void ring_commit(struct ring *ring, uint64_t count)
{
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	atomic_store_explicit(&ring->written, written + count, memory_order_release);
}

uint64_t ring_filled(const struct ring *ring)
{
	return atomic_load_explicit(&ring->written, memory_order_acquire);
}

void ring_release(struct ring *ring, uint64_t position)
{
	atomic_store_explicit(&ring->released, position, memory_order_release);
}

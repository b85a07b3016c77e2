/* The two positions of a single-producer single-consumer ring. The storage is the owner's, so one ring of
 * positions can serve planar samples and clock stamps alike. Positions count items since the start and never
 * wrap; `position % size` is the slot.
 *
 * The producer alone calls ring_free and ring_commit, the consumer alone ring_filled and ring_release; either
 * may be real time: RT safe, wait-free. */
#ifndef WOODSHED_COMMON_RING_H
#define WOODSHED_COMMON_RING_H

#include <stdatomic.h>
#include <stdint.h>

struct ring {
	_Alignas(64) _Atomic uint64_t written;
	_Alignas(64) _Atomic uint64_t released; /* a cache line apart: each side writes its own */
	uint64_t size;				/* slots */
};

void ring_init(struct ring *ring, uint64_t size);

/* Slots that the producer may write now, starting at its own position (the sum of what it committed). */
uint64_t ring_free(const struct ring *ring);

/* Makes `count` written slots visible to the consumer. */
void ring_commit(struct ring *ring, uint64_t count);

/* The position up to which the consumer may read; it may look at everything from its released position on. */
uint64_t ring_filled(const struct ring *ring);

/* Gives everything before `position` back to the producer. Positions never go back. */
void ring_release(struct ring *ring, uint64_t position);

#endif

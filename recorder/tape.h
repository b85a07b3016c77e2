/* The endless tape of one interface: a ring of planar samples, and beside it a ring of stamps, one a cycle,
 * that say when each stretch was played. Pre-roll and stall buffer in one. The capture thread is the
 * producer, the interface's writer the consumer. Positions count captured frames since the tape was made and
 * never wrap. */
#ifndef WOODSHED_RECORDER_TAPE_H
#define WOODSHED_RECORDER_TAPE_H

#include "common/error.h"
#include "common/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One cycle as the driver's clock told it (struct spa_io_clock). */
struct cycle {
	uint32_t frames;
	uint32_t rate;	   /* Hz */
	uint32_t clock_id; /* of the driver; another id: another clock */
	uint64_t position; /* the driver's count of frames at the start of the cycle */
	int64_t nsec;	   /* CLOCK_MONOTONIC at the start of the cycle */
	bool overrun;	   /* the driver says that it lost something before this cycle */
	bool relinked;	   /* the first cycle after the links were made (again) */
};

struct stamp {
	struct cycle cycle;
	uint64_t tape; /* position on the tape of the cycle's first frame */
	uint64_t lost; /* frames that found no room on the tape since the last stamp */
};

struct tape {
	uint32_t channels;
	struct ring samples; /* in frames */
	struct ring marks;   /* in stamps */
	float *data;	     /* channel c is data[c * samples.size …] */
	struct stamp *stamps;
	size_t mapped; /* bytes */
	bool locked;   /* in memory (mlock) */
	uint64_t lost; /* producer only */
};

/* Memory of a tape of so many frames. */
size_t tape_bytes(uint32_t channels, uint64_t frames);

/* Makes a tape of at least `frames` frames, faulted in, and locked where the limits allow (`locked` says).
 * The stamps have room for cycles of 64 frames. -ENOMEM with the size in the message. */
int tape_init(struct tape *tape, uint32_t channels, uint64_t frames, struct error *e) MUST_CHECK;
void tape_finish(struct tape *tape); /* a zeroed value is fine */

/* Producer. Copies one cycle; channels[c] may be NULL (exact silence). RT safe, wait-free. */
void tape_record(struct tape *tape, const struct cycle *cycle, const float *const *channels);

/* Consumer. Where the samples of `channel` from `position` on are, and how many of `frames` lie there in one
 * piece. They stay until released. */
const float *tape_samples(
	const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames, uint64_t *run);

/* Consumer. The stamp at `index` (of those below ring_filled(&tape->marks)). */
const struct stamp *tape_stamp(const struct tape *tape, uint64_t index);

#endif

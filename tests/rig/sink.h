/* What a simulated interface is given to play, with the clock of every cycle, for who compares it with what
 * was recorded. Made on the main thread, filled on the data thread, written when both are done. */
#ifndef WOODSHED_RIG_SINK_H
#define WOODSHED_RIG_SINK_H

#include "common/error.h"

#include <stdint.h>

struct sink;

/* Room for two minutes. */
int sink_create(struct sink **sink, int64_t rate, struct error *e) MUST_CHECK;
void sink_destroy(struct sink *sink); /* NULL is fine */

/* One cycle of channel 1, whose first frame is due at `nsec` and the next cycle's at `next_nsec`. RT safe. */
void sink_take(struct sink *sink, uint64_t nsec, uint64_t next_nsec, const float *samples, uint32_t frames);

/* Cycle by cycle: nsec, next_nsec and frames as 64-bit numbers, then the samples as 32-bit float;
 * little-endian on the machines that we test on. */
int sink_write(const struct sink *sink, const char *path, struct error *e) MUST_CHECK;

#endif

/* Two clocks: monotonic time for what is measured, UTC for what people read. */
#ifndef WOODSHED_COMMON_CLOCK_H
#define WOODSHED_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_NSEC_PER_SEC INT64_C(1000000000)

/* CLOCK_MONOTONIC in nanoseconds, the time base of PipeWire's `nsec`. RT safe. */
int64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME in nanoseconds since 1970, UTC. */
int64_t clock_utc_ns(void);

#define CLOCK_RFC3339_SIZE sizeof("2026-11-22T19:03:11.123456Z")

/* Writes `utc_ns` as RFC 3339 with microseconds; returns `out`. */
char *clock_rfc3339(int64_t utc_ns, char out[static CLOCK_RFC3339_SIZE]);

/* Reads what clock_rfc3339 writes (fraction optional). 0 or -EINVAL. */
int clock_parse_rfc3339(const char *text, int64_t *utc_ns);

#endif

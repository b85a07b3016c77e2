/* When each frame of an interface was played, from what was noted of its clock while it ran: smooth where the
 * notes jitter, unmoved by the few that are far off, and following a crystal that warms up. Pure. */
#ifndef WOODSHED_AUDIO_TIMEBASE_H
#define WOODSHED_AUDIO_TIMEBASE_H

#include <stddef.h>
#include <stdint.h>

/* A note of the clock: `frame` was played at `nsec` (CLOCK_MONOTONIC). Within one stretch (counted upwards)
 * the frames ran on without anything that could have moved them against time. */
struct clock_point {
	uint32_t stretch;
	int64_t frame;
	int64_t nsec;
};

/* How fast the crystal ran against the system's clock, in parts per million, over the longest stretch. NAN
 * where the points reach over less than 2 s. */
double timebase_ppm(const struct clock_point *points, size_t count, uint32_t rate);

struct timebase;

/* Points are in the order of their frames. NULL where there are none. */
struct timebase *timebase_create(const struct clock_point *points, size_t count, uint32_t rate);
void timebase_destroy(struct timebase *timebase); /* NULL is fine */

/* The time of `frame` (which may lie between two, or beyond the notes) is
 *     timebase_origin + frame * 1e9 / rate + timebase_lead(frame)
 * nanoseconds. Kept apart, because in one double the fractions of a sample would be lost. */
int64_t timebase_origin(const struct timebase *timebase);
double timebase_lead(const struct timebase *timebase, double frame);

/* Between two of its corners the lead is a straight line. */
size_t timebase_corners(const struct timebase *timebase);
double timebase_corner(const struct timebase *timebase, size_t index); /* its frame */

#endif

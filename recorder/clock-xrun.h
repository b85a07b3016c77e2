/* What a driver says that it lost, all told, since it began (spa_io_clock.xrun). PipeWire before 1.1 has no
 * such figure; which of the two files answers is chosen by meson. */
#ifndef WOODSHED_RECORDER_CLOCK_XRUN_H
#define WOODSHED_RECORDER_CLOCK_XRUN_H

#include <stdint.h>

#include <spa/node/io.h>

/* Frames; always 0 where the clock has no such figure. RT safe. */
uint64_t clock_xrun(const struct spa_io_clock *clock);

/* For drivers: they lost so many more. Does nothing where there is no such figure. RT safe. */
void clock_add_xrun(struct spa_io_clock *clock, uint64_t frames);

#endif

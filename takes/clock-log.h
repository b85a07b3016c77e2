/* clock/01-xr18.csv: what one interface's clock said while the take ran (docs/formats.md). Written line by
 * line, so that a power cut costs the last lines and no more. Any thread; blocks on the disk. */
#ifndef WOODSHED_TAKES_CLOCK_LOG_H
#define WOODSHED_TAKES_CLOCK_LOG_H

#include "audio/timebase.h"
#include "common/error.h"

#define CLOCK_LOG_HEADER "stretch,frame,nsec\n"
#define CLOCK_LOG_LINE 64 /* more than a line takes */

/* Writes one line with its end; returns its length. */
size_t clock_log_format(char line[static CLOCK_LOG_LINE], const struct clock_point *point);

/* Reads what is whole: a line that is cut off or makes no sense ends it. `*points` is the caller's to free.
 * -EBADMSG for what is no clock log. */
int clock_log_load(const char *path, struct clock_point **points, size_t *count, struct error *e) MUST_CHECK;

#endif

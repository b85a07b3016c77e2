#include "takes/clock-log.h"

#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 64 << 20 }; /* a line a second would take a month */

size_t clock_log_format(char line[static CLOCK_LOG_LINE], const struct clock_point *point)
{
	return (size_t)snprintf(line, CLOCK_LOG_LINE, "%" PRIu32 ",%" PRId64 ",%" PRId64 "\n", point->stretch,
		point->frame, point->nsec);
}

static bool read_number(const char **text, char end, int64_t least, int64_t most, int64_t *number)
{
	char *stop;
	if (**text != '-' && (**text < '0' || **text > '9'))
		return false;
	errno = 0;
	*number = strtoll(*text, &stop, 10);
	if (errno || *stop != end || *number < least || *number > most)
		return false;
	*text = stop + 1;
	return true;
}

/* Frames and times that a sum or difference of two cannot take out of range. */
static const int64_t most_frame = INT64_C(1) << 40, most_nsec = INT64_C(1) << 61;

static bool read_line(const char **text, struct clock_point *point)
{
	int64_t stretch;
	if (!read_number(text, ',', 0, UINT32_MAX, &stretch) ||
		!read_number(text, ',', -most_frame, most_frame, &point->frame) ||
		!read_number(text, '\n', 0, most_nsec, &point->nsec))
		return false;
	point->stretch = (uint32_t)stretch;
	return true;
}

static bool follows(const struct clock_point *last, const struct clock_point *next)
{
	return next->frame > last->frame && next->stretch >= last->stretch;
}

int clock_log_load(const char *path, struct clock_point **points, size_t *count, struct error *e)
{
	char *text;
	size_t size;
	int result = file_read(path, LARGEST, &text, &size, e);
	if (result < 0)
		return result;
	*points = NULL;
	*count = 0;
	const char *at = text + strlen(CLOCK_LOG_HEADER);
	if (strncmp(text, CLOCK_LOG_HEADER, strlen(CLOCK_LOG_HEADER)) != 0)
		result = error_set(e, EBADMSG, "%s: not a clock log", path);
	struct clock_point point;
	while (result == 0 && read_line(&at, &point)) {
		if (*count > 0 && !follows(&(*points)[*count - 1], &point))
			break;
		/* Room for twice as many, whenever the count is a power of two. */
		if ((*count & (*count - 1)) == 0)
			*points = memory_grow(*points, *count ? 2 * *count : 1, sizeof(**points));
		(*points)[(*count)++] = point;
	}
	free(text);
	return result;
}

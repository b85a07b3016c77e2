#include "mixer/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int line_init(struct line *line, size_t frames)
{
	size_t size = 1;
	while (size < frames)
		size *= 2;
	*line = (struct line){.samples = calloc(size, sizeof(double)), .size = size};
	return line->samples ? 0 : -ENOMEM;
}

void line_finish(struct line *line)
{
	free(line->samples);
	*line = (struct line){0};
}

void line_reset(struct line *line)
{
	memset(line->samples, 0, line->size * sizeof(double));
	line->at = 0;
}

static size_t up_to_end(const struct line *line, size_t from, size_t count)
{
	return line->size - from < count ? line->size - from : count;
}

void line_write(struct line *line, const double *samples, size_t count)
{
	size_t first = up_to_end(line, line->at, count);
	memcpy(line->samples + line->at, samples, first * sizeof(double));
	memcpy(line->samples, samples + first, (count - first) * sizeof(double));
	line->at = (line->at + count) & (line->size - 1);
}

void line_read(const struct line *line, size_t back, double *samples, size_t count)
{
	size_t from = (line->at - back) & (line->size - 1), first = up_to_end(line, from, count);
	memcpy(samples, line->samples + from, first * sizeof(double));
	memcpy(samples + first, line->samples, (count - first) * sizeof(double));
}

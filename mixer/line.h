/* One channel's past, for effects that read it at several or moving places. */
#ifndef WOODSHED_MIXER_LINE_H
#define WOODSHED_MIXER_LINE_H

#include "common/error.h"

#include <stddef.h>

struct line {
	double *samples; /* a ring */
	size_t size;	 /* of it, a power of two */
	size_t at;	 /* where the next sample goes */
};

/* Room for the last `frames` at least. 0 or -ENOMEM, with nothing left to finish. */
int line_init(struct line *line, size_t frames) MUST_CHECK;
void line_finish(struct line *line); /* a zeroed value is fine */
void line_reset(struct line *line);  /* silence */
void line_write(struct line *line, const double *samples, size_t count);

/* `count` samples in the order in which they came, beginning with the one written `back` samples ago (1: the
 * last one). `back` is `count` to the line's room. */
void line_read(const struct line *line, size_t back, double *samples, size_t count);

#endif

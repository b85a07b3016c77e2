/* A delay of whole frames, one channel. */
#ifndef WOODSHED_AUDIO_DELAY_H
#define WOODSHED_AUDIO_DELAY_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct delay {
	double *line; /* `frames` samples, NULL where there is no delay */
	uint32_t frames, position;
};

/* 0 or -ENOMEM, with nothing left to finish. */
int delay_init(struct delay *delay, uint32_t frames) MUST_CHECK;
void delay_finish(struct delay *delay); /* a zeroed value is fine */
void delay_reset(struct delay *delay);	/* silence */
void delay_run(struct delay *delay, double *samples, size_t count);

#endif

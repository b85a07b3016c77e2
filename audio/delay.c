#include "audio/delay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int delay_init(struct delay *delay, uint32_t frames)
{
	*delay = (struct delay){.frames = frames};
	if (frames == 0)
		return 0;
	delay->line = calloc(frames, sizeof(*delay->line));
	return delay->line ? 0 : -ENOMEM;
}

void delay_finish(struct delay *delay)
{
	free(delay->line);
	*delay = (struct delay){0};
}

void delay_reset(struct delay *delay)
{
	if (delay->line)
		memset(delay->line, 0, delay->frames * sizeof(*delay->line));
	delay->position = 0;
}

static void swap(double *restrict line, double *restrict samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double old = line[i];
		line[i] = samples[i];
		samples[i] = old;
	}
}

void delay_run(struct delay *delay, double *samples, size_t count)
{
	while (delay->frames > 0 && count > 0) {
		size_t n = delay->frames - delay->position;
		if (n > count)
			n = count;
		swap(delay->line + delay->position, samples, n);
		delay->position = (uint32_t)((delay->position + n) % delay->frames);
		samples += n;
		count -= n;
	}
}

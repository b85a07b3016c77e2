#include "recorder/clock-xrun.h"

uint64_t clock_xrun(const struct spa_io_clock *clock)
{
	return clock->xrun;
}

void clock_add_xrun(struct spa_io_clock *clock, uint64_t frames)
{
	clock->xrun += frames;
}

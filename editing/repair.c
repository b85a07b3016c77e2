#include "editing/repair.h"

#include <string.h>

static void turn_over(struct repair *repair, repair_fn fn, void *data)
{
	if (fn)
		fn(data, repair->window);
	memcpy(repair->mended, repair->window + REPAIR_CONTEXT, sizeof(repair->mended));
	memmove(repair->window, repair->window + REPAIR_HOP,
		(REPAIR_WINDOW - REPAIR_HOP) * sizeof(*repair->window));
	repair->fresh = 0;
}

void repair_run(struct repair *repair, double *samples, size_t count, repair_fn fn, void *data)
{
	double *newest = repair->window + REPAIR_WINDOW - REPAIR_HOP;
	for (size_t done = 0; done < count;) {
		size_t room = REPAIR_HOP - repair->fresh;
		size_t n = room < count - done ? room : count - done;
		memcpy(newest + repair->fresh, samples + done, n * sizeof(*samples));
		memcpy(samples + done, repair->mended + repair->fresh, n * sizeof(*samples));
		repair->fresh += n;
		done += n;
		if (repair->fresh == REPAIR_HOP)
			turn_over(repair, fn, data);
	}
}

void repair_reset(struct repair *repair)
{
	memset(repair, 0, sizeof(*repair));
}

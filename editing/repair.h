/* What declick and declip share: a channel that passes through a window wide enough to see what is around a
 * damaged place, some of whose samples are replaced before they leave. One thread. */
#ifndef WOODSHED_EDITING_REPAIR_H
#define WOODSHED_EDITING_REPAIR_H

#include <stddef.h>
#include <stdint.h>

enum {
	REPAIR_HOP = 1024,    /* samples that are looked at in one go */
	REPAIR_CONTEXT = 768, /* that are seen before and after them */
	REPAIR_WINDOW = REPAIR_HOP + 2 * REPAIR_CONTEXT,
	REPAIR_LATENCY = REPAIR_HOP + REPAIR_CONTEXT,
};

/* Looks at samples[REPAIR_CONTEXT] to [REPAIR_CONTEXT + REPAIR_HOP - 1] of a window and mends them in place;
 * what lies before has been mended, what lies after will be looked at next, and may be changed too. */
typedef void (*repair_fn)(void *data, double *window);

struct repair {
	double window[REPAIR_WINDOW]; /* the newest hop at its end */
	double mended[REPAIR_HOP];    /* on its way out */
	size_t fresh;		      /* samples of the newest hop that are there; as many have left */
};

/* Any number of samples, in place; they come out REPAIR_LATENCY later. `fn` NULL: as they are. */
void repair_run(struct repair *repair, double *samples, size_t count, repair_fn fn, void *data);

void repair_reset(struct repair *repair); /* silence */

#endif

/* The driver of a simulated interface: runs the graph's cycles by its crystal, on PipeWire's data thread.
 *
 * It behaves as if the hardware had an endless FIFO: a cycle that could not start in time, because the
 * machine stalled or a follower had not finished the one before, is not skipped but run as soon as it can be,
 * with the clock values that it should have had. Only the gaps that were asked for are lost. */
#ifndef WOODSHED_RIG_DRIVER_H
#define WOODSHED_RIG_DRIVER_H

#include "tests/rig/crystal.h"
#include "tests/rig/material.h"
#include "tests/rig/notices.h"
#include "tests/rig/sink.h"

#include <pipewire/pipewire.h>

struct driver;

/* `fn` is told what happens, on the main loop. */
int driver_create(struct driver **driver, struct pw_context *context, const struct options *options,
	const struct material *material, notice_fn fn, void *data, struct error *e) MUST_CHECK;
void driver_destroy(struct driver *driver);

/* These are called on the main thread and wait for the data thread. */
void driver_set_clock(struct driver *driver, struct spa_io_clock *clock);
void driver_set_position(struct driver *driver, struct spa_io_position *position);
void driver_plug(struct driver *driver, struct pw_stream *stream); /* frames begin to be counted */
void driver_listen(struct driver *driver, bool listening);	   /* the graph runs, or rests */
void driver_unplug(struct driver *driver);
void driver_set_rate(struct driver *driver, uint32_t rate); /* from the next cycle on */
void driver_done(struct driver *driver);		    /* the last cycle is complete */
/* Something joined the graph, or left it, maybe without ending its cycle. */
void driver_nudge(struct driver *driver, bool joined);
void driver_play(struct driver *driver); /* the material starts, or starts over */

/* What the stream is given goes there; before the stream is made. */
void driver_give(struct driver *driver, struct sink *sink);

/* The stream's process callback: writes this cycle's samples, or takes them. RT safe. */
void driver_process(struct driver *driver);

#endif

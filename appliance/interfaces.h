/* The capture nodes that PipeWire has now. Control thread; waits a quarter of a second for the whole picture.
 */
#ifndef WOODSHED_APPLIANCE_INTERFACES_H
#define WOODSHED_APPLIANCE_INTERFACES_H

#include "common/error.h"
#include "recorder/source.h"

/* Hands them to `tell`, in name order; they are gone when it returns. 0, or a negative errno: there is no
 * PipeWire to ask. */
int interfaces_now(void (*tell)(void *data, const struct source_node *nodes, size_t count), void *data,
	struct error *e) MUST_CHECK;

#endif

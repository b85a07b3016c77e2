/* The last stage of a render: a master becomes files that say what they are. Private to the render. */
#ifndef WOODSHED_APPLIANCE_RENDER_DELIVERY_H
#define WOODSHED_APPLIANCE_RENDER_DELIVERY_H

#include "appliance/mastering.h"
#include "appliance/render.h"

/* Writes the renditions that the session asks for, and master.cue where there are sections or songs, into the
 * job's folder; `result`, whose take, song and cues are known, is told of them. Every file is replaced as a
 * whole. Negative errno of the disk or of a library that cannot write a format. */
int render_deliver(struct render_result *result, const struct render_job *job, const struct session *session,
	struct mastering *mastering, struct error *e) MUST_CHECK;

#endif

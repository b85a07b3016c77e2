/* Which channel of which interface goes into which file: from the session's tracks, or one track a channel.
 * Private to the recorder. */
#ifndef WOODSHED_RECORDER_PLAN_H
#define WOODSHED_RECORDER_PLAN_H

#include "recorder/room.h"

struct plan_track {
	char *name, *role; /* role may be NULL */
	struct room_interface *interface;
	uint32_t channel[TRACK_CHANNELS]; /* from 0 */
	uint32_t channels;
	char *inputs[TRACK_CHANNELS]; /* "xr18/1" */
};

struct plan {
	struct plan_track *tracks;
	size_t count;
};

/* Of every channel, whether the session has a track for it (`tracked`): all of them, if it has no tracks. */
void plan_mark_tracked(struct room *room, const struct session *session);

/* -ENODEV: an input's interface is not there (a configured one that is only unplugged is); -EINVAL: it has
 * not that channel. */
int plan_make(struct plan *plan, const struct room *room, const struct session *session,
	struct error *e) MUST_CHECK;
void plan_finish(struct plan *plan);

#endif

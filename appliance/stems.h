/* The raw tracks of a take as editing and the mixer want them: one a track of the session, each reading its
 * file, all on the take's timeline, with the passages that the session takes from other takes. */
#ifndef WOODSHED_APPLIANCE_STEMS_H
#define WOODSHED_APPLIANCE_STEMS_H

#include "appliance/alignment.h"
#include "appliance/punch.h"
#include "appliance/reel.h"
#include "config/session.h"

/* A passage from another take, on one track. */
struct stem_cut {
	const struct punch *punch;
	struct reel reel;
	bool begun;
	uint64_t silent; /* frames that lie before the other take's first */
};

/* Stays where it is while it is open. */
struct stem {
	struct reel reel;
	uint64_t position;     /* frame of the take that is read next */
	struct stem_cut *cuts; /* in their order */
	size_t cut_count;
};

struct stems {
	struct stem *list;
	size_t count;
	uint64_t frames; /* of the take */
	struct alignment alignment;
	struct punches punches;
	const struct manifest *take; /* what it was opened with */
	const char *folder;
	const struct session *session;
};

/* Makes `session` one for this take: without tracks it gets the take's, each without a chain. -EINVAL when
 * one of its tracks is not in the take. */
int stems_fit(struct session *session, const struct manifest *take, struct error *e) MUST_CHECK;

/* Finds the take's track for each of `session`'s (by its inputs, else by its name) and opens its file, in a
 * session that fits; the same in the takes that passages come from. All of them are used until the end. */
int stems_open(struct stems *stems, const struct manifest *take, const char *folder,
	const struct session *session, struct error *e) MUST_CHECK;
/* Back to the first frame of all. On failure they are still to be closed. */
int stems_rewind(struct stems *stems, struct error *e) MUST_CHECK;
void stems_close(struct stems *stems); /* a zeroed value is fine */

/* One more reader of a track of the session, for a thread of its own. On failure it is still to be closed. */
int stem_open(struct stem *stem, const struct stems *stems, size_t index, struct error *e) MUST_CHECK;
void stem_close(struct stem *stem); /* a zeroed value is fine */

/* Fills the channels with the stem's next `frames` frames; silence past the end of its file. Each stem may be
 * read by a thread of its own. */
int stem_read(struct stem *stem, double *const *channels, uint32_t frames, struct error *e) MUST_CHECK;

#endif

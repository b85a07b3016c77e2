/* The raw tracks of a take as the mixer wants them: one strip a track of the session, each reading its file,
 * all on the take's timeline. */
#ifndef WOODSHED_APPLIANCE_STEMS_H
#define WOODSHED_APPLIANCE_STEMS_H

#include "appliance/alignment.h"
#include "audio/resample.h"
#include "config/session.h"
#include "takes/raw.h"

struct stem {
	struct raw_reader *reader;
	struct resample *resample; /* onto the take's timeline; NULL: it is there already */
	double scale;		   /* of an integer sample to full scale 1.0 */
	uint32_t channels;
};

struct stems {
	struct stem *list;
	size_t count;
	uint64_t frames; /* of the take */
	struct alignment alignment;
	const struct manifest *take; /* what it was opened with */
	const char *folder;
	const struct session *session;
};

/* Makes `session` one for this take: without tracks it gets the take's, each without a chain. -EINVAL when
 * one of its tracks is not in the take. */
int stems_fit(struct session *session, const struct manifest *take, struct error *e) MUST_CHECK;

/* Finds the take's track for each of `session`'s (by its inputs, else by its name) and opens its files, in a
 * session that fits. All of them are used until the end. */
int stems_open(struct stems *stems, const struct manifest *take, const char *folder,
	const struct session *session, struct error *e) MUST_CHECK;
/* Back to the first frame of all. On failure nothing is left to close. */
int stems_rewind(struct stems *stems, struct error *e) MUST_CHECK;
void stems_close(struct stems *stems); /* a zeroed value is fine */

/* Fills the channels of one stem with its next `frames` frames; silence where no file has any. Each stem
 * may be read by a thread of its own. */
int stems_read(struct stems *stems, size_t index, double *const *channels, uint32_t frames,
	struct error *e) MUST_CHECK;

#endif

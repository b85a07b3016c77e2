/* Passages that a session takes from other takes: found, and placed in the take that is rendered. */
#ifndef WOODSHED_APPLIANCE_PUNCH_H
#define WOODSHED_APPLIANCE_PUNCH_H

#include "appliance/alignment.h"
#include "config/session.h"
#include "takes/manifest.h"

struct punch {
	const struct punch_config *config;
	struct manifest take; /* the other one */
	char *folder;
	struct alignment alignment;
	uint64_t begin, end;	    /* frames of this take, both joins included */
	uint64_t fade_in, fade_out; /* frames of the joins; 0 where this take begins or ends */
	int64_t source;		    /* frame of the other take at `begin` */
};

struct punches {
	struct punch *list; /* by `begin` */
	size_t count;
};

/* Finds the takes beside `folder`, that of `take`. -EINVAL or another negative errno, with the passage and
 * what is wrong with it: no such take, one that is recorded still or has another rate, a moment that is in
 * neither, an end before its start, passages of one track that overlap. On failure nothing is left to finish.
 */
int punches_load(struct punches *punches, const struct session *session, const struct manifest *take,
	const char *folder, struct error *e) MUST_CHECK;
void punches_finish(struct punches *punches); /* a zeroed value is fine */

/* True when the passage is one of the track too. */
bool punch_has(const struct punch *punch, const char *track);

#endif

/* Which pieces of a take another arrangement is made of: the words of an order against the take's section
 * markers and the session's grid. */
#ifndef WOODSHED_APPLIANCE_ARRANGEMENT_H
#define WOODSHED_APPLIANCE_ARRANGEMENT_H

#include "config/session.h"
#include "editing/arrange.h"
#include "takes/manifest.h"

struct arrangement_piece {
	char *word;	/* of the order */
	int from, bars; /* its first bar in the section, from 1, and how many; 0: the section whole */
};

/* A zeroed value is no arrangement: the take as it was played. */
struct arrangement {
	struct arrange_plan plan; /* of the take's frames */
	struct arrange_piece *pieces;
	struct arrangement_piece *words; /* one a piece */
	struct take_marker
		*markers; /* of the take, where the arrangement has them; a section's at each piece */
	size_t marker_count;
};

/* `order`: words between blanks or commas, NULL: the session's. The last section of the take lasts as many
 * bars as the session says, else until its song or the take ends. -ENOENT where the take has no section
 * markers, -EINVAL for a word that names no section of the take, or bars that it does not have. On failure
 * nothing is left to finish. */
int arrangement_make(struct arrangement *arrangement, const char *order, const struct session *session,
	const struct manifest *take, struct error *e) MUST_CHECK;
void arrangement_finish(struct arrangement *arrangement); /* a zeroed value is fine */

#endif

/* The sections of a take, by its markers, and the session's grid beside them. */
#ifndef WOODSHED_APPLIANCE_SECTIONS_H
#define WOODSHED_APPLIANCE_SECTIONS_H

#include "takes/grid.h"
#include "takes/manifest.h"

struct take_section {
	const char *label; /* the marker's */
	uint64_t frame, frames;
	const struct grid_section *grid; /* the session's of that name; NULL: none */
};

struct take_sections {
	struct take_section *list; /* by frame; one without frames was not played */
	size_t count;
	struct grid grid; /* of the session, as it is played */
};

/* The last section lasts as many bars as the session says, else until its song or the take ends. `session`
 * and `take` stand as long as the sections do. */
void sections_find(
	struct take_sections *sections, const struct session *session, const struct manifest *take);
void sections_finish(struct take_sections *sections); /* a zeroed value is fine */

/* The `occurrence`th (from 1) section of that label; NULL. */
const struct take_section *sections_get(
	const struct take_sections *sections, const char *label, int occurrence);

/* Where beat `beat` (from 0, up to all of them) of a section that the session knows begins, from its start:
 * as the grid has it, stretched to how it was played; evenly without a tempo. */
double section_beat(const struct take_section *section, int beat);

#endif

/* What a render does about another arrangement, and where sections and songs are in what it makes. Private to
 * the render and its report. */
#ifndef WOODSHED_APPLIANCE_RENDER_ARRANGEMENT_H
#define WOODSHED_APPLIANCE_RENDER_ARRANGEMENT_H

#include "appliance/moments.h"
#include "appliance/release.h"
#include "appliance/render.h"

#include <jansson.h>

#define CUE_FILE "master.cue"

/* The arrangement of `order`, else the session's; none where neither has one. A take that the session's order
 * cannot be made of is rendered as it was played: that is logged, and kept in `unarranged`. `order` must be
 * one that can: -ENOENT and -EINVAL as arrangement_make. */
int render_plan_order(struct render_result *result, const char *order, const struct session *session,
	struct error *e) MUST_CHECK;
void render_arrangement_finish(struct render_result *result);

/* Sections and songs of the take, or of its arrangement, within the extent that is mixed. */
void render_find_cues(struct render_result *result, const struct extent *extent);

/* The text of master.cue; the caller's to free. */
char *render_cue(const struct render_result *result, const struct release *release, uint32_t rate);

/* For report.json: null for a take as it was played. */
json_t *report_arrangement(const struct render_result *result);
json_t *report_cues(const struct render_result *result);

#endif

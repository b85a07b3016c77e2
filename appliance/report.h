/* report.json: what the mix and master asked for and what they reached (docs/formats.md). */
#ifndef WOODSHED_APPLIANCE_REPORT_H
#define WOODSHED_APPLIANCE_REPORT_H

#include "appliance/edits.h"
#include "appliance/render.h"

#include <jansson.h>

/* The report as JSON text, the caller's to free. Figures that this version does not measure are null.
 * `edits` have been read. */
char *report_json(const struct render_result *result, const struct loaded_session *session,
	const struct edits *edits, enum render_stage stage);

/* What a report says of a master, into `report`; and of its files, a new reference. */
void report_add_master(
	json_t *report, const struct master_plan *plan, const struct translation_reading *translation);
json_t *report_files(const struct renditions *renditions);

/* The same in a few lines for a person. */
void report_print(const struct render_result *result, enum render_stage stage);

#endif

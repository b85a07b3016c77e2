/* report.json: what the mix and master asked for and what they reached (docs/formats.md). */
#ifndef WOODSHED_APPLIANCE_REPORT_H
#define WOODSHED_APPLIANCE_REPORT_H

#include "appliance/edits.h"
#include "appliance/render.h"

/* The report as JSON text, the caller's to free. Figures that this version does not measure are null.
 * `edits` have been read. */
char *report_json(const struct render_result *result, const struct loaded_session *session,
	const struct edits *edits, enum render_stage stage);

/* The same in a few lines for a person. */
void report_print(const struct render_result *result, enum render_stage stage);

#endif

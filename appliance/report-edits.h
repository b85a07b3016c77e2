/* What editing did, for report.json (docs/formats.md). */
#ifndef WOODSHED_APPLIANCE_REPORT_EDITS_H
#define WOODSHED_APPLIANCE_REPORT_EDITS_H

#include "appliance/edits.h"

#include <jansson.h>

/* Every edit of one track, after it has been read: a list, the caller's. */
json_t *report_edits(const struct edits *edits, size_t track);

/* What is edited of the take as a whole: an object, the caller's. */
json_t *report_extent(const struct edits *edits);

#endif

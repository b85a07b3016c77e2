/* Best-of: which take has each section of the song played tightest. A proposal for who listens next; nothing
 * is cut together by itself. Blocks. */
#ifndef WOODSHED_APPLIANCE_COMPING_H
#define WOODSHED_APPLIANCE_COMPING_H

#include "config/session.h"
#include "takes/manifest.h"

#include <jansson.h>

/* The takes compared are `take`, in `folder`, and those beside it of the same session that have section
 * markers, the newest COMPING_TAKES of them. A member of report.json, the caller's reference: of each section
 * of the session, `take` that is proposed, `why`, and of each of `takes` its spread, clipped samples, lost
 * frames and noise. What cannot be read is left out, which is logged. */
enum { COMPING_TAKES = 12 };
json_t *comping_report(const struct session *session, const struct manifest *take, const char *folder);

#endif

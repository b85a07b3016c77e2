/* Every processor of the program in one table: what a chain may name, and what `woodshed processors` prints.
 */
#ifndef WOODSHED_APPLIANCE_PROCESSORS_H
#define WOODSHED_APPLIANCE_PROCESSORS_H

#include "audio/processor.h"

/* All of them, of every room. Made once, on first use; not before threads start. */
const struct processor_table *processors_all(void);

/* Their records, for the session loader; the same holds. */
const struct record_table *processors_records(void);

#endif

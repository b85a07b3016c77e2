/* Every processor of the program in one table: what a chain may name, and what `woodshed processors` prints.
 */
#ifndef WOODSHED_APPLIANCE_PROCESSORS_H
#define WOODSHED_APPLIANCE_PROCESSORS_H

#include "common/key.h"

/* The records of all of them, for the session loader. Made once, on first use; not before threads start. */
const struct record_table *processors_records(void);

#endif

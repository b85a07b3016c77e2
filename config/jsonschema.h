/* The tables of keys as JSON Schema 2020-12 (json-schema.org/draft/2020-12), so that editors complete a file
 * and tell what is wrong with it while it is typed. What a table's loader takes, the schema takes; where a
 * rule has no place in a schema (ranges of values with units, names that must exist), it is the wider one and
 * the rule stands in the description. Any thread; no files. */
#ifndef WOODSHED_CONFIG_JSONSCHEMA_H
#define WOODSHED_CONFIG_JSONSCHEMA_H

#include "common/key.h"

#include <jansson.h>

/* The schema of a whole file; the caller's reference. `processors` are what chains may name; NULL: none. */
json_t *jsonschema_of(const struct record *record, const struct record_table *processors);

#endif

/* The tables of keys for people: the reference page, as Markdown. */
#ifndef WOODSHED_CONFIG_REFERENCE_H
#define WOODSHED_CONFIG_REFERENCE_H

#include "common/key.h"

#include <stdio.h>

/* A heading and a table of the record's keys, then the same for each record in it. A record that is in
 * there twice is told once. */
void reference_record(const struct record *record, const char *title, FILE *stream);

/* The same for every processor that a chain may name, after what every one of them has. */
void reference_processors(const struct record_table *processors, FILE *stream);

#endif

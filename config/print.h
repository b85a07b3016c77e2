/* A loaded struct as YAML again, by its table of keys: the effective configuration, defaults included, with
 * units, so that loading it gives the same struct. Any thread; no files. */
#ifndef WOODSHED_CONFIG_PRINT_H
#define WOODSHED_CONFIG_PRINT_H

#include "common/key.h"

#include <stdio.h>

void print_record(const struct record *record, const void *loaded, FILE *stream);

#endif

/* A preset file by itself, for `woodshed check`. Reads the disk. */
#ifndef WOODSHED_CONFIG_PRESET_CHECK_H
#define WOODSHED_CONFIG_PRESET_CHECK_H

#include "config/faults.h"
#include "config/preset_search.h"

/* True when `path` is that of a preset: presets/KIND/NAME.yaml, wherever that folder is. */
bool preset_is_one(const char *path);

/* Checks the file and what it extends, which is looked for as for a session beside that `presets` folder. 0,
 * or -EINVAL with every fault in `faults`. */
int preset_check(const char *path, const struct record_table *processors, struct faults *faults) MUST_CHECK;

#endif

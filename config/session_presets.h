/* From what a session says to what will run: its presets, and the strips of its tracks' roles. Only for
 * session_load.c. */
#ifndef WOODSHED_CONFIG_SESSION_PRESETS_H
#define WOODSHED_CONFIG_SESSION_PRESETS_H

#include "config/session.h"
#include "config/yaml.h"

/* `path` is the session file's, NULL for the defaults, `root` its tree or NULL. Names that nobody has and
 * whatever is wrong with presets go to `faults`; members of the session may be NULL where loading them was a
 * fault already. */
void session_resolve(struct session *session, const char *path, const struct yaml_node *root,
	const struct record_table *processors, struct faults *faults);

#endif

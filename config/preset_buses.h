/* The buses that a mix preset brings along. Only for session_presets.c. */
#ifndef WOODSHED_CONFIG_PRESET_BUSES_H
#define WOODSHED_CONFIG_PRESET_BUSES_H

#include "config/session.h"

/* Moves those of `buses` (of struct bus_config) to the end of the session's that something of the session
 * feeds, and whose name is not one of the session's own; the others stay. A send that came from a role and
 * leads to no return in the end is taken from its track: the session's own bus of that name wins. */
void preset_buses_join(struct session *session, struct key_list *buses);

#endif

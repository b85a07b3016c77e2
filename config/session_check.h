/* What the tables of keys cannot say of a session: names that must exist, inputs that must fit. Only for
 * session_load.c and each other. */
#ifndef WOODSHED_CONFIG_SESSION_CHECK_H
#define WOODSHED_CONFIG_SESSION_CHECK_H

#include "config/session.h"
#include "config/yaml.h"

/* Adds what is wrong to `faults`. `root` may be NULL; members of the session may be NULL where loading them
 * was a fault already. */
void session_check(const struct session *session, const struct yaml_node *root,
	const struct appliance *appliance, struct faults *faults);

/* The part of it that is about buses, sends, VCA groups and automation. */
void routing_check(const struct session *session, const struct yaml_node *root, struct faults *faults);

#endif

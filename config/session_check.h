/* What the tables of keys cannot say of a session: names that must exist, inputs that must fit. Only for
 * session_load.c and each other. */
#ifndef WOODSHED_CONFIG_SESSION_CHECK_H
#define WOODSHED_CONFIG_SESSION_CHECK_H

#include "config/session.h"
#include "config/yaml.h"

/* Each adds what is wrong to `faults`. `root` may be NULL; members of the session may be NULL where loading
 * them was a fault already. */
void session_check(const struct session *session, const struct yaml_node *root,
	const struct appliance *appliance, struct faults *faults);

/* The song's arrangement; session_check calls it. */
void song_check(const struct session *session, const struct yaml_node *root, struct faults *faults);

/* The tracks that the processors of its chains name; `processors` are theirs. */
void key_check(const struct session *session, const struct yaml_node *root,
	const struct record_table *processors, struct faults *faults);

/* Buses, sends, VCA groups and automation, once the mix preset's buses are there. The warnings are worth
 * nothing beside errors. */
void routing_check(const struct session *session, const struct yaml_node *root, struct faults *faults);
void routing_warn(const struct session *session, const struct yaml_node *root, struct faults *faults);

/* What the master is asked for, once its preset is resolved. `path`: the file's; NULL: none. */
void delivery_check(
	const struct session *session, const char *path, const struct yaml_node *root, struct faults *faults);

/* The part of it that is about editing. */
void edit_check(const struct session *session, const struct yaml_node *root, struct faults *faults);

#endif

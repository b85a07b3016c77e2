/* Single values of a table's keys, and the path of keys that messages begin with. Only for schema.c. */
#ifndef WOODSHED_CONFIG_VALUE_H
#define WOODSHED_CONFIG_VALUE_H

#include "common/key.h"
#include "config/faults.h"
#include "config/yaml.h"

struct loader {
	struct faults *faults;
	const struct record_table *processors;
	char path[256]; /* "tracks[2].chain[0].compressor" */
	size_t length;
};

/* Adds a key or an index to the path; returns what loader_leave needs to take it off again. */
size_t loader_enter(struct loader *loader, const char *key);
size_t loader_enter_item(struct loader *loader, size_t index);
void loader_leave(struct loader *loader, size_t length);

/* "PATH: …" at a node, or at a place. */
void loader_fault(struct loader *loader, const struct yaml_node *node, const char *format, ...) PRINTF(3, 4);
void loader_fault_at(struct loader *loader, int line, int column, const char *format, ...) PRINTF(4, 5);
void loader_warn(struct loader *loader, int line, int column, const char *format, ...) PRINTF(4, 5);

/* True when `name` is in the list, which ends with NULL or is NULL. */
bool value_is_later(const char *const *later, const char *name);

/* Each reads a node into a member of its key's type, or adds a fault and leaves the member as it is. */
void value_number(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_integer(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_flag(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_choice(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_choices(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_text(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_name(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_texts(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);
void value_levels(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);

#endif

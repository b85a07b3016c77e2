/* A preset with everything that it extends, as one tree: what a file says itself stands over what it extends.
 * Every file is checked by the table of its kind, and every fault is told in the file where it stands. Any
 * thread; reads the disk. */
#ifndef WOODSHED_CONFIG_PRESET_TREE_H
#define WOODSHED_CONFIG_PRESET_TREE_H

#include "config/faults.h"
#include "config/preset_search.h"
#include "config/yaml.h"

enum { PRESET_MOST_EXTENDS = 8, PRESET_MOST_ROLES = 256 };

/* What opening presets needs; what it points to has to outlive what is opened. */
struct preset_request {
	const struct preset_search *search;    /* NULL: only those that come with the program */
	const struct record_table *processors; /* that chains may name; NULL: none */
	struct faults *faults;		       /* of the file that names the preset */
	struct key_list *used;		       /* of struct preset_file, added to; NULL: not wanted */
};

/* Where a preset is named, for messages: the key, and its place in the file. */
struct preset_place {
	const char *key;
	int line, column;
};

struct preset_tree {
	const struct yaml_node *root; /* what the table of the kind describes */
	char *path;		      /* of the file that was named */
	struct yaml_file *files;
	size_t file_count;
	struct yaml_file made; /* the nodes that came of merging */
};

/* 0, or -EINVAL with what is wrong in request->faults: at `place` where there is no such preset, else in
 * faults of the preset's own file. On failure nothing is left to finish. */
int preset_tree_open(struct preset_tree *tree, const struct preset_request *request, enum preset_kind kind,
	const char *name, const struct preset_place *place) MUST_CHECK;

/* The same for one file, however it was come by. */
int preset_tree_open_source(struct preset_tree *tree, const struct preset_request *request,
	const struct preset_source *source) MUST_CHECK;
void preset_tree_finish(struct preset_tree *tree); /* a zeroed value is fine */

/* `over` upon `base`, both mappings: a key that `over` has replaces that of `base`, `KEY+` is appended to it,
 * and of the lists whose items have names (`roles`, `buses`) each item goes upon the one of its name. The new
 * nodes belong to `made`, the others are shared. */
const struct yaml_node *preset_merge(
	struct yaml_file *made, const struct yaml_node *over, const struct yaml_node *base);

#endif

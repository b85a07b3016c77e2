/* A YAML file as a tree that remembers where everything stood. Hostile files are bounded: 4 MiB, 64 levels,
 * 200,000 nodes with every alias counted as what it stands for. Merge keys (<<), tags, several documents and
 * keys that are not plain text are refused, each where it stands. Any thread; reads the disk. */
#ifndef WOODSHED_CONFIG_YAML_H
#define WOODSHED_CONFIG_YAML_H

#include "common/error.h"
#include "config/faults.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_MOST_BYTES (4u << 20)
#define YAML_MOST_DEPTH 64
#define YAML_MOST_NODES 200000
#define YAML_MOST_ANCHORS 1000

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;		  /* of a text: not in quotes */
	int line, column;	  /* from 1; the column counts characters */
	char *text;		  /* UTF-8 without control characters but tab and newline */
	struct yaml_node **items; /* of a list; shared where an alias repeats a node */
	struct yaml_pair *pairs;  /* of a map, in the order of the file */
	size_t count;		  /* of items or pairs */
	size_t nodes;		  /* in all, itself and aliases included */
	int height;		  /* levels below it */
	bool open;		  /* still being read */
};

struct yaml_pair {
	char *key;
	int line, column; /* of the key */
	bool refused;	  /* already a fault (a second one of its name, a merge key): not to be looked at */
	struct yaml_node *value;
};

struct yaml_file {
	struct yaml_node *root;	  /* a map without pairs for an empty file */
	struct yaml_node **nodes; /* every one once, for freeing */
	size_t count;
};

/* Reads the file, or `size` bytes of text. 0 when there is a tree to look at, though there may be faults in
 * it already (duplicate keys); faults_result when not. `faults` is given the text, for showing lines of
 * it. */
int yaml_load(struct yaml_file *file, const char *path, struct faults *faults) MUST_CHECK;
int yaml_parse(struct yaml_file *file, const char *text, size_t size, struct faults *faults) MUST_CHECK;

/* Adds what file_read's `result` says of a configuration file. */
void yaml_unreadable(struct faults *faults, int result);

void yaml_finish(struct yaml_file *file); /* a zeroed value is fine */

/* True for a key with nothing behind it, ~ and null. */
bool yaml_is_null(const struct yaml_node *node);

/* The pair or value of `key`; NULL where there is none, and where `map` is NULL or no map. */
const struct yaml_pair *yaml_pair_of(const struct yaml_node *map, const char *key);
const struct yaml_node *yaml_value_of(const struct yaml_node *map, const char *key);

/* Item `index` of a list; NULL where there is none, and where `list` is NULL or no list. */
const struct yaml_node *yaml_item(const struct yaml_node *list, size_t index);

#endif

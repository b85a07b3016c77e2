/* From a YAML tree to C structs by their tables of keys (common/key.h), with every fault of the file in one
 * go: `KEY: what is wrong; what is allowed`, at the very value. Any thread; no files. */
#ifndef WOODSHED_CONFIG_SCHEMA_H
#define WOODSHED_CONFIG_SCHEMA_H

#include "common/key.h"
#include "config/faults.h"
#include "config/yaml.h"

/* Fills the zeroed struct `into` as `record` says: what `node` gives, else the defaults (all of them where it
 * is NULL). `processors` are those that chains may name; NULL: none. Whatever is wrong goes to `faults`;
 * `into` can be read then too (NULL and 0 where nothing could be loaded) and is schema_finish's to free. */
void schema_load(const struct record *record, void *into, const struct yaml_node *node,
	const struct record_table *processors, struct faults *faults);

/* What every insert of a chain may say beside its processor's settings: `bypass`. */
extern const struct record schema_insert;

/* Frees what the struct owns, not the struct itself. A zeroed struct is fine. */
void schema_finish(const struct record *record, void *loaded);

/* The same for a list of struct key_insert alone. */
void schema_finish_chain(struct key_list *chain);

/* Moves the inserts of `from` to the end of `chain`; `from` is left empty. */
void schema_append_chain(struct key_list *chain, struct key_list *from);

/* The record of that name; NULL if the table has none. NULL for `table` is an empty one. */
const struct record *schema_find_record(const struct record_table *table, const char *name);

/* The key of that name; NULL if the record has none. */
const struct key *schema_find_key(const struct record *record, const char *name);

/* True when two structs of the record hold the same (where in a file it stood does not count), or only the
 * members of the key of that name. */
bool schema_same(const struct record *record, const void *a, const void *b);
bool schema_same_key(const struct record *record, const char *name, const void *a, const void *b);

/* What a key is where it is left out, as one would write it; "" where that is nothing. Returns `out`. */
char *schema_default(const struct key *key, char *out, size_t size);

/* What may be written for a key, for messages and help: "1:1 to 100:1", "own or shared"; returns `out`. */
char *schema_allowed(const struct key *key, char *out, size_t size);

#endif

#include "config/schema.h"

#include "common/memory.h"
#include "config/suggest.h"
#include "config/value.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef void (*load_fn)(
	struct loader *loader, const struct key *key, void *member, const struct yaml_node *node);

/* A mapping fills one struct, or two: a processor's settings and what every insert has. */
struct target {
	const struct record *record;
	void *into;
};

static const struct key insert_keys[] = {
	{"bypass", KEY_FLAG, offsetof(struct key_insert, bypass),
		.help = "Leave the processor out of the chain."},
};

const struct record schema_insert = {
	"insert", "A processor in a chain.", sizeof(struct key_insert), insert_keys, KEY_COUNT(insert_keys)};

static void load_key(struct loader *l, const struct key *key, void *member, const struct yaml_node *node);
static void load_targets(
	struct loader *l, const struct target *targets, size_t count, const struct yaml_node *node);

static void *member_of(const struct key *key, void *into)
{
	return (char *)into + key->offset;
}

const struct record *schema_find_record(const struct record_table *table, const char *name)
{
	for (size_t i = 0; table && i < table->count; i++)
		if (strcmp(table->records[i]->name, name) == 0)
			return table->records[i];
	return NULL;
}

const struct key *schema_find_key(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->key_count; i++)
		if (strcmp(record->keys[i].name, name) == 0)
			return &record->keys[i];
	return NULL;
}

static void load_default(struct loader *l, const struct key *key, void *member)
{
	if (key->type == KEY_LATER)
		return;
	if (key->type == KEY_RECORD) {
		load_targets(l, &(struct target){key->record, member}, 1, NULL);
	} else if (key->fallback && key->fallback[0] == '\0' && key->type == KEY_CHOICE) {
		*(int *)member = -1;
	} else if (key->fallback && key->fallback[0] == '\0') {
		*(double *)member = (double)NAN;
	} else if (key->fallback) {
		/* By the same parser as the file's values; the node is only read. */
		struct yaml_node node = {.kind = YAML_TEXT, .plain = true, .text = (char *)key->fallback};
		load_key(l, key, member, &node);
	}
}

static void unknown_key(
	struct loader *l, const struct target *targets, size_t count, const struct yaml_pair *pair)
{
	struct suggestion suggestion = {.word = pair->key};
	bool shown = l->faults->count < FAULTS_MOST; /* else not worth the time */
	for (size_t i = 0; shown && i < count; i++)
		for (size_t k = 0; k < targets[i].record->key_count; k++)
			if (targets[i].record->keys[k].type != KEY_LATER)
				suggestion_offer(&suggestion, targets[i].record->keys[k].name);
	char mean[SUGGESTION_SIZE];
	size_t before = loader_enter(l, pair->key);
	loader_fault_at(l, pair->line, pair->column, "unknown key; %s", suggestion_text(&suggestion, mean));
	loader_leave(l, before);
}

static void check_unknown(
	struct loader *l, const struct target *targets, size_t count, const struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		bool known = node->pairs[i].refused;
		for (size_t t = 0; t < count && !known; t++)
			known = schema_find_key(targets[t].record, node->pairs[i].key) != NULL;
		if (!known)
			unknown_key(l, targets, count, &node->pairs[i]);
	}
}

static void load_pair(struct loader *l, const struct key *key, void *member, const struct yaml_pair *pair)
{
	if (key->type == KEY_LATER)
		loader_warn(l, pair->line, pair->column, "not in this version yet; it changes nothing");
	else
		load_key(l, key, member, pair->value);
	if (key->unused)
		loader_warn(
			l, pair->line, pair->column, "nothing in this version uses it yet; it is checked");
}

static void load_target(struct loader *l, const struct target *target, const struct yaml_node *node)
{
	for (size_t i = 0; i < target->record->key_count; i++) {
		const struct key *key = &target->record->keys[i];
		const struct yaml_pair *pair = yaml_pair_of(node, key->name);
		size_t before = loader_enter(l, key->name);
		if (pair)
			load_pair(l, key, member_of(key, target->into), pair);
		else if (key->required && node)
			loader_fault(l, node, "missing; %s", key->help);
		else
			load_default(l, key, member_of(key, target->into));
		loader_leave(l, before);
	}
}

/* What is wrong with `node` says what would be right: the keys. */
static void no_mapping(
	struct loader *l, const struct target *targets, size_t count, const struct yaml_node *node)
{
	struct suggestion keys = {.word = ""};
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < targets[i].record->key_count; k++)
			if (targets[i].record->keys[k].type != KEY_LATER)
				suggestion_offer(&keys, targets[i].record->keys[k].name);
	loader_fault(l, node, "not a mapping; KEY: VALUE, where KEY is one of %s", keys.allowed);
}

/* `node` is a mapping, nothing behind a colon (which is all defaults), or NULL. */
static void load_targets(
	struct loader *l, const struct target *targets, size_t count, const struct yaml_node *node)
{
	if (node && node->kind != YAML_MAP && !yaml_is_null(node)) {
		no_mapping(l, targets, count, node);
		node = NULL;
	}
	if (node && node->kind == YAML_MAP)
		check_unknown(l, targets, count, node);
	for (size_t i = 0; i < count; i++)
		load_target(l, &targets[i], node);
}

static void load_record(struct loader *l, const struct key *key, void *member, const struct yaml_node *node)
{
	load_targets(l, &(struct target){key->record, member}, 1, node);
}

/* Makes room for the items of a list; false where `node` is none. Nothing behind the colon is an empty one.
 */
static bool start_list(struct loader *l, const struct key *key, const struct yaml_node *node,
	struct key_list *list, size_t size)
{
	if (node->kind != YAML_LIST && !yaml_is_null(node)) {
		loader_fault(l, node, "not a list; a list, each item after a dash");
		return false;
	}
	size_t count = node->kind == YAML_LIST ? node->count : 0;
	if (key->most > 0 && (double)count > key->most) {
		loader_fault(l, node, "%zu items; %.0f at most", count, key->most);
		return false;
	}
	*list = (struct key_list){memory_array(count, size), count};
	return true;
}

static void load_records(struct loader *l, const struct key *key, void *member, const struct yaml_node *node)
{
	struct key_list *list = member;
	if (!start_list(l, key, node, list, key->record->size))
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct target target = {key->record, (char *)list->items + i * key->record->size};
		size_t before = loader_enter_item(l, i);
		load_targets(l, &target, 1, node->items[i]);
		loader_leave(l, before);
	}
}

/* Loads one item under its name, which stands before the colon. A single value is the second member's. */
static void load_named(
	struct loader *l, const struct record *record, void *into, const struct yaml_pair *pair)
{
	const struct record rest = {
		record->name, record->help, record->size, record->keys + 1, record->key_count - 1};
	struct yaml_pair single = {.key = (char *)rest.keys[0].name,
		.line = pair->line,
		.column = pair->column,
		.value = pair->value};
	struct yaml_node map = {.kind = YAML_MAP,
		.line = pair->value->line,
		.column = pair->value->column,
		.pairs = &single,
		.count = 1};
	*(char **)member_of(&record->keys[0], into) = memory_text(pair->key);
	load_targets(l, &(struct target){&rest, into}, 1, pair->value->kind == YAML_MAP ? pair->value : &map);
}

static void load_map(struct loader *l, const struct key *key, void *member, const struct yaml_node *node)
{
	struct key_list *list = member;
	if (node->kind != YAML_MAP && !yaml_is_null(node)) {
		loader_fault(l, node, "not a mapping; names, each with its value");
		return;
	}
	size_t count = node->kind == YAML_MAP ? node->count : 0;
	if (key->most > 0 && (double)count > key->most) {
		loader_fault(l, node, "%zu items; %.0f at most", count, key->most);
		return;
	}
	*list = (struct key_list){.items = memory_array(count, key->record->size)};
	for (size_t i = 0; i < count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		if (pair->refused)
			continue;
		size_t before = loader_enter(l, pair->key);
		load_named(l, key->record, (char *)list->items + list->count++ * key->record->size, pair);
		loader_leave(l, before);
	}
}

static void unknown_processor(struct loader *l, const struct yaml_node *at, const char *name)
{
	struct suggestion suggestion = {.word = name};
	for (size_t i = 0; l->processors && i < l->processors->count; i++)
		suggestion_offer(&suggestion, l->processors->records[i]->name);
	const char *const *later = l->processors ? l->processors->later : NULL;
	char mean[SUGGESTION_SIZE];
	if (value_is_later(later, name))
		loader_warn(l, at->line, at->column, "%s is not in this version yet and left out", name);
	else
		loader_fault(
			l, at, "\"%.40s\" is no processor; %s", name, suggestion_text(&suggestion, mean));
}

/* `at` is where the name stands; `settings` a mapping, or empty. */
static void load_insert(struct loader *l, struct key_insert *insert, const char *name,
	const struct yaml_node *at, const struct yaml_node *settings)
{
	insert->type = schema_find_record(l->processors, name);
	if (!insert->type) {
		unknown_processor(l, at, name);
		return;
	}
	insert->line = at->line;
	insert->column = at->column;
	insert->settings = memory_new(insert->type->size);
	struct target targets[] = {{insert->type, insert->settings}, {&schema_insert, insert}};
	size_t before = loader_enter(l, name);
	load_targets(l, targets, 2, settings);
	loader_leave(l, before);
}

static void load_chain_item(struct loader *l, struct key_insert *insert, const struct yaml_node *node)
{
	if (node->kind == YAML_TEXT && !yaml_is_null(node)) {
		struct yaml_node none = {.kind = YAML_MAP, .line = node->line, .column = node->column};
		load_insert(l, insert, node->text, node, &none);
	} else if (node->kind == YAML_MAP && node->count == 1) {
		const struct yaml_pair *pair = &node->pairs[0];
		struct yaml_node at = {.line = pair->line, .column = pair->column};
		if (!pair->refused)
			load_insert(l, insert, pair->key, &at, pair->value);
	} else {
		loader_fault(
			l, node, "not one processor; PROCESSOR: {settings}, each after a dash of its own");
	}
}

static void load_chain(struct loader *l, const struct key *key, void *member, const struct yaml_node *node)
{
	struct key_list *list = member;
	if (!start_list(l, key, node, list, sizeof(struct key_insert)))
		return;
	struct key_insert *inserts = list->items;
	size_t count = list->count;
	list->count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t before = loader_enter_item(l, i);
		load_chain_item(l, &inserts[list->count], node->items[i]);
		list->count += inserts[list->count].type != NULL;
		loader_leave(l, before);
	}
}

static const load_fn load_fns[] = {
	[KEY_NUMBER] = value_number,
	[KEY_INTEGER] = value_integer,
	[KEY_FLAG] = value_flag,
	[KEY_CHOICE] = value_choice,
	[KEY_TEXT] = value_text,
	[KEY_NAME] = value_name,
	[KEY_RECORD] = load_record,
	[KEY_RECORDS] = load_records,
	[KEY_MAP] = load_map,
	[KEY_TEXTS] = value_texts,
	[KEY_CHOICES] = value_choices,
	[KEY_LEVELS] = value_levels,
	[KEY_CHAIN] = load_chain,
};

static void load_key(struct loader *l, const struct key *key, void *member, const struct yaml_node *node)
{
	load_fns[key->type](l, key, member, node);
}

void schema_load(const struct record *record, void *into, const struct yaml_node *node,
	const struct record_table *processors, struct faults *faults)
{
	struct loader loader = {.faults = faults, .processors = processors};
	load_targets(&loader, &(struct target){record, into}, 1, node);
	assert(loader.length == 0);
}

#include "config/preset_tree.h"

#include "common/memory.h"
#include "config/preset.h"
#include "config/schema.h"
#include "config/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files that are open at the moment, each extending the next. */
struct opening {
	const struct preset_request *request;
	struct preset_tree *tree;
	const struct preset_source *stack[PRESET_MOST_EXTENDS];
	size_t depth;
};

static const struct yaml_node *open_source(struct opening *o, const struct preset_source *source);

static void unknown_preset(const struct preset_request *request, enum preset_kind kind, const char *name,
	const struct preset_place *place, struct faults *faults)
{
	struct key_list names;
	preset_names(request->search, kind, &names);
	const struct preset_name *list = names.items;
	struct suggestion suggestion = {.word = name};
	for (size_t i = 0; i < names.count; i++)
		suggestion_offer(&suggestion, list[i].name);
	char mean[SUGGESTION_SIZE];
	faults_add(faults, place->line, place->column, "%s: \"%.40s\" is no %s; %s", place->key, name,
		preset_kind_noun(kind), suggestion_text(&suggestion, mean));
	preset_names_finish(&names);
}

static bool is_open(const struct opening *o, const struct preset_source *source)
{
	for (size_t i = 0; i < o->depth; i++)
		if (o->stack[i]->folder == source->folder && strcmp(o->stack[i]->name, source->name) == 0)
			return true;
	return false;
}

static void unreadable(const struct opening *o, const struct preset_source *source, int result)
{
	struct faults own;
	faults_init(&own, source->path);
	yaml_unreadable(&own, result);
	faults_join(o->request->faults, &own);
}

/* NULL and a fault when there is no such preset, or none that can be used. `faults` are of the file that
 * names it. */
static const struct yaml_node *open_named(struct opening *o, enum preset_kind kind, const char *name,
	int from, const struct preset_place *place, struct faults *faults)
{
	struct preset_source source;
	const struct yaml_node *root = NULL;
	int result = preset_find(o->request->search, kind, name, from, &source);
	if (result == -ENOENT && from > 0)
		faults_add(faults, place->line, place->column, "%s: there is no other %s; another preset",
			place->key, name);
	else if (result == -ENOENT)
		unknown_preset(o->request, kind, name, place, faults);
	else if (result < 0)
		unreadable(o, &source, result);
	else if (is_open(o, &source))
		faults_add(faults, place->line, place->column, "%s: %s extends this file; no circles",
			place->key, name);
	else if (o->depth == PRESET_MOST_EXTENDS)
		faults_add(faults, place->line, place->column, "%s: too many presets after one another; %d",
			place->key, PRESET_MOST_EXTENDS);
	else
		root = open_source(o, &source);
	preset_source_finish(&source);
	return root;
}

/* A preset that extends its own name means the next one that is found under it. */
static const struct yaml_node *open_extended(struct opening *o, const struct preset_source *source,
	const struct yaml_node *extends, struct faults *faults)
{
	struct preset_place place = {"extends", extends->line, extends->column};
	bool same = strcmp(extends->text, source->name) == 0;
	return open_named(o, source->kind, extends->text, same ? source->folder + 1 : 0, &place, faults);
}

static const struct yaml_node *name_of_strip(const struct yaml_node *roles, size_t index)
{
	const struct yaml_node *name = yaml_value_of(roles->items[index], "role");
	return name && name->kind == YAML_TEXT && !yaml_is_null(name) ? name : NULL;
}

/* A strip is looked up by its role: a second one would be lost, and so would one of a role that nobody has.
 */
static void check_role(const struct opening *o, const struct key_list *known, const struct yaml_node *roles,
	size_t index, struct faults *faults)
{
	const struct yaml_node *name = name_of_strip(roles, index);
	if (!name)
		return;
	const struct preset_name *names = known->items;
	bool there = false;
	for (size_t i = 0; i < known->count && !there; i++)
		there = strcmp(names[i].name, name->text) == 0;
	char key[64];
	snprintf(key, sizeof(key), "roles[%zu].role", index);
	struct preset_place place = {key, name->line, name->column};
	if (!there)
		unknown_preset(o->request, PRESET_ROLES, name->text, &place, faults);
	for (size_t i = 0; i < index; i++) {
		const struct yaml_node *other = name_of_strip(roles, i);
		if (!other || strcmp(other->text, name->text) != 0)
			continue;
		faults_add(faults, name->line, name->column,
			"roles[%zu].role: \"%.40s\" is given twice; once, and line %d has it already", index,
			name->text, other->line);
		return;
	}
}

static void check_roles(const struct opening *o, const struct yaml_node *root, struct faults *faults)
{
	const struct yaml_node *roles = yaml_value_of(root, "roles");
	if (!roles || roles->kind != YAML_LIST || roles->count > PRESET_MOST_ROLES)
		return;
	struct key_list names;
	preset_names(o->request->search, PRESET_ROLES, &names);
	for (size_t i = 0; i < roles->count; i++)
		check_role(o, &names, roles, i, faults);
	preset_names_finish(&names);
}

/* By the table of its kind; what is loaded is not kept. */
static void check_keys(
	const struct opening *o, enum preset_kind kind, const struct yaml_node *root, struct faults *faults)
{
	const struct record *record = preset_record(kind);
	void *loaded = memory_new(record->size);
	schema_load(record, loaded, root, o->request->processors, faults);
	schema_finish(record, loaded);
	free(loaded);
	check_roles(o, root, faults);
}

/* The tree of one file upon what it extends; NULL when there is anything wrong with either. */
static const struct yaml_node *build(struct opening *o, const struct preset_source *source,
	const struct yaml_node *root, struct faults *faults)
{
	check_keys(o, source->kind, root, faults);
	const struct yaml_node *extends = yaml_value_of(root, "extends"), *base = NULL;
	bool alone = !extends || extends->kind != YAML_TEXT || yaml_is_null(extends);
	if (!alone)
		base = open_extended(o, source, extends, faults);
	if (faults->errors > 0 || (!alone && !base))
		return NULL;
	return base ? preset_merge(&o->tree->made, root, base) : root;
}

static const struct yaml_node *open_source(struct opening *o, const struct preset_source *source)
{
	struct faults faults;
	struct yaml_file file = {0};
	struct preset_tree *tree = o->tree;
	const struct yaml_node *root = NULL;
	if (!tree->path)
		tree->path = memory_text(source->path);
	faults_init(&faults, source->path);
	faults.source = memory_text(source->text);
	if (o->request->used)
		preset_files_add(o->request->used, source);
	if (yaml_parse(&file, source->text, source->size, &faults) == 0) {
		o->stack[o->depth++] = source;
		root = build(o, source, file.root, &faults);
		o->depth--;
	}
	faults_join(o->request->faults, &faults);
	tree->files = memory_grow(tree->files, tree->file_count + 1, sizeof(*tree->files));
	tree->files[tree->file_count++] = file;
	return root;
}

static int opened(struct preset_tree *tree)
{
	if (tree->root)
		return 0;
	preset_tree_finish(tree);
	return -EINVAL;
}

int preset_tree_open(struct preset_tree *tree, const struct preset_request *request, enum preset_kind kind,
	const char *name, const struct preset_place *place)
{
	struct opening opening = {.request = request, .tree = tree};
	*tree = (struct preset_tree){0};
	tree->root = open_named(&opening, kind, name, 0, place, request->faults);
	return opened(tree);
}

int preset_tree_open_source(
	struct preset_tree *tree, const struct preset_request *request, const struct preset_source *source)
{
	struct opening opening = {.request = request, .tree = tree};
	*tree = (struct preset_tree){0};
	tree->root = open_source(&opening, source);
	return opened(tree);
}

void preset_tree_finish(struct preset_tree *tree)
{
	for (size_t i = 0; i < tree->file_count; i++)
		yaml_finish(&tree->files[i]);
	yaml_finish(&tree->made);
	free(tree->files);
	free(tree->path);
	*tree = (struct preset_tree){0};
}

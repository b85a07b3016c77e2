#include "appliance/subcommand.h"

#include "appliance/processors.h"
#include "common/memory.h"
#include "config/preset.h"
#include "config/suggest.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One preset of the list, opened with all that it extends. */
struct entry {
	struct preset_source source;
	char *help;    /* NULL: none */
	char *fault;   /* why it cannot be used; NULL: it can */
	char *extends; /* NULL: nothing */
};

static char *extends_of(const struct preset_tree *tree)
{
	const struct yaml_node *node = yaml_value_of(tree->root, "extends");
	return node && node->kind == YAML_TEXT && !yaml_is_null(node) ? memory_text(node->text) : NULL;
}

static void open_entry(
	struct entry *entry, const struct preset_search *search, enum preset_kind kind, const char *name)
{
	struct faults faults;
	struct preset_tree tree;
	*entry = (struct entry){0};
	faults_init(&faults, name);
	struct preset_request request = {search, processors_records(), &faults, NULL};
	int result = preset_find(search, kind, name, 0, &entry->source);
	if (result < 0) {
		entry->fault = memory_format("cannot be read: %s", strerror(-result));
	} else if (preset_tree_open_source(&tree, &request, &entry->source) < 0) {
		struct error e = {0};
		faults_first(&faults, &e);
		entry->fault = memory_text(e.text);
	} else {
		const char *help = preset_help(&tree);
		entry->help = help ? memory_text(help) : NULL;
		entry->extends = extends_of(&tree);
		preset_tree_finish(&tree);
	}
	faults_finish(&faults);
}

static void finish_entry(struct entry *entry)
{
	preset_source_finish(&entry->source);
	free(entry->help);
	free(entry->fault);
	free(entry->extends);
}

static const char *from(const struct entry *entry)
{
	return entry->source.folder == PRESET_SHIPPED ? "shipped" : entry->source.path;
}

static void print_line(const struct entry *entry)
{
	char full[80];
	snprintf(full, sizeof(full), "%s/%s", preset_kind_name(entry->source.kind), entry->source.name);
	if (entry->fault)
		printf("%-22s cannot be used: %s [%s]\n", full, entry->fault, from(entry));
	else
		printf("%-22s %s [%s]\n", full, entry->help ? entry->help : "", from(entry));
}

static json_t *to_json(const struct entry *entry)
{
	return json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?}", "kind", preset_kind_name(entry->source.kind),
		"name", entry->source.name, "help", entry->help, "from", from(entry), "extends",
		entry->extends, "error", entry->fault);
}

static void print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

static void list_all(const struct preset_search *search, bool json)
{
	json_t *list = json_array();
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++) {
		struct key_list names;
		preset_names(search, kind, &names);
		const struct preset_name *items = names.items;
		for (size_t i = 0; i < names.count; i++) {
			struct entry entry;
			open_entry(&entry, search, kind, items[i].name);
			if (json)
				json_array_append_new(list, to_json(&entry));
			else
				print_line(&entry);
			finish_entry(&entry);
		}
		preset_names_finish(&names);
	}
	if (json)
		print_json(list);
	else
		json_decref(list);
}

/* ---- one of them ---- */

/* Prints the file that wins, as it is. */
static int print_one(const struct preset_search *search, enum preset_kind kind, const char *name, bool json)
{
	struct entry entry;
	open_entry(&entry, search, kind, name);
	const struct preset_source *source = &entry.source;
	int status = EXIT_DONE;
	if (!source->text) {
		struct error e;
		error_set(&e, EIO, "%s: %s", source->path, entry.fault);
		status = subcommand_failed(&e);
	} else if (json) {
		json_t *object = to_json(&entry);
		json_object_set_new(object, "text", json_stringn(source->text, source->size));
		print_json(object);
	} else {
		printf("# %s/%s [%s]\n", preset_kind_name(kind), name, from(&entry));
		fwrite(source->text, 1, source->size, stdout);
	}
	finish_entry(&entry);
	return status;
}

static bool has(const struct key_list *names, const char *name)
{
	const struct preset_name *items = names->items;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(items[i].name, name) == 0)
			return true;
	return false;
}

/* Of "mix/none" the kind; without one, every kind is looked in. */
static bool may_be(enum preset_kind kind, const char *word, const char **name)
{
	const char *slash = strchr(word, '/'), *of_kind = preset_kind_name(kind);
	*name = slash ? slash + 1 : word;
	return !slash || (strlen(of_kind) == (size_t)(slash - word) &&
				 strncmp(of_kind, word, (size_t)(slash - word)) == 0);
}

static int not_found(const struct preset_search *search, const char *word)
{
	struct suggestion suggestion = {.word = word};
	struct key_list names[PRESET_KINDS];
	struct error e;
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++) {
		const char *name;
		preset_names(search, kind, &names[kind]);
		const struct preset_name *items = names[kind].items;
		if (may_be(kind, word, &name))
			suggestion.word = name;
		for (size_t i = 0; may_be(kind, word, &name) && i < names[kind].count; i++)
			suggestion_offer(&suggestion, items[i].name);
	}
	if (suggestion.best)
		error_set(&e, ENOENT, "there is no preset %s; did you mean %s? woodshed presets lists them",
			word, suggestion.best);
	else
		error_set(&e, ENOENT, "there is no preset %s; woodshed presets lists them", word);
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++)
		preset_names_finish(&names[kind]);
	return subcommand_failed(&e);
}

static int find_one(
	const struct subcommand *command, const struct preset_search *search, const char *word, bool json)
{
	char kinds[PRESET_KINDS * 80] = "";
	const char *name, *found_name = NULL;
	enum preset_kind found = PRESET_KINDS;
	size_t count = 0;
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++) {
		struct key_list names;
		preset_names(search, kind, &names);
		if (may_be(kind, word, &name) && has(&names, name)) {
			size_t used = strlen(kinds);
			snprintf(kinds + used, sizeof(kinds) - used, "%s%s/%s", count++ ? ", " : "",
				preset_kind_name(kind), name);
			found = kind;
			found_name = name;
		}
		preset_names_finish(&names);
	}
	if (count > 1)
		return subcommand_misused(
			command, "%s is the name of %zu presets; one of %s", word, count, kinds);
	return count == 1 ? print_one(search, found, found_name, json) : not_found(search, word);
}

/* Those beside the session that is asked for, else beside the appliance's. */
static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct appliance appliance;
	const char *config;
	int status = subcommand_load_appliance(command, arguments, &appliance, &config);
	if (status != EXIT_DONE)
		return status;
	const char *session = subcommand_option(command, arguments, "session");
	bool json = subcommand_option(command, arguments, "json") != NULL;
	struct preset_search search;
	preset_search_init(&search, session ? session : appliance.session);
	if (arguments->word_count > 0)
		status = find_one(command, &search, arguments->words[0], json);
	else
		list_all(&search, json);
	preset_search_finish(&search);
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_presets = {
	.name = "presets",
	.synopsis = "[NAME]",
	.most_words = 1,
	.help = "list the presets that a session may name and where they are, or print one (NAME or "
		"KIND/NAME)",
	.options =
		{
			{"session", "FILE",
				"also those that lie beside this session (default the appliance's)"},
			{"json", NULL, "print JSON"},
			SUBCOMMAND_CONFIG_OPTION,
		},
	.run = run,
};

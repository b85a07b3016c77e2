#include "config/edit_preset.h"

#include "config/schema.h"

#include <errno.h>
#include <string.h>

enum { CHAIN_MOST = 32 };

struct edit_strip {
	char *role;
	struct key_list chain, chain_added;
};

#define STRIP(member) offsetof(struct edit_strip, member)
static const struct key strip_keys[] = {
	{"role", KEY_NAME, STRIP(role), .required = true, .help = "The role it is for."},
	{"chain", KEY_CHAIN, STRIP(chain), .most = CHAIN_MOST,
		.help = "The processors for it, instead of those for all."},
	{"chain+", KEY_CHAIN, STRIP(chain_added), .most = CHAIN_MOST,
		.help = "Processors for it, after those for all."},
};

static const struct record strip_record = {"strip", "What differs for the tracks of a role.",
	sizeof(struct edit_strip), strip_keys, KEY_COUNT(strip_keys)};

struct edit_file {
	char *help, *extends;
	struct key_list chain, chain_added, roles;
	int align, trim; /* from 0: none */
	double lead_in_s, lead_out_s, fade_in_s, fade_out_s;
};

static const char *const aligns[] = {"none", "sources", NULL};
static const char *const trims[] = {"none", "songs", NULL};

#define EDIT(member) offsetof(struct edit_file, member)
static const struct key file_keys[] = {
	{"help", KEY_TEXT, EDIT(help), .most = 200, .help = "What it is for, in one line."},
	{"extends", KEY_TEXT, EDIT(extends), .most = 64,
		.help = "A preset of the same kind that this one changes."},
	{"chain", KEY_CHAIN, EDIT(chain), .most = CHAIN_MOST, .help = "What every track goes through."},
	{"chain+", KEY_CHAIN, EDIT(chain_added), .most = CHAIN_MOST,
		.help = "Processors after those that every track would go through."},
	{"roles", KEY_RECORDS, EDIT(roles), .most = PRESET_MOST_ROLES, .record = &strip_record,
		.help = "What differs for the tracks of a role."},
	EDIT_KEYS(struct edit_file, aligns, trims, "2 s", "4 s", "0 s"),
};

const struct record edit_preset_record = {"edit preset", "What makes a performance clean.",
	sizeof(struct edit_file), file_keys, KEY_COUNT(file_keys)};

/* A strip upon what every track goes through: of that, the chain is all that matters. */
static const struct record chain_record = {"strip", "What a role's tracks go through.",
	sizeof(struct edit_strip), strip_keys + 1, KEY_COUNT(strip_keys) - 1};

/* What does not fit together once files have been merged is told as the preset's own fault. */
static int load(const struct record *record, void *into, const struct yaml_node *root,
	const struct edit_preset *preset)
{
	struct faults faults;
	faults_init(&faults, preset->tree.path);
	schema_load(record, into, root, preset->request.processors, &faults);
	int result = faults.errors > 0 ? -EINVAL : 0;
	if (result < 0)
		schema_finish(record, into);
	faults_join(preset->request.faults, &faults);
	return result;
}

int edit_preset_open(struct edit_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place)
{
	struct edit_file file = {0};
	*preset = (struct edit_preset){.request = *request};
	int result = preset_tree_open(&preset->tree, request, PRESET_EDIT, name, place);
	if (result < 0)
		return result;
	result = load(&edit_preset_record, &file, preset->tree.root, preset);
	if (result < 0) {
		preset_tree_finish(&preset->tree);
		return result;
	}
	preset->align = EDIT_ALIGN_NONE + file.align;
	preset->trim = EDIT_TRIM_NONE + file.trim;
	preset->lead_in_s = file.lead_in_s;
	preset->lead_out_s = file.lead_out_s;
	preset->fade_in_s = file.fade_in_s;
	preset->fade_out_s = file.fade_out_s;
	schema_finish(&edit_preset_record, &file);
	return 0;
}

void edit_preset_finish(struct edit_preset *preset)
{
	preset_tree_finish(&preset->tree);
	*preset = (struct edit_preset){0};
}

static const struct yaml_node *find_strip(const struct edit_preset *preset, const char *role)
{
	const struct yaml_node *roles = yaml_value_of(preset->tree.root, "roles"), *node;
	for (size_t i = 0; role && (node = yaml_item(roles, i)) != NULL; i++)
		if (strcmp(yaml_value_of(node, "role")->text, role) ==
			0) /* the table says that it is there */
			return node;
	return NULL;
}

/* The pairs of `map` that make a chain, as a map in the caller's room. */
static void pick_chain(
	const struct yaml_node *map, struct yaml_node *picked, struct yaml_pair pairs[static 2])
{
	static const char *const names[] = {"chain", "chain+"};
	*picked = (struct yaml_node){.kind = YAML_MAP, .line = 1, .column = 1, .pairs = pairs};
	for (size_t i = 0; i < KEY_COUNT(names); i++) {
		const struct yaml_pair *pair = yaml_pair_of(map, names[i]);
		if (pair)
			pairs[picked->count++] = *pair;
	}
}

int edit_preset_chain(const struct edit_preset *preset, const char *role, struct key_list *chain)
{
	struct edit_strip strip = {0};
	struct yaml_file made = {0};
	struct yaml_pair pairs[4];
	struct yaml_node all, own;
	pick_chain(preset->tree.root, &all, pairs);
	pick_chain(find_strip(preset, role), &own, pairs + 2);
	int result = load(&chain_record, &strip, preset_merge(&made, &own, &all), preset);
	yaml_finish(&made);
	*chain = (struct key_list){0};
	if (result < 0)
		return result;
	schema_append_chain(&strip.chain, &strip.chain_added);
	*chain = strip.chain;
	return 0;
}

void edit_preset_add_align(
	struct key_list *chain, const struct record_table *processors, const char *to, struct faults *faults)
{
	struct yaml_node name = {.kind = YAML_TEXT, .text = (char *)to};
	struct yaml_pair settings_pair = {.key = "to", .value = &name};
	struct yaml_node settings = {.kind = YAML_MAP, .pairs = &settings_pair, .count = 1};
	struct yaml_pair align_pair = {.key = "align", .value = &settings};
	struct yaml_node align = {.kind = YAML_MAP, .pairs = &align_pair, .count = 1}, *item = &align;
	struct yaml_node list = {.kind = YAML_LIST, .items = &item, .count = 1};
	struct yaml_pair chain_pair = {.key = "chain", .value = &list};
	struct yaml_node root = {.kind = YAML_MAP, .pairs = &chain_pair, .count = 1};
	struct edit_strip strip = {0};
	schema_load(&chain_record, &strip, &root, processors, faults);
	schema_append_chain(&strip.chain, chain);
	*chain = strip.chain;
}

#include "config/preset.h"

#include "common/memory.h"
#include "config/edit_preset.h"
#include "config/routing.h"
#include "config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MOST = 32, CURVES_MOST = 64 };

/* ---- the tables: one a kind ---- */

#define HELP_KEYS(type) \
	{"help", KEY_TEXT, offsetof(type, help), .most = 200, .help = "What it is for, in one line."}, \
	{ \
		"extends", KEY_TEXT, offsetof(type, extends), \
			.most = 64, .help = "A preset of the same kind that this one changes." \
	}

#define STRIP(member) offsetof(struct role_strip, member)
#define STRIP_KEYS \
	{"gain", KEY_NUMBER, STRIP(gain_db), .unit = UNIT_DB, .least = -120, .most = 24, .fallback = "0 dB", \
		.help = "The fader, after the chain."}, \
		{"pan", KEY_NUMBER, STRIP(pan), .unit = UNIT_PAN, .least = -100, .most = 100, \
			.fallback = "C", .help = "The place between left and right."}, \
		{"balance", KEY_NUMBER, STRIP(balance_lu), .unit = UNIT_LU, .least = -40, .most = 12, \
			.fallback = "-6 LU", \
			.help = "How loud automatic balance makes it, against the lead vocal."}, \
		{"spread", KEY_NUMBER, STRIP(spread), .unit = UNIT_PAN, .least = -100, .most = 100, \
			.fallback = "C", \
			.help = "With automatic balance, of several mono tracks without a pan: where " \
				"the first stands; the last is across from it, the others between."}, \
		{"sends", KEY_MAP, STRIP(sends), .most = SESSION_MOST_BUSES, .record = &send_record, \
			.help = "RETURN: how much goes to it, or {level, pre}; a session's own sends " \
				"stand instead."}, \
		{"chain", KEY_CHAIN, STRIP(chain), .most = CHAIN_MOST, \
			.help = "The processors, in their order."}, \
	{ \
		"chain+", KEY_CHAIN, STRIP(chain_added), \
			.most = CHAIN_MOST, .help = "Processors after those that it would have." \
	}

static const struct key role_keys[] = {HELP_KEYS(struct role_strip), STRIP_KEYS};

static const struct record role_record = {"role", "What a role's tracks go through.",
	sizeof(struct role_strip), role_keys, KEY_COUNT(role_keys)};

static const struct key strip_keys[] = {
	{"role", KEY_NAME, STRIP(role), .required = true, .help = "The role it is for."},
	STRIP_KEYS,
};

static const struct record strip_record = {"strip", "What differs from the role's own strip.",
	sizeof(struct role_strip), strip_keys, KEY_COUNT(strip_keys)};

/* A strip upon its role. */
static const struct key whole_keys[] = {
	{"role", KEY_NAME, STRIP(role), .help = "The role it is for."},
	HELP_KEYS(struct role_strip),
	STRIP_KEYS,
};

static const struct record whole_record = {"strip", "What a role's tracks go through.",
	sizeof(struct role_strip), whole_keys, KEY_COUNT(whole_keys)};

struct mix_file {
	char *help, *extends;
	bool strips;
	double unmask_db;
	struct key_list chain, chain_added, roles, buses;
};

#define MIX(member) offsetof(struct mix_file, member)
static const struct key mix_keys[] = {
	HELP_KEYS(struct mix_file),
	{"strips", KEY_FLAG, MIX(strips), .fallback = "true",
		.help = "Whether a track goes through its role's strip."},
	{"chain", KEY_CHAIN, MIX(chain), .most = CHAIN_MOST, .help = "The stereo bus's processors."},
	{"chain+", KEY_CHAIN, MIX(chain_added), .most = CHAIN_MOST,
		.help = "Processors after those that the bus would have."},
	{"buses", KEY_RECORDS, MIX(buses), .most = SESSION_MOST_BUSES, .record = &bus_record,
		.help = "Buses and returns for the strips' sends; a session's own of that name stands "
			"instead."},
	{"unmask", KEY_NUMBER, MIX(unmask_db), .unit = UNIT_DB, .least = 0, .most = 3, .fallback = "0 dB",
		.help = "With automatic balance: the most that is cut out of a track where it covers a "
			"more important one."},
	{"roles", KEY_RECORDS, MIX(roles), .most = PRESET_MOST_ROLES, .record = &strip_record,
		.help = "What differs from the roles' own strips."},
};

static const struct record mix_record = {"mix preset", "How the tracks of a kind of music become stereo.",
	sizeof(struct mix_file), mix_keys, KEY_COUNT(mix_keys)};

#define MASTER(member) offsetof(struct master_preset, member)
static const struct key master_keys[] = {
	HELP_KEYS(struct master_preset),
	{"loudness", KEY_NUMBER, MASTER(loudness_lufs), .unit = UNIT_LUFS, .least = -60, .most = -3,
		.fallback = "", .help = "The integrated loudness to reach."},
	{"true_peak", KEY_NUMBER, MASTER(true_peak_dbtp), .unit = UNIT_DBTP, .least = -20, .most = 0,
		.fallback = "", .help = "The true peak never to pass."},
	{"album_loudness", KEY_NUMBER, MASTER(album_lufs), .unit = UNIT_LUFS, .least = -60, .most = -3,
		.fallback = "", .help = "Of several titles: what the loudest of them is to reach, instead."},
	{"bits", KEY_NUMBER, MASTER(bits), .unit = UNIT_BITS, .least = 16, .most = 24, .step = 8,
		.fallback = "", .help = "Word length of FLAC and WAV; 24 where it is left out."},
	{"rate", KEY_NUMBER, MASTER(rate_hz), .unit = UNIT_HZ, .least = 44100, .most = 192000, .fallback = "",
		.help = "Frames a second; the recording's where it is left out."},
	MASTER_CHAIN_KEYS(struct master_preset),
	{"curves", KEY_MAP, MASTER(curves), .most = CURVES_MOST, .record = &master_curve_record,
		.help = "GENRE: the spectrum that tone goes for, {slope, bass, presence, air}; `default` for "
			"other genres."},
};

static const struct record master_record = {"master preset", "Where a master is to land.",
	sizeof(struct master_preset), master_keys, KEY_COUNT(master_keys)};

const struct record *preset_record(enum preset_kind kind)
{
	static const struct record *const records[PRESET_KINDS] = {
		[PRESET_ROLES] = &role_record,
		[PRESET_EDIT] = &edit_preset_record,
		[PRESET_MIX] = &mix_record,
		[PRESET_MASTER] = &master_record,
	};
	return records[kind];
}

const char *preset_help(const struct preset_tree *tree)
{
	const struct yaml_node *help = yaml_value_of(tree->root, "help");
	return help && help->kind == YAML_TEXT && !yaml_is_null(help) ? help->text : NULL;
}

/* Of a tree that may hold the keys of several files: what is wrong now is that they do not fit together. */
static int load(const struct record *record, void *into, const struct yaml_node *root, const char *path,
	const struct preset_request *request)
{
	struct faults faults;
	faults_init(&faults, path);
	schema_load(record, into, root, request->processors, &faults);
	int result = faults.errors > 0 ? -EINVAL : 0;
	if (result < 0)
		schema_finish(record, into);
	faults_join(request->faults, &faults);
	return result;
}

/* ---- mixes ---- */

struct opened_role {
	char *name;
	struct preset_tree tree;
};

int mix_preset_open(struct mix_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place)
{
	*preset = (struct mix_preset){.request = *request};
	int result = preset_tree_open(&preset->tree, request, PRESET_MIX, name, place);
	if (result < 0)
		return result;
	struct mix_file file = {0};
	result = load(&mix_record, &file, preset->tree.root, preset->tree.path, request);
	if (result < 0) {
		preset_tree_finish(&preset->tree);
		return result;
	}
	schema_append_chain(&file.chain, &file.chain_added);
	preset->strips = file.strips;
	preset->unmask_db = file.unmask_db;
	preset->chain = file.chain;
	preset->buses = file.buses;
	file.chain = file.buses = (struct key_list){0};
	schema_finish(&mix_record, &file);
	return 0;
}

void mix_preset_finish(struct mix_preset *preset)
{
	struct opened_role *roles = preset->roles.items;
	for (size_t i = 0; i < preset->roles.count; i++) {
		free(roles[i].name);
		preset_tree_finish(&roles[i].tree);
	}
	free(roles);
	schema_finish_chain(&preset->chain);
	struct mix_file buses = {.buses = preset->buses};
	schema_finish(&mix_record, &buses);
	preset_tree_finish(&preset->tree);
	*preset = (struct mix_preset){0};
}

/* Many tracks may have one role: its files are read once. NULL and a fault when it cannot be used. */
static const struct preset_tree *open_role(
	struct mix_preset *preset, const char *name, const struct preset_place *place)
{
	struct opened_role *roles = preset->roles.items;
	for (size_t i = 0; i < preset->roles.count; i++)
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i].tree;
	struct preset_tree tree;
	if (preset_tree_open(&tree, &preset->request, PRESET_ROLES, name, place) < 0)
		return NULL;
	roles = memory_grow(roles, preset->roles.count + 1, sizeof(*roles));
	preset->roles = (struct key_list){roles, preset->roles.count + 1};
	roles[preset->roles.count - 1] = (struct opened_role){memory_text(name), tree};
	return &roles[preset->roles.count - 1].tree;
}

static const struct yaml_node *find_strip(const struct mix_preset *preset, const char *role)
{
	const struct yaml_node *roles = yaml_value_of(preset->tree.root, "roles"), *node;
	for (size_t i = 0; (node = yaml_item(roles, i)) != NULL; i++)
		if (strcmp(yaml_value_of(node, "role")->text, role) ==
			0) /* the table says that it is there */
			return node;
	return NULL;
}

int mix_preset_strip(struct mix_preset *preset, const char *role, const struct preset_place *place,
	struct role_strip *strip)
{
	*strip = (struct role_strip){0};
	const struct preset_tree *tree = open_role(preset, role, place);
	if (!tree)
		return -EINVAL;
	if (!preset->strips)
		return 0;
	struct yaml_file made = {0};
	const struct yaml_node *own = find_strip(preset, role);
	const struct yaml_node *root = own ? preset_merge(&made, own, tree->root) : tree->root;
	int result = load(&whole_record, strip, root, tree->path, &preset->request);
	if (result == 0)
		schema_append_chain(&strip->chain, &strip->chain_added);
	yaml_finish(&made);
	return result;
}

void role_strip_finish(struct role_strip *strip)
{
	schema_finish(&whole_record, strip);
	*strip = (struct role_strip){0};
}

/* ---- masters ---- */

int master_preset_open(struct master_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place)
{
	struct preset_tree tree;
	*preset = (struct master_preset){0};
	int result = preset_tree_open(&tree, request, PRESET_MASTER, name, place);
	if (result < 0)
		return result;
	result = load(&master_record, preset, tree.root, tree.path, request);
	preset_tree_finish(&tree);
	return result;
}

void master_preset_finish(struct master_preset *preset)
{
	schema_finish(&master_record, preset);
	*preset = (struct master_preset){0};
}

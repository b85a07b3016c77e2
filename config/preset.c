#include "config/preset.h"

#include "common/memory.h"
#include "config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct role preset_roles[] = {
	{"kick", "Bass drum."},
	{"snare", "Snare drum."},
	{"hihat", "Hi-hat."},
	{"tom", "Tom, rack or floor."},
	{"overhead", "Drum overhead."},
	{"room", "Room microphone."},
	{"bass", "Bass guitar or upright, by amplifier, microphone or both."},
	{"electric-guitar", "Electric guitar by its cabinet."},
	{"acoustic-guitar", "Acoustic guitar by a microphone."},
	{"keys", "Piano, organ, electric piano."},
	{"synth", "Synthesizer, drum machine, backing track."},
	{"lead-vocal", "The singer in front."},
	{"backing-vocal", "Singers behind."},
	{"brass", "Trumpet, trombone, saxophone."},
	{"strings", "Violin to double bass, bowed."},
	{"percussion", "Shakers, congas, tambourine."},
	{"di", "Any instrument straight from its pickup."},
	{"speech", "Talk: announcements, talkback."},
};

const size_t preset_role_count = KEY_COUNT(preset_roles);

bool preset_is_role(const char *name)
{
	for (size_t i = 0; i < preset_role_count; i++)
		if (strcmp(preset_roles[i].name, name) == 0)
			return true;
	return false;
}

static const struct key strip_keys[] = {
	{"role", KEY_NAME, offsetof(struct role_strip, role), .required = true,
		.help = "The role it is for."},
	{"gain", KEY_NUMBER, offsetof(struct role_strip, gain_db), .unit = UNIT_DB, .least = -120, .most = 24,
		.fallback = "0 dB", .help = "The fader, after the chain."},
	{"pan", KEY_NUMBER, offsetof(struct role_strip, pan), .unit = UNIT_PAN, .least = -100, .most = 100,
		.fallback = "C", .help = "The place between left and right."},
	{"chain", KEY_CHAIN, offsetof(struct role_strip, chain), .help = "The processors, in their order."},
};

const struct record role_strip_record = {"strip", "What a role's tracks go through.",
	sizeof(struct role_strip), strip_keys, KEY_COUNT(strip_keys)};

/* A mix preset's file; only for checking it and for what is not a strip. */
struct mix_file {
	char *help;
	struct key_list chain, roles;
};

static const struct key mix_keys[] = {
	{"help", KEY_TEXT, offsetof(struct mix_file, help), .required = true, .help = "What it is for."},
	{"chain", KEY_CHAIN, offsetof(struct mix_file, chain), .help = "The stereo bus's processors."},
	{"roles", KEY_RECORDS, offsetof(struct mix_file, roles), .record = &role_strip_record,
		.help = "A strip for each role."},
};

static const struct record mix_record = {
	"mix preset", "Strips for the roles.", sizeof(struct mix_file), mix_keys, KEY_COUNT(mix_keys)};

static const struct key master_keys[] = {
	{"help", KEY_TEXT, offsetof(struct master_preset, help), .required = true, .help = "What it is for."},
	{"loudness", KEY_NUMBER, offsetof(struct master_preset, loudness_lufs), .unit = UNIT_LUFS,
		.least = -60, .most = -3, .fallback = "", .help = "The integrated loudness to reach."},
	{"true_peak", KEY_NUMBER, offsetof(struct master_preset, true_peak_dbtp), .unit = UNIT_DBTP,
		.least = -20, .most = 0, .fallback = "", .help = "The true peak never to pass."},
};

static const struct record master_record = {"master preset", "Where a master is to land.",
	sizeof(struct master_preset), master_keys, KEY_COUNT(master_keys)};

const struct preset *preset_find(enum preset_kind kind, const char *name)
{
	for (size_t i = 0; i < preset_count; i++)
		if (presets[i].kind == kind && strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

const char *preset_kind_name(enum preset_kind kind)
{
	static const char *const names[] = {"edit", "mix", "master"};
	return names[kind];
}

/* Reads a preset into a struct, and leaves its tree in `file` on success. */
static int open_preset(const struct preset *preset, const struct record *record, void *into,
	const struct record_table *processors, struct yaml_file *file, struct error *e)
{
	struct faults faults;
	char *name = memory_format("%s/%s.yaml", preset_kind_name(preset->kind), preset->name);
	faults_init(&faults, name);
	free(name);
	if (yaml_parse(file, (const char *)preset->text, preset->size, &faults) == 0)
		schema_load(record, into, file->root, processors, &faults);
	int result = faults.errors > 0 ? -EINVAL : 0;
	if (result < 0) {
		faults_first(&faults, e);
		schema_finish(record, into);
		yaml_finish(file);
	}
	faults_finish(&faults);
	return result;
}

int mix_preset_open(
	struct mix_preset *preset, const char *name, const struct record_table *processors, struct error *e)
{
	*preset = (struct mix_preset){.processors = processors};
	const struct preset *found = preset_find(PRESET_MIX, name);
	if (!found)
		return error_set(e, EINVAL, "no mix preset %s", name);
	struct mix_file file = {0};
	int result = open_preset(found, &mix_record, &file, processors, &preset->file, e);
	if (result < 0)
		return result;
	preset->help = file.help;
	preset->chain = file.chain;
	file.help = NULL;
	file.chain = (struct key_list){0};
	schema_finish(&mix_record, &file);
	return 0;
}

void mix_preset_finish(struct mix_preset *preset)
{
	yaml_finish(&preset->file);
	schema_finish_chain(&preset->chain);
	free(preset->help);
	*preset = (struct mix_preset){0};
}

bool mix_preset_strip(const struct mix_preset *preset, const char *role, struct role_strip *strip)
{
	const struct yaml_node *roles = yaml_value_of(preset->file.root, "roles");
	const struct yaml_node *node;
	for (size_t i = 0; (node = yaml_item(roles, i)) != NULL; i++) {
		const struct yaml_node *name = yaml_value_of(node, "role");
		if (!name || strcmp(name->text, role) != 0)
			continue;
		/* mix_preset_open has found no fault in it. */
		struct faults none = {0};
		schema_load(&role_strip_record, strip, node, preset->processors, &none);
		faults_finish(&none);
		return true;
	}
	return false;
}

void role_strip_finish(struct role_strip *strip)
{
	schema_finish(&role_strip_record, strip);
	*strip = (struct role_strip){0};
}

int master_preset_open(struct master_preset *preset, const char *name, struct error *e)
{
	*preset = (struct master_preset){0};
	const struct preset *found = preset_find(PRESET_MASTER, name);
	if (!found)
		return error_set(e, EINVAL, "no master preset %s", name);
	struct yaml_file file = {0};
	int result = open_preset(found, &master_record, preset, NULL, &file, e);
	yaml_finish(&file);
	return result;
}

void master_preset_finish(struct master_preset *preset)
{
	schema_finish(&master_record, preset);
	*preset = (struct master_preset){0};
}

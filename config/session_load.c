#include "common/memory.h"
#include "config/preset.h"
#include "config/schema.h"
#include "config/session.h"
#include "config/session_check.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "songs/Night Bus.yaml" is the session night-bus. */
static char *name_of_file(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *name = memory_text(slash ? slash + 1 : path ? path : "session");
	char *dot = strrchr(name, '.');
	if (dot && dot > name)
		*dot = '\0';
	size_t length = strlen(name);
	if (length > 64)
		name[64] = '\0';
	for (char *c = name; *c; c++)
		*c = (char)(isascii(*c) && isalnum(*c) ? tolower(*c) : '-');
	return name;
}

static void preset_fault(const struct yaml_node *root, const char *section, const char *preset,
	const struct error *e, struct faults *faults)
{
	const struct yaml_node *node = yaml_value_of(yaml_value_of(root, section), "preset");
	faults_add(faults, node ? node->line : 0, node ? node->column : 0,
		"%s.preset: %s cannot be used: %s; another preset", section, preset, e->text);
}

/* The strip of the track's role, where the track does not say otherwise. */
static void apply_strip(struct track_config *track, struct role_strip *strip)
{
	if (!track->chain.items) {
		track->chain = strip->chain;
		strip->chain = (struct key_list){0};
	}
	if (isnan(track->gain_db))
		track->gain_db = strip->gain_db;
	if (isnan(track->pan))
		track->pan = strip->pan;
}

static void resolve_track(struct track_config *track, const struct mix_preset *preset)
{
	struct role_strip strip = {0};
	if (track->role)
		mix_preset_strip(preset, track->role, &strip);
	apply_strip(track, &strip);
	schema_append_chain(&track->chain, &track->chain_added);
	role_strip_finish(&strip);
}

static void resolve_mix(struct session *session, const struct yaml_node *root,
	const struct record_table *processors, struct faults *faults)
{
	struct mix_preset preset;
	struct error e = {0};
	if (mix_preset_open(&preset, session->mix.preset, processors, &e) < 0) {
		preset_fault(root, "mix", session->mix.preset, &e, faults);
		return;
	}
	struct track_config *tracks = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		resolve_track(&tracks[i], &preset);
	session->chain_of_mix = preset.chain;
	preset.chain = (struct key_list){0};
	mix_preset_finish(&preset);
}

static void resolve_master(struct master_config *master, const struct yaml_node *root, struct faults *faults)
{
	struct master_preset preset;
	struct error e = {0};
	if (master_preset_open(&preset, master->preset, &e) < 0) {
		preset_fault(root, "master", master->preset, &e, faults);
		return;
	}
	if (isnan(master->loudness_lufs))
		master->loudness_lufs = preset.loudness_lufs;
	if (isnan(master->true_peak_dbtp))
		master->true_peak_dbtp = preset.true_peak_dbtp;
	master_preset_finish(&preset);
}

int session_load(struct session *session, const char *path, const struct record_table *processors,
	const struct appliance *appliance, struct faults *faults)
{
	*session = (struct session){0};
	struct yaml_file file = {0};
	if (path && yaml_load(&file, path, faults) < 0)
		return -EINVAL;
	schema_load(&session_record, session, file.root, processors, faults);
	session_check(session, file.root, appliance, faults);
	if (!session->name)
		session->name = name_of_file(path);
	/* Presets can be relied on only where every name was found. */
	if (faults->errors == 0)
		resolve_mix(session, file.root, processors, faults);
	if (faults->errors == 0)
		resolve_master(&session->master, file.root, faults);
	if (faults->errors == 0)
		routing_warn(session, file.root, faults);
	if (faults->errors == 0)
		delivery_check(session, file.root, faults);
	yaml_finish(&file);
	if (faults->errors == 0)
		return 0;
	session_finish(session);
	return -EINVAL;
}

void session_finish(struct session *session)
{
	schema_finish(&session_record, session);
	schema_finish_chain(&session->chain_of_mix);
	*session = (struct session){0};
}

/* Keys that only one of the two files has tell them apart; a text in the other's favour is outvoted. */
static int balance_of_keys(const struct yaml_node *root)
{
	int balance = 0;
	for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++) {
		bool session = schema_find_key(&session_record, root->pairs[i].key) != NULL;
		bool appliance = schema_find_key(&appliance_record, root->pairs[i].key) != NULL;
		balance += session - appliance;
	}
	return balance;
}

bool session_is_one(const char *path)
{
	struct faults faults;
	struct yaml_file file;
	faults_init(&faults, path);
	int balance = yaml_load(&file, path, &faults) == 0 ? balance_of_keys(file.root) : 0;
	yaml_finish(&file);
	faults_finish(&faults);
	return balance > 0;
}

int session_parse_input(const char *input, char **interface, int *channel)
{
	const char *slash = strrchr(input, '/');
	size_t digits = slash ? strspn(slash + 1, "0123456789") : 0;
	if (digits == 0 || digits > 4 || slash[1 + digits] || slash[1] == '0' || slash == input ||
		memchr(input, '/', (size_t)(slash - input)))
		return -EINVAL;
	*interface = memory_format("%.*s", (int)(slash - input), input);
	*channel = atoi(slash + 1);
	return 0;
}

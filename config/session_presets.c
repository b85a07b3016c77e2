#include "config/session_presets.h"

#include "config/edit_preset.h"
#include "config/preset.h"
#include "config/preset_buses.h"
#include "config/schema.h"
#include "config/sources.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEY_SIZE = 64 };

/* As far behind the lead vocal as most instruments are. */
static const double balance_without_role_lu = -6;

/* As far as tone ever goes. */
static const double reference_tone_db = 4;

struct resolving {
	struct session *session;
	const struct yaml_node *root;
	struct preset_request request;
};

static struct preset_place place_of(const char *key, const struct yaml_node *node)
{
	return (struct preset_place){key, node ? node->line : 0, node ? node->column : 0};
}

/* Where SECTION.preset is; nowhere of a default. */
static struct preset_place place_of_preset(const struct resolving *r, const char *section, const char *key)
{
	return place_of(key, yaml_value_of(yaml_value_of(r->root, section), "preset"));
}

static const struct yaml_node *track_node(const struct resolving *r, size_t index)
{
	return yaml_item(yaml_value_of(r->root, "tracks"), index);
}

/* Beside an error the warning is but noise. */
static void warn_no_role(const struct resolving *r, size_t index)
{
	const struct yaml_node *track = track_node(r, index);
	struct faults *faults = r->request.faults;
	if (faults->errors == 0 && track && track->kind == YAML_MAP && !yaml_pair_of(track, "role"))
		faults_warn(faults, track->line, track->column,
			"tracks[%zu]: no role, so the preset %s does nothing to it; role: NAME", index,
			r->session->mix.preset);
}

/* Of several mono tracks of one role the first stands at the role's spread, the last across from it. */
static double spread_pan(
	const struct session *session, const struct track_config *track, const struct role_strip *strip)
{
	const struct track_config *tracks = session->tracks.items;
	size_t count = 0, index = 0;
	for (size_t i = 0; track->role && i < session->tracks.count; i++) {
		bool alike = tracks[i].role && strcmp(tracks[i].role, track->role) == 0;
		if (&tracks[i] == track)
			index = count;
		count += alike && tracks[i].input.count != 2;
	}
	if (session->mix.balance == MIX_BALANCE_OFF || track->input.count == 2 || count < 2 ||
		strip->spread == 0)
		return strip->pan;
	return strip->spread * (1 - 2 * (double)index / (double)(count - 1));
}

/* The strip of the track's role, where the track does not say otherwise. */
static void apply_strip(const struct session *session, struct track_config *track, struct role_strip *strip)
{
	if (!track->chain.items) {
		track->chain = strip->chain;
		strip->chain = (struct key_list){0};
	}
	if (!track->sends.items) {
		track->sends = strip->sends;
		track->sends_of_role = true;
		strip->sends = (struct key_list){0};
	}
	track->balance_lu = track->role ? strip->balance_lu : balance_without_role_lu;
	if (isnan(track->gain_db) && session->mix.balance == MIX_BALANCE_OFF)
		track->gain_db = strip->gain_db;
	if (isnan(track->pan))
		track->pan = spread_pan(session, track, strip);
}

static struct preset_place place_of_role(const struct resolving *r, size_t index, char key[static KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "tracks[%zu].role", index);
	return place_of(key, yaml_value_of(track_node(r, index), "role"));
}

static void resolve_track(const struct resolving *r, size_t index, struct mix_preset *preset)
{
	struct track_config *track = (struct track_config *)r->session->tracks.items + index;
	struct role_strip strip = {0};
	char key[KEY_SIZE];
	struct preset_place place = place_of_role(r, index, key);
	if (track->role && mix_preset_strip(preset, track->role, &place, &strip) < 0)
		return;
	if (preset->strips)
		warn_no_role(r, index);
	apply_strip(r->session, track, &strip);
	schema_append_chain(&track->chain, &track->chain_added);
	role_strip_finish(&strip);
}

/* Without a mix preset to resolve them by, unknown roles are told all the same. */
static void check_roles(const struct resolving *r)
{
	const struct track_config *tracks = r->session->tracks.items;
	for (size_t i = 0; i < r->session->tracks.count; i++) {
		char key[KEY_SIZE];
		struct preset_tree tree;
		struct preset_place place = place_of_role(r, i, key);
		if (tracks[i].role &&
			preset_tree_open(&tree, &r->request, PRESET_ROLES, tracks[i].role, &place) == 0)
			preset_tree_finish(&tree);
	}
}

/* Without strips there is nothing that says how loud a role is to be, and the sum is to stay exact. */
static void refuse_balance(const struct resolving *r, const struct mix_preset *preset)
{
	struct mix_config *mix = &r->session->mix;
	const struct yaml_node *node = yaml_value_of(yaml_value_of(r->root, "mix"), "balance");
	if (preset->strips || mix->balance == MIX_BALANCE_OFF)
		return;
	mix->balance = MIX_BALANCE_OFF;
	if (node)
		faults_warn(r->request.faults, node->line, node->column,
			"mix.balance: the preset %s leaves the tracks as they are; another preset",
			mix->preset);
}

static void resolve_mix(const struct resolving *r)
{
	struct mix_preset preset;
	const char *name = r->session->mix.preset;
	struct preset_place place = place_of_preset(r, "mix", "mix.preset");
	if (!name || mix_preset_open(&preset, &r->request, name, &place) < 0) {
		check_roles(r);
		return;
	}
	refuse_balance(r, &preset);
	for (size_t i = 0; i < r->session->tracks.count; i++)
		resolve_track(r, i, &preset);
	preset_buses_join(r->session, &preset.buses);
	r->session->mix.unmask_db = preset.unmask_db;
	r->session->chain_of_mix = preset.chain;
	preset.chain = (struct key_list){0};
	mix_preset_finish(&preset);
}

static void take_over(double *own, double preset)
{
	if (isnan(*own))
		*own = preset;
}

static void resolve_edit_keys(struct edit_config *edit, const struct edit_preset *preset)
{
	if (edit->align == EDIT_ALIGN_PRESET)
		edit->align = preset->align;
	if (edit->trim == EDIT_TRIM_PRESET)
		edit->trim = preset->trim;
	take_over(&edit->lead_in_s, preset->lead_in_s);
	take_over(&edit->lead_out_s, preset->lead_out_s);
	take_over(&edit->fade_in_s, preset->fade_in_s);
	take_over(&edit->fade_out_s, preset->fade_out_s);
}

/* A track that says itself what it is to be aligned with, or that it is not (bypass), knows better. */
static bool aligns(const struct key_list *chain)
{
	const struct key_insert *inserts = chain->items;
	for (size_t i = 0; i < chain->count; i++)
		if (inserts[i].type && strcmp(inserts[i].type->name, "align") == 0)
			return true;
	return false;
}

/* The preset's chain, replaced or added to, behind the alignment with the first track of the same source. */
static void resolve_edit_of(const struct resolving *r, size_t index, const struct edit_preset *preset)
{
	struct track_config *tracks = r->session->tracks.items, *track = tracks + index;
	int first = r->session->edit.align == EDIT_ALIGN_SOURCES ? sources_first(r->session, index) : -1;
	if (!track->edit.items) {
		if (edit_preset_chain(preset, track->role, &track->edit) < 0)
			return;
		track->edit_preset = track->edit.count;
	}
	schema_append_chain(&track->edit, &track->edit_added);
	if (first < 0 || aligns(&track->edit))
		return;
	edit_preset_add_align(&track->edit, r->request.processors, tracks[first].name, r->request.faults);
	track->edit_aligned = 1;
}

static void resolve_edit(const struct resolving *r)
{
	struct edit_preset preset;
	struct edit_config *edit = &r->session->edit;
	struct preset_place place = place_of_preset(r, "edit", "edit.preset");
	if (!edit->preset || edit_preset_open(&preset, &r->request, edit->preset, &place) < 0)
		return;
	resolve_edit_keys(edit, &preset);
	for (size_t i = 0; i < r->session->tracks.count; i++)
		resolve_edit_of(r, i, &preset);
	if (edit_preset_chain(&preset, NULL, &edit->chain) < 0)
		edit->chain = (struct key_list){0};
	edit_preset_finish(&preset);
}

static const struct master_curve *find_curve(const struct master_preset *preset, const char *name)
{
	const struct master_curve *curves = preset->curves.items;
	for (size_t i = 0; name && i < preset->curves.count; i++)
		if (strcasecmp(curves[i].name, name) == 0)
			return &curves[i];
	return NULL;
}

static void choose_curve(const struct resolving *r, const struct master_preset *preset)
{
	struct master_config *master = &r->session->master;
	const struct master_curve *found = find_curve(preset, master->curve);
	if (master->curve && !found) {
		const struct yaml_node *node = yaml_value_of(yaml_value_of(r->root, "master"), "curve");
		faults_add(r->request.faults, node ? node->line : 0, node ? node->column : 0,
			"master.curve: the preset %s has no curve %s", master->preset, master->curve);
	}
	if (!found)
		found = find_curve(preset, r->session->song.genre);
	if (!found)
		found = find_curve(preset, "default");
	master->target = found ? *found : (struct master_curve){.slope_db = NAN};
	master->target.name = NULL;
}

static void resolve_master(const struct resolving *r)
{
	struct master_preset preset;
	struct master_config *master = &r->session->master;
	struct preset_place place = place_of_preset(r, "master", "master.preset");
	if (!master->preset || master_preset_open(&preset, &r->request, master->preset, &place) < 0)
		return;
	/* Whoever asks for another loudness means it of albums too. */
	if (isnan(master->album_lufs) && isnan(master->loudness_lufs))
		master->album_lufs = preset.album_lufs;
	take_over(&master->loudness_lufs, preset.loudness_lufs);
	take_over(&master->true_peak_dbtp, preset.true_peak_dbtp);
	take_over(&master->bits, preset.bits);
	take_over(&master->rate_hz, preset.rate_hz);
	/* Who names a reference wants it to be gone for. */
	if (master->reference && isnan(master->chain.tone_db))
		master->chain.tone_db = reference_tone_db;
	master_chain_take_over(&master->chain, &preset.chain);
	master_chain_settle(&master->chain);
	choose_curve(r, &preset);
	master_preset_finish(&preset);
}

void session_resolve(struct session *session, const char *path, const struct yaml_node *root,
	const struct record_table *processors, struct faults *faults)
{
	struct preset_search search;
	preset_search_init(&search, path);
	struct resolving r = {session, root, {&search, processors, faults, &session->presets}};
	resolve_edit(&r);
	resolve_mix(&r);
	resolve_master(&r);
	preset_search_finish(&search);
}

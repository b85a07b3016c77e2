/* The presets that come with the program: readable YAML files (config/presets/), built into it so that there
 * is no path to find at run time. Any thread; no files. */
#ifndef WOODSHED_CONFIG_PRESET_H
#define WOODSHED_CONFIG_PRESET_H

#include "common/error.h"
#include "common/key.h"
#include "config/yaml.h"

enum preset_kind { PRESET_EDIT, PRESET_MIX, PRESET_MASTER, PRESET_KINDS };

struct preset {
	enum preset_kind kind;
	const char *name;
	const unsigned char *text;
	size_t size;
};

extern const struct preset presets[];
extern const size_t preset_count;

/* NULL if there is none of that name. */
const struct preset *preset_find(enum preset_kind kind, const char *name);

/* "edit", "mix" or "master". */
const char *preset_kind_name(enum preset_kind kind);

/* What an instrument on a track may be called; a mix preset has a strip for each. */
struct role {
	const char *name, *help;
};

extern const struct role preset_roles[];
extern const size_t preset_role_count;

bool preset_is_role(const char *name);

/* The strip that a mix preset has for a role. */
struct role_strip {
	char *role;
	struct key_list chain; /* of struct key_insert */
	double gain_db, pan;
};

extern const struct record role_strip_record;

void role_strip_finish(struct role_strip *strip); /* a zeroed value is fine */

/* A mix preset, opened and checked as a whole; strips are then made of it, one a track. */
struct mix_preset {
	const struct record_table *processors;
	struct yaml_file file;
	char *help;
	struct key_list chain; /* the stereo bus's, of struct key_insert; the caller may take it over */
};

/* `processors` has to last as long as the preset and what is made of it. 0 or -EINVAL; on failure nothing is
 * left to finish. */
int mix_preset_open(struct mix_preset *preset, const char *name, const struct record_table *processors,
	struct error *e) MUST_CHECK;
void mix_preset_finish(struct mix_preset *preset); /* a zeroed value is fine */

/* Makes a zeroed `strip` the one for `role`, the caller's to finish; false and no strip if there is none. */
bool mix_preset_strip(const struct mix_preset *preset, const char *role, struct role_strip *strip);

struct master_preset {
	char *help;
	double loudness_lufs, true_peak_dbtp; /* NAN: none asked for */
};

/* The same for a master preset. */
int master_preset_open(struct master_preset *preset, const char *name, struct error *e) MUST_CHECK;
void master_preset_finish(struct master_preset *preset); /* a zeroed value is fine */

#endif

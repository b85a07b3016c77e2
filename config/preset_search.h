/* Where presets are: beside the session, in /etc, and built into the program. The first one found wins. Any
 * thread; reads the disk. */
#ifndef WOODSHED_CONFIG_PRESET_SEARCH_H
#define WOODSHED_CONFIG_PRESET_SEARCH_H

#include "common/error.h"
#include "common/key.h"

#include <stdbool.h>
#include <stddef.h>

enum preset_kind { PRESET_ROLES, PRESET_EDIT, PRESET_MIX, PRESET_MASTER, PRESET_KINDS };

/* "roles", "edit", "mix" or "master": the folder of the kind. */
const char *preset_kind_name(enum preset_kind kind);

/* What messages call one: "role", "edit preset" and so on. */
const char *preset_kind_noun(enum preset_kind kind);

/* The presets that come with the program: readable YAML files (config/presets/), built into it so that there
 * is no path to find at run time. */
struct preset {
	enum preset_kind kind;
	const char *name;
	const unsigned char *text;
	size_t size;
};

extern const struct preset presets[];
extern const size_t preset_count;

const char *preset_shipped_name(enum preset_kind kind, size_t index); /* NULL past the last of the kind */

/* Folders that hold KIND/NAME.yaml, to be looked in one after the other before what comes with the program.
 */
enum { PRESET_FOLDERS = 2, PRESET_SHIPPED = PRESET_FOLDERS };

struct preset_search {
	char *folders[PRESET_FOLDERS]; /* NULL: none */
};

/* For the session file `session` (NULL: none): `presets` beside it, then /etc/woodshed/presets, or what the
 * environment's WOODSHED_PRESETS names instead. A take's own session.yaml has the presets that were kept with
 * the take and no others, so that a render never changes with what somebody put into /etc since. */
void preset_search_init(struct preset_search *search, const char *session);
void preset_search_finish(struct preset_search *search); /* a zeroed value is fine */

/* A preset's text and where it is from. */
struct preset_source {
	enum preset_kind kind;
	char *name;
	int folder; /* of the search, or PRESET_SHIPPED */
	char *path; /* of the file; of one that comes with the program "KIND/NAME.yaml" */
	char *text;
	size_t size;
};

/* Finds the preset from folder `from` of the search on (NULL for `search`: only those that come with the
 * program). 0; -ENOENT: there is none, or the name is not one that a preset may have; other negative errno:
 * there is a file that cannot be read, whose `path` is then set. Whatever it returns, `source` is
 * preset_source_finish's to free. */
int preset_find(const struct preset_search *search, enum preset_kind kind, const char *name, int from,
	struct preset_source *source) MUST_CHECK;
void preset_source_finish(struct preset_source *source); /* a zeroed value is fine */

struct preset_name {
	char *name;
	int folder; /* where it is found first */
};

/* Every name of a kind, those that come with the program first; a list of struct preset_name, the caller's.
 */
void preset_names(const struct preset_search *search, enum preset_kind kind, struct key_list *names);
void preset_names_finish(struct key_list *names); /* a zeroed value is fine */

/* ---- what is kept with a take ---- */

/* A preset that a session uses and that was found on disk. */
struct preset_file {
	char *file; /* within the take: "presets/mix/rock.yaml", "presets/etc/mix/rock.yaml" */
	char *text;
	size_t size;
};

/* Adds `source` to a list of struct preset_file, unless it comes with the program or is there already. */
void preset_files_add(struct key_list *files, const struct preset_source *source);
void preset_files_copy(struct key_list *files, const struct key_list *from);
void preset_files_finish(struct key_list *files); /* a zeroed value is fine */

#endif

#include "config/preset_check.h"

#include "common/file.h"
#include "common/memory.h"
#include "config/preset_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parts {
	char *home; /* what holds the folder `presets` */
	char *name;
	enum preset_kind kind;
};

static void finish_parts(struct parts *parts)
{
	free(parts->home);
	free(parts->name);
}

/* Cuts the last part off `path` and returns it; NULL when there is none. */
static char *cut(char *path)
{
	char *slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

static bool split(const char *path, struct parts *parts)
{
	*parts = (struct parts){.kind = PRESET_KINDS};
	char *whole = realpath(path, NULL);
	char *file = whole ? cut(whole) : NULL, *folder = file ? cut(whole) : NULL,
	     *presets_folder = folder ? cut(whole) : NULL, *dot = presets_folder ? strrchr(file, '.') : NULL;
	if (dot && strcmp(dot, ".yaml") == 0 && strcmp(presets_folder, "presets") == 0)
		for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++)
			if (strcmp(folder, preset_kind_name(kind)) == 0)
				parts->kind = kind;
	if (parts->kind < PRESET_KINDS) {
		parts->home = memory_text(whole);
		parts->name = memory_format("%.*s", (int)(dot - file), file);
	}
	free(whole);
	return parts->kind < PRESET_KINDS;
}

bool preset_is_one(const char *path)
{
	struct parts parts;
	bool is = split(path, &parts);
	finish_parts(&parts);
	return is;
}

static int check_source(const struct preset_source *source, const char *home,
	const struct record_table *processors, struct faults *faults)
{
	struct preset_search search;
	struct preset_tree tree;
	char *session = memory_format("%s/a-session", home);
	preset_search_init(&search, session);
	struct preset_request request = {&search, processors, faults, NULL};
	int result = preset_tree_open_source(&tree, &request, source);
	if (result == 0)
		preset_tree_finish(&tree);
	preset_search_finish(&search);
	free(session);
	return result;
}

int preset_check(const char *path, const struct record_table *processors, struct faults *faults)
{
	struct parts parts;
	struct preset_source source = {0};
	int result = split(path, &parts) ? 0 : -ENOENT;
	if (result == 0)
		result = file_read(path, YAML_MOST_BYTES, &source.text, &source.size, NULL);
	if (result < 0) {
		yaml_unreadable(faults, result);
		result = -EINVAL;
	} else {
		source.kind = parts.kind;
		source.name = memory_text(parts.name);
		source.path = memory_text(path);
		result = check_source(&source, parts.home, processors, faults);
	}
	preset_source_finish(&source);
	finish_parts(&parts);
	return result;
}

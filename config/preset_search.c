#include "config/preset_search.h"

#include "common/file.h"
#include "common/memory.h"
#include "config/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/etc/woodshed/presets"

enum { NAME_MOST = 64 };

static const struct {
	const char *name, *noun;
} kinds[PRESET_KINDS] = {
	[PRESET_ROLES] = {"roles", "role"},
	[PRESET_EDIT] = {"edit", "edit preset"},
	[PRESET_MIX] = {"mix", "mix preset"},
	[PRESET_MASTER] = {"master", "master preset"},
};

const char *preset_kind_name(enum preset_kind kind)
{
	return kinds[kind].name;
}

const char *preset_kind_noun(enum preset_kind kind)
{
	return kinds[kind].noun;
}

const char *preset_shipped_name(enum preset_kind kind, size_t index)
{
	for (size_t i = 0; i < preset_count; i++)
		if (presets[i].kind == kind && index-- == 0)
			return presets[i].name;
	return NULL;
}

/* NULL if none of that name comes with the program. */
static const struct preset *shipped_of(enum preset_kind kind, const char *name)
{
	for (size_t i = 0; i < preset_count; i++)
		if (presets[i].kind == kind && strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

/* ---- the folders ---- */

static bool is_of_take(const char *session, const char *folder)
{
	const char *slash = strrchr(session, '/');
	if (strcmp(slash ? slash + 1 : session, "session.yaml") != 0)
		return false;
	char *manifest = file_join(folder, "take.json");
	bool there = access(manifest, F_OK) == 0;
	free(manifest);
	return there;
}

void preset_search_init(struct preset_search *search, const char *session)
{
	*search = (struct preset_search){0};
	const char *named = getenv("WOODSHED_PRESETS");
	char *folder = session ? file_folder(session) : NULL;
	if (folder) /* a bare name's folder goes without saying */
		search->folders[0] = file_join(strchr(session, '/') ? folder : "", "presets");
	if (folder && is_of_take(session, folder))
		search->folders[1] = file_join(search->folders[0], "etc");
	else
		search->folders[1] = memory_text(named && *named ? named : SYSTEM_FOLDER);
	free(folder);
}

void preset_search_finish(struct preset_search *search)
{
	for (size_t i = 0; i < PRESET_FOLDERS; i++)
		free(search->folders[i]);
	*search = (struct preset_search){0};
}

/* ---- one preset ---- */

/* The name becomes a file's: nothing in it may lead elsewhere. */
static bool is_name(const char *name, size_t length)
{
	return length > 0 && length <= NAME_MOST &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

static int find_file(
	const char *folder, enum preset_kind kind, const char *name, struct preset_source *source)
{
	char *path = memory_format("%s/%s/%s.yaml", folder, kinds[kind].name, name);
	int result = file_read(path, YAML_MOST_BYTES, &source->text, &source->size, NULL);
	if (result == -ENOTDIR)
		result = -ENOENT;
	if (result == -ENOENT)
		free(path);
	else
		source->path = path;
	return result;
}

static int find_shipped(enum preset_kind kind, const char *name, struct preset_source *source)
{
	const struct preset *preset = shipped_of(kind, name);
	if (!preset)
		return -ENOENT;
	source->folder = PRESET_SHIPPED;
	source->path = memory_format("%s/%s.yaml", kinds[kind].name, name);
	source->text = memory_new(preset->size + 1);
	memcpy(source->text, preset->text, preset->size);
	source->size = preset->size;
	return 0;
}

int preset_find(const struct preset_search *search, enum preset_kind kind, const char *name, int from,
	struct preset_source *source)
{
	*source = (struct preset_source){.kind = kind};
	if (!is_name(name, strlen(name)))
		return -ENOENT;
	source->name = memory_text(name);
	for (int i = from; search && i < PRESET_FOLDERS; i++) {
		source->folder = i;
		int result = search->folders[i] ? find_file(search->folders[i], kind, name, source) : -ENOENT;
		if (result != -ENOENT)
			return result;
	}
	return find_shipped(kind, name, source);
}

void preset_source_finish(struct preset_source *source)
{
	free(source->name);
	free(source->path);
	free(source->text);
	*source = (struct preset_source){0};
}

/* ---- all of a kind ---- */

static void add_name(struct key_list *names, const char *name, size_t length, int folder)
{
	struct preset_name *list = names->items;
	for (size_t i = 0; i < names->count; i++) {
		if (strncmp(list[i].name, name, length) != 0 || list[i].name[length])
			continue;
		if (folder < list[i].folder)
			list[i].folder = folder;
		return;
	}
	list = memory_grow(list, names->count + 1, sizeof(*list));
	list[names->count++] = (struct preset_name){memory_format("%.*s", (int)length, name), folder};
	names->items = list;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct preset_name *)a)->name, ((const struct preset_name *)b)->name);
}

static void add_folder(const char *path, enum preset_kind kind, int folder, struct key_list *names)
{
	char *of_kind = file_join(path, kinds[kind].name);
	DIR *entries = opendir(of_kind);
	for (const struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
		size_t length = strlen(entry->d_name), ending = strlen(".yaml");
		if (length > ending && strcmp(entry->d_name + length - ending, ".yaml") == 0 &&
			is_name(entry->d_name, length - ending))
			add_name(names, entry->d_name, length - ending, folder);
	}
	if (entries)
		closedir(entries);
	free(of_kind);
}

void preset_names(const struct preset_search *search, enum preset_kind kind, struct key_list *names)
{
	*names = (struct key_list){0};
	for (size_t i = 0; i < preset_count; i++)
		if (presets[i].kind == kind)
			add_name(names, presets[i].name, strlen(presets[i].name), PRESET_SHIPPED);
	size_t shipped = names->count;
	for (int i = 0; search && i < PRESET_FOLDERS; i++)
		if (search->folders[i])
			add_folder(search->folders[i], kind, i, names);
	if (names->count > shipped)
		qsort((struct preset_name *)names->items + shipped, names->count - shipped,
			sizeof(struct preset_name), compare_names);
}

void preset_names_finish(struct key_list *names)
{
	struct preset_name *list = names->items;
	for (size_t i = 0; i < names->count; i++)
		free(list[i].name);
	free(list);
	*names = (struct key_list){0};
}

/* ---- what is kept with a take ---- */

static void add_file(struct key_list *files, const char *name, const char *text, size_t size)
{
	struct preset_file *list = memory_grow(files->items, files->count + 1, sizeof(*list));
	char *copy = memory_new(size + 1);
	memcpy(copy, text, size);
	list[files->count++] = (struct preset_file){memory_text(name), copy, size};
	files->items = list;
}

void preset_files_add(struct key_list *files, const struct preset_source *source)
{
	if (source->folder == PRESET_SHIPPED)
		return;
	char *name = memory_format("presets/%s%s/%s.yaml", source->folder == 0 ? "" : "etc/",
		kinds[source->kind].name, source->name);
	const struct preset_file *list = files->items;
	bool there = false;
	for (size_t i = 0; i < files->count && !there; i++)
		there = strcmp(list[i].file, name) == 0;
	if (!there)
		add_file(files, name, source->text, source->size);
	free(name);
}

void preset_files_copy(struct key_list *files, const struct key_list *from)
{
	const struct preset_file *list = from->items;
	*files = (struct key_list){0};
	for (size_t i = 0; i < from->count; i++)
		add_file(files, list[i].file, list[i].text, list[i].size);
}

void preset_files_finish(struct key_list *files)
{
	struct preset_file *list = files->items;
	for (size_t i = 0; i < files->count; i++) {
		free(list[i].file);
		free(list[i].text);
	}
	free(list);
	*files = (struct key_list){0};
}

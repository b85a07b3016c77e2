#include "recorder/kept.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "config/preset_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kept_init(struct kept *kept, const char *session_text, const struct key_list *files)
{
	*kept = (struct kept){.session_text = memory_text(session_text)};
	preset_files_copy(&kept->presets, files);
}

void kept_finish(struct kept *kept)
{
	free(kept->session_text);
	preset_files_finish(&kept->presets);
	*kept = (struct kept){0};
}

void kept_describe(const struct kept *kept, struct manifest *manifest)
{
	const struct preset_file *files = kept->presets.items;
	manifest->presets = memory_array(kept->presets.count, sizeof(*manifest->presets));
	manifest->preset_count = kept->presets.count;
	for (size_t i = 0; i < kept->presets.count; i++) {
		struct take_preset *preset = &manifest->presets[i];
		struct error e;
		preset->file = memory_text(files[i].file);
		if (hash_bytes(files[i].text, files[i].size, &preset->hash, &e) < 0)
			log_warning("%s: %s", files[i].file, e.text);
	}
}

static int write_file(const char *folder, const char *name, const char *text, size_t size, struct error *e)
{
	char *path = file_join(folder, name), *of = file_folder(path);
	int result = file_make_folders(of, e);
	if (result == 0)
		result = file_replace(path, text, size, e);
	free(of);
	free(path);
	return result;
}

int kept_write(const struct kept *kept, const char *folder, struct error *e)
{
	const struct preset_file *files = kept->presets.items;
	int result = write_file(folder, "session.yaml", kept->session_text, strlen(kept->session_text), e);
	for (size_t i = 0; result == 0 && i < kept->presets.count; i++)
		result = write_file(folder, files[i].file, files[i].text, files[i].size, e);
	return result;
}

/* The file, and each folder above it that is empty then, up to `folder`. */
static void remove_file(const char *folder, const char *name)
{
	char *path = file_join(folder, name);
	while (strcmp(path, folder) != 0 && remove(path) == 0) {
		char *above = file_folder(path);
		free(path);
		path = above;
	}
	free(path);
}

void kept_remove(const struct kept *kept, const char *folder)
{
	const struct preset_file *files = kept->presets.items;
	for (size_t i = 0; i < kept->presets.count; i++)
		remove_file(folder, files[i].file);
	remove_file(folder, "session.yaml");
}

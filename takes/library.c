#include "takes/library.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/index.h"
#include "takes/take.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Folders without a take that one page looks at; the next page goes on from there. */
enum { PATIENCE = 5000 };

/* Appends the take of one folder; what has no manifest is no take. */
static void list_one(struct take_list *list, const char *takes, const char *id)
{
	char *folder = file_join(takes, id);
	struct manifest manifest;
	struct error e;
	int result = manifest_load(&manifest, folder, &e);
	if (result == 0) {
		/* A folder that somebody copied goes by its own name. */
		free(manifest.id);
		manifest.id = memory_text(id);
		list->entries = memory_grow(list->entries, list->count + 1, sizeof(*list->entries));
		list->entries[list->count++] = (struct take_entry){memory_text(id), manifest};
	} else if (result != -ENOENT && result != -ENOTDIR) {
		list->unreadable++;
		log_warning("%s", e.text);
	}
	free(folder);
}

static bool has_manifest(const char *takes, const char *id)
{
	char *path = memory_format("%s/%s/take.json", takes, id);
	bool has = access(path, F_OK) == 0;
	free(path);
	return has;
}

/* From the index's id number `i` on. The cursor is the last id of the page once another take is known to
 * follow. */
static int load_page(struct take_list *list, struct index *index, size_t i, const char *takes, size_t limit,
	struct error *e)
{
	size_t patience = PATIENCE;
	for (; i < index_count(index); i++) {
		const char *id;
		int result = index_id(index, i, &id, e);
		if (result < 0)
			return result;
		if (limit > 0 && list->count == limit) {
			if (has_manifest(takes, id)) {
				list->cursor = memory_text(list->entries[limit - 1].id);
				return 0;
			}
		} else {
			size_t before = list->count;
			list_one(list, takes, id);
			if (list->count > before)
				continue;
		}
		if (limit > 0 && --patience == 0) {
			list->cursor = memory_text(id);
			return 0;
		}
	}
	return 0;
}

/* Into an empty list, which is empty again when it fails. */
static int try_load(
	struct take_list *list, const char *takes, const char *before, size_t limit, struct error *e)
{
	struct index *index;
	size_t first;
	int result = index_open(&index, takes, e);
	if (result < 0)
		return result;
	result = index_after(index, before, &first, e);
	if (result == 0)
		result = load_page(list, index, first, takes, limit, e);
	index_close(index);
	if (result < 0)
		take_list_finish(list);
	return result;
}

int take_list_load(
	struct take_list *list, const char *takes, const char *before, size_t limit, struct error *e)
{
	*list = (struct take_list){0};
	if (before && !take_id_valid(before))
		return error_set(e, EINVAL, "%s: not a take's id", before);
	int result = try_load(list, takes, before, limit, e);
	if (result == -EBADMSG) /* the index was damaged, and is gone */
		result = try_load(list, takes, before, limit, e);
	return result;
}

void take_list_finish(struct take_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->entries[i].id);
		manifest_finish(&list->entries[i].manifest);
	}
	free(list->entries);
	free(list->cursor);
	*list = (struct take_list){0};
}

void library_refresh(const char *takes)
{
	struct index *index;
	struct error e;
	if (index_open(&index, takes, &e) == 0)
		index_close(index);
	else
		log_debug("%s", e.text);
}

/* The takes of a folder as a list, newest first, a page at a time. However many there are, a page costs its
 * own takes: which there are comes from the index (takes/index.h), and each manifest that is listed is read
 * afresh, so what stands in a list is what stands on the disk. Any thread; blocks on the disk. */
#ifndef WOODSHED_TAKES_LIBRARY_H
#define WOODSHED_TAKES_LIBRARY_H

#include "takes/manifest.h"

/* The id is the folder's name, also in the manifest. */
struct take_entry {
	char *id;
	struct manifest manifest;
};

struct take_list {
	struct take_entry *entries;
	size_t count;
	size_t unreadable; /* folders with a manifest that would not load; logged */
	char *cursor;	   /* there are older takes: `before` for the next page; NULL: there are none */
};

/* At most `limit` takes (0: all) older than the id `before`, which may be gone by now (NULL: from the
 * newest). A folder that is not there is an empty library. A page may be short of `limit` and yet have a
 * cursor, where thousands of folders in a row hold no take. */
int take_list_load(struct take_list *list, const char *takes, const char *before, size_t limit,
	struct error *e) MUST_CHECK;
void take_list_finish(struct take_list *list); /* a zeroed value is fine */

/* Brings the index up to date, for whoever asks next; what goes wrong is left for them to meet. */
void library_refresh(const char *takes);

#endif

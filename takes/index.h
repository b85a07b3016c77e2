/* The ids of a library, newest first. A small library is read from its folder each time; from INDEX_LEAST
 * names on the list is kept in `<takes>/.index/ids`, so that a million takes are not read and sorted for a
 * page of fifty. The file is a copy that can be thrown away at any time: it stands only for the folder whose
 * change and modification times it names, and every block of it has a checksum. It lies in a folder of its
 * own because replacing it in the takes' folder would change that folder's times.
 *
 * Any thread, an index one thread at a time; blocks on the disk. */
#ifndef WOODSHED_TAKES_INDEX_H
#define WOODSHED_TAKES_INDEX_H

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { INDEX_LEAST = 2048 };

struct index;

/* The ids as they are now; a folder that is not there is an empty library. What cannot be written (a library
 * that is read only) is read from the folder. */
int index_open(struct index **index, const char *takes, struct error *e) MUST_CHECK;
void index_close(struct index *index); /* NULL is fine */

size_t index_count(const struct index *index);

/* Id number `i`, which stands until the next call with this index. -EBADMSG: the file is damaged; it has been
 * removed, and index_open gives another one. */
int index_id(struct index *index, size_t i, const char **id, struct error *e) MUST_CHECK;

/* The number of the newest id that is older than `before`, which need not be there (NULL: 0); the count, if
 * there is none. */
int index_after(struct index *index, const char *before, size_t *i, struct error *e) MUST_CHECK;

/* True if the index came from its file. */
bool index_was_kept(const struct index *index);

/* Orders ids as libraries list them: newest first, and within a second -10 before -9. */
int index_newer_first(const char *a, const char *b);

#endif

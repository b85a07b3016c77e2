/* Files that must survive a power cut, and the small chores around them. Paths are UTF-8 or bytes as given.
 * Any thread but the real-time ones and the control loop's hot paths: all of these block on the disk. */
#ifndef WOODSHED_COMMON_FILE_H
#define WOODSHED_COMMON_FILE_H

#include "common/error.h"

#include <stddef.h>

/* Reads a whole file of at most `limit` bytes. `*data` is NUL-terminated past its `*size` bytes and the
 * caller's to free. -EFBIG past the limit, -ENOTSUP for what is no plain file (a FIFO, a
 * device), which never blocks. */
int file_read(const char *path, size_t limit, char **data, size_t *size, struct error *e) MUST_CHECK;

/* Replaces `path` by `size` bytes of `data`, as one: temporary file beside it, fsync, rename, fsync of the
 * folder. After a power cut there is the old file or the new one, never a mixture. */
int file_replace(const char *path, const void *data, size_t size, struct error *e) MUST_CHECK;

/* Makes a file that was written under `temporary` appear as `path`: fsync, rename, fsync of the folder. */
int file_publish(const char *temporary, const char *path, struct error *e) MUST_CHECK;

/* fsync of the folder that holds `path`, so that a name made or renamed in it is durable. */
int file_sync_folder_of(const char *path, struct error *e) MUST_CHECK;

/* mkdir -p, durably; folders that are there already are fine. */
int file_make_folders(const char *path, struct error *e) MUST_CHECK;

/* Joins two parts with one slash; an absolute `name`, or one in no folder (""), stands alone. The result is
 * the caller's to free; memory that cannot be had ends the program (see memory.h). */
char *file_join(const char *folder, const char *name);

/* The folder of `path` ("." for a bare name), the caller's to free. */
char *file_folder(const char *path);

#endif

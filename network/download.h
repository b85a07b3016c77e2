/* What a downloaded file is called. Any thread. */
#ifndef WOODSHED_NETWORK_DOWNLOAD_H
#define WOODSHED_NETWORK_DOWNLOAD_H

#include "takes/manifest.h"

enum { DOWNLOAD_NAME_SIZE = 256 };

/* The take's title, or its id where it has none, and then `path` without its folder: "Night Bus -
 * master.flac". Without characters that a file system of somebody's refuses or a shell falls over; a long
 * title is cut off between two characters. */
void download_name(char name[static DOWNLOAD_NAME_SIZE], const struct manifest *take, const char *path);

/* The value of a Content-Disposition header (RFC 6266) that saves under `name`, the caller's to free: in
 * ASCII, and as `filename*` where that says less. */
char *download_disposition(const char *name) __attribute__((returns_nonnull));

#endif

/* A cover, as FLAC, Ogg and ID3 files carry it. */
#ifndef WOODSHED_AUDIO_PICTURE_H
#define WOODSHED_AUDIO_PICTURE_H

#include "common/error.h"

#include <stddef.h>

enum { PICTURE_MOST = 8 << 20 }; /* bytes; a FLAC block holds twice as much */

struct picture {
	char *data; /* NULL: none */
	size_t size;
	const char *mime; /* "image/jpeg" or "image/png" */
};

/* The picture at `path`; -EBADMSG for what is neither JPEG nor PNG. */
int picture_load(struct picture *picture, const char *path, struct error *e) MUST_CHECK;
void picture_finish(struct picture *picture); /* a zeroed value is fine */

#endif

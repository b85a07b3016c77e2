/* One raw track of a take as one run of samples: its files one after the other, each from the frame at which
 * it is in force (struct take_segment), and exact silence where none of them has any. Any one thread at a
 * time; blocks on the disk. */
#ifndef WOODSHED_TAKES_RAW_H
#define WOODSHED_TAKES_RAW_H

#include "audio/flac.h"
#include "takes/manifest.h"

struct raw_reader;

/* Opens the track's first file. `track` is used until raw_close. Fails as flac_reader_open does. */
int raw_open(struct raw_reader **reader, const struct take_track *track, const char *folder,
	struct error *e) MUST_CHECK;
void raw_close(struct raw_reader *reader); /* NULL is fine */

const struct flac_format *raw_format(const struct raw_reader *reader);

/* Fills the next `frames` frames of each channel, planar and as in flac.h; past the last file's end with
 * silence, as where a file is damaged that the track's gaps tell of. 0, or as flac_reader_read fails;
 * -EBADMSG where a further file has another format. */
int raw_read(struct raw_reader *reader, int32_t *const *channels, size_t frames, struct error *e) MUST_CHECK;

#endif

/* Making a recording whole that was cut off by a power cut or a crash: what of it is sound, and how it
 * becomes a complete FLAC file. Any thread; blocks on the disk. */
#ifndef WOODSHED_AUDIO_FLAC_MEND_H
#define WOODSHED_AUDIO_FLAC_MEND_H

#include "audio/flac.h"

/* What was found in a file. Zeroed but for the format, it stands for one of which nothing is sound. */
struct flac_survey {
	struct flac_format format;
	uint64_t frames; /* in the whole FLAC frames from the file's start on, their checksums verified */
	uint64_t whole_bytes; /* where the last of those ends */
	uint64_t file_bytes;
	void *md5;  /* of the frames, still open */
	bool apart; /* the caller's wish: mend a copy that takes the file's place, not the file itself */
};

/* Called with each stretch of sound audio, in order, channels planar. False ends the survey (-ECANCELED). */
typedef bool (*flac_heard_fn)(void *data, const int32_t *const *channels, size_t frames);

/* Decodes the whole file. Damage ends it and is no failure. -ENOENT, -EBADMSG (not even the header is sound),
 * or what the disk said. `heard` may be NULL. */
int flac_survey(struct flac_survey *survey, const char *path, flac_heard_fn heard, void *data,
	struct error *e) MUST_CHECK;
void flac_survey_finish(struct flac_survey *survey); /* a zeroed value is fine */

/* Makes `path` a complete file of `frames` frames, at least the survey's: what follows the sound part is cut
 * off, exact silence is added, STREAMINFO gets the count and the MD5. In place, without moving a sound byte;
 * a file that cannot be mended so (no sound header, or a last FLAC frame that would have to be longer) is
 * written anew beside it and renamed. Synced. Cut off at any point and done again from a new survey, it
 * comes to the same file. The survey must be of the file as it is. */
int flac_mend(const char *path, struct flac_survey *survey, uint64_t frames, const struct flac_tag *tags,
	size_t tag_count, struct error *e) MUST_CHECK;

#endif

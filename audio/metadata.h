/* What a finished file says of itself: tags, a cover, a cue sheet. Each replaces what the encoder wrote, so
 * that the same sound and metadata are the same bytes. Whole files or nothing: `path` is rewritten by rename.
 * Blocks on the disk. */
#ifndef WOODSHED_AUDIO_METADATA_H
#define WOODSHED_AUDIO_METADATA_H

#include "audio/flac.h"
#include "audio/picture.h"

/* A place in the programme, such as a section. */
struct cue {
	uint64_t frame;
	char *label;
};

struct metadata {
	const struct flac_tag *tags; /* Vorbis comments, in their order */
	size_t tag_count;
	const struct picture *picture; /* NULL: none */
	const struct cue *cues;	       /* ascending; of FLAC files, where they become a CUESHEET block */
	size_t cue_count;	       /* at most METADATA_CUES; more are left out */
	uint64_t frames;	       /* of the programme: where the cue sheet leads out */
};

enum { METADATA_CUES = 99 };

/* A cue sheet and picture into a FLAC file; its tags were given to its writer. */
int metadata_write_flac(const char *path, const struct metadata *metadata, struct error *e) MUST_CHECK;

/* The comment header of an Ogg Vorbis or Opus file (RFC 7845, 5.2), the picture as METADATA_BLOCK_PICTURE.
 * The stream's serial number, which encoders draw by lot, becomes 1. -EBADMSG for other files. */
int metadata_write_ogg(const char *path, const struct metadata *metadata, struct error *e) MUST_CHECK;

/* An ID3v2.4 tag in front of an MP3 file, in place of one that is there. */
int metadata_write_mp3(const char *path, const struct metadata *metadata, struct error *e) MUST_CHECK;

#endif

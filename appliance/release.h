/* What a finished piece says of itself, whatever the format: Vorbis comments, chapters, cue sheet, cover. */
#ifndef WOODSHED_APPLIANCE_RELEASE_H
#define WOODSHED_APPLIANCE_RELEASE_H

#include "audio/metadata.h"
#include "audio/meter.h"
#include "config/session.h"

struct release {
	const char *title, *artist, *album; /* NULL: not known */
	const char *date, *time;	    /* 2026-11-22, 19:03:11; NULL */
	const struct song_config *song;	    /* genre; NULL */
	double tempo_bpm;		    /* 0: not known */
	const char *key;		    /* NULL: not known */
	unsigned number, total;		    /* in an album; 0: none */
	double album_lufs, album_dbtp;	    /* of the album as a whole; NAN: none */
	const struct cue *cues;		    /* sections and songs, in the rendition's frames */
	size_t cue_count;
	struct picture cover;
};

/* Vorbis comments; the values are owned. */
struct release_tags {
	struct flac_tag *list;
	size_t count;
};

/* The tags of one rendition that measures `reading`: ReplayGain 2.0 (reference -18 LUFS), of Opus R128_*_GAIN
 * instead (RFC 7845, 5.2.1: to -23 LUFS, in 256ths of a dB); CHAPTERnnn of cues. No encoder date, so that the
 * same sound gives the same file. */
void release_tags_make(struct release_tags *tags, const struct release *release,
	const struct meter_reading *reading, uint32_t rate, bool opus);
void release_tags_finish(struct release_tags *tags); /* a zeroed value is fine */

/* The cover beside a session or in a take: FOLDER/cover.jpg, .jpeg or .png; none where there is none, or
 * where it cannot be used, which is logged. */
void release_find_cover(struct release *release, const char *folder);

#endif

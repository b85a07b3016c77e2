/* Finished mixes mastered together: one gain and one tone over all of them, so that they keep their
 * differences. One file is an album of one. Blocks. */
#ifndef WOODSHED_APPLIANCE_ALBUM_H
#define WOODSHED_APPLIANCE_ALBUM_H

#include "appliance/mastering.h"
#include "appliance/renditions.h"
#include "appliance/sessions.h"
#include "audio/soundfile.h"

struct album_track {
	const char *path;
	char *name;		      /* the file's, without its ending */
	char *title, *artist;	      /* of its tags, else NULL */
	uint64_t from, frames;	      /* in the album's mix */
	uint32_t rate;		      /* the file's own */
	struct meter_reading reading; /* of its master */
	struct translation_reading translation;
	struct renditions renditions;
};

struct album {
	const struct session *session;
	const char *session_path; /* NULL: the defaults */
	const char *out;
	double gap_s; /* of silence before each track but the first, in the cue sheet */
	struct album_track *tracks;
	size_t count;
	uint32_t rate; /* of the mix: the highest of the files' */
	struct scratch mix;
	struct soundfile *file; /* what the mix is still to be read from; NULL: it is all there */
	struct wav_draft draft;
	struct mastering mastering;
	double seconds; /* taken */
};

/* Looks at every file; each that cannot be mastered is said on standard error. -EINVAL if any. */
int album_open(struct album *album, char *const *paths, size_t count, struct error *e) MUST_CHECK;

/* Masters them all into `out`, which is made: a file a track and format, report.json, and of several tracks
 * album.cue. */
int album_master(struct album *album, master_progress_fn progress, void *data, struct error *e) MUST_CHECK;
void album_finish(struct album *album); /* a zeroed value is fine */

#endif

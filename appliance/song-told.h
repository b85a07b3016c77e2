/* What a render tells of its song: found in the take, beside what the session states, which wins. Blocks. */
#ifndef WOODSHED_APPLIANCE_SONG_TOLD_H
#define WOODSHED_APPLIANCE_SONG_TOLD_H

#include "appliance/hearing.h"
#include "appliance/song-match.h"

#include <jansson.h>

#define SONG_MIDI_FILE "song.mid"

struct song_told {
	struct hearing hearing;
	struct song_match *matches; /* one a song */
	bool listened;
};

/* Hears the take of `stems`, and matches it. Files (fingerprint.json and song.mid, which is of the first song
 * when there are several) go into `out`; `folder` is the take's. */
int song_told_make(struct song_told *told, const struct hearing_job *job, const char *folder, const char *out,
	struct error *e) MUST_CHECK;
void song_told_finish(struct song_told *told); /* a zeroed value is fine */

/* Gives `take` what was found and it did not have: markers of sections, where neither it nor the session has
 * any; a title, or titles of its songs. True where the title is new. */
bool song_told_apply(const struct song_told *told, const struct session *session, struct manifest *take);

/* The members `song` of a take that is one song and `songs` of one with several, for the report. */
void song_told_report(const struct song_told *told, const struct session *session,
	const struct manifest *take, json_t *report);

/* Tempo (0: not known) and key (NULL: not known; static or the session's) for tags. */
double song_told_tempo(const struct song_told *told, const struct song_config *config);
const char *song_told_key(const struct song_told *told, const struct song_config *config);

#endif

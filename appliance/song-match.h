/* Which song a take is: its fingerprints beside those of the other takes of its folder. Blocks on the disk.
 */
#ifndef WOODSHED_APPLIANCE_SONG_MATCH_H
#define WOODSHED_APPLIANCE_SONG_MATCH_H

#include "appliance/hearing.h"

#define FINGERPRINT_FILE "fingerprint.json"

/* The takes that are compared: the newest that have fingerprints. */
enum { MATCH_TAKES_MOST = 300 };

/* Of one song: what it is most like. */
struct song_match {
	char *take;	/* the other one's id; NULL: none is like it */
	uint64_t frame; /* of the song in that take */
	char *title;	/* the song's there; NULL: it has none */
	double likeness, confidence;
	int semitones; /* that this one is above it */
};

/* One match a song of the hearing, the caller's to finish: what is like it by at least SONG_SURE, one with a
 * title before one without. `folder` is the take's; its neighbours are the others. Takes that cannot be read
 * are passed over. */
struct song_match *song_matches(const struct hearing *hearing, const char *folder);
void song_matches_finish(struct song_match *matches, size_t count); /* NULL is fine */

/* Writes FOLDER/fingerprint.json: of each song its place in the take and its fingerprint. */
int song_fingerprints_save(const struct hearing *hearing, const char *folder, struct error *e) MUST_CHECK;

/* True for what recording calls a song before anyone knows its title: "song 3". */
bool song_unnamed(const char *label);

#endif

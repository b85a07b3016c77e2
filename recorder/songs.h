/* Finds the songs of a long take: where a band plays for a while, and where it rests. Pure: fed with the
 * loudness energy of 50 ms windows over all tracks, it answers with spans. A window counts as played when one
 * within a second of it stands `above` the noise floor (the quiet end of the take's windows), so the gaps
 * between beats do not. */
#ifndef WOODSHED_RECORDER_SONGS_H
#define WOODSHED_RECORDER_SONGS_H

#include "config/appliance.h"

#include <stddef.h>

#define SONGS_WINDOW_S 0.05

struct song_span {
	size_t first, end; /* windows; `end` is the one after the last */
};

/* `energy[i]` is the K-weighted mean square of window i, summed over the tracks (ITU-R BS.1770-5). Returns
 * how many songs there are; `*songs` is the caller's to free. */
size_t songs_find(
	const float *energy, size_t windows, const struct songs_config *config, struct song_span **songs);

/* The noise floor that songs_find takes, in LUFS. */
double songs_floor_lufs(const float *energy, size_t windows);

#endif

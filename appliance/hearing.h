/* Has the song of a take heard: its raw tracks on the take's timeline through the ears of listening/. Blocks.
 */
#ifndef WOODSHED_APPLIANCE_HEARING_H
#define WOODSHED_APPLIANCE_HEARING_H

#include "appliance/stems.h"
#include "listening/song.h"

/* More tracks than this tell nothing more: the loudest are heard. Of a song that is longer, its beginning is.
 */
enum { HEARING_TRACKS_MOST = 16, HEARING_SECONDS_MOST = 1800 };

/* One song of a take, and what was found in it. */
struct heard_song {
	uint64_t frame, frames; /* of the take */
	char *label;		/* of its marker; NULL: the take has none */
	struct song song;
	struct melody melody;
	bool has_melody;
};

struct hearing {
	struct heard_song *songs;
	size_t count;
	const char *melody_track; /* the session's name of it; NULL: none was chosen */
};

struct hearing_job {
	const struct stems *stems;		   /* opened; they stay where they are */
	unsigned jobs;				   /* threads; 0: one a core */
	void (*progress)(void *data, double done); /* NULL: nobody asks */
	void *data;
};

/* The same for any number of threads. */
int hearing_run(struct hearing *hearing, const struct hearing_job *job, struct error *e) MUST_CHECK;
void hearing_finish(struct hearing *hearing); /* a zeroed value is fine */

#endif

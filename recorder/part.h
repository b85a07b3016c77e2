/* The inside of a writer, and what its thread does with the part of the take that runs (part.c): place it on
 * the timeline, encode what has come, fill with silence what has not. Private to the writer; its thread only.
 */
#ifndef WOODSHED_RECORDER_PART_H
#define WOODSHED_RECORDER_PART_H

#include "recorder/bearing.h"
#include "recorder/clock-file.h"
#include "recorder/level.h"
#include "recorder/pace.h"
#include "recorder/tracks.h"
#include "recorder/watch.h"
#include "recorder/writer.h"

#include <pthread.h>

/* Where a stamp was put on the timeline. */
struct place {
	uint64_t frame;
	enum gap_cause cause; /* of the silence before it, if there is any */
	bool stray;	      /* at another rate than the timeline's: in no take of this writer */
};

/* What the take that is running needs, on the writer's thread. */
struct take_run {
	struct take_part *part;
	struct tracks *tracks;
	uint64_t mark;	 /* next stamp to encode */
	uint64_t offset; /* frames of it that are done */
	uint64_t losses; /* of the watch, that were told or lie before the take */
	struct clock_file *clock;
};

/* Frames that were not captured, as health counts them. Those of an interface that is away are counted as a
 * take is filled up with them, and not again when it is back and the timeline finds what is missing. */
struct silence {
	uint64_t frames, gaps; /* since the last round was published */
	uint64_t ahead;	       /* frames counted that the timeline has not come to */
};

/* Where the last take ended. */
struct past {
	bool placed;
	int64_t end; /* on the timeline */
};

struct writer {
	struct writer_config config;
	pthread_t thread;
	struct supplier supplier; /* of the syncer */

	/* The thread's own. */
	struct timeline timeline;
	struct pace pace;
	struct bearing bearing;
	struct place *places; /* one a slot of the tape's marks */
	uint64_t seen;	      /* marks */
	uint64_t released;    /* marks */
	bool strayed;	      /* the last one seen was at another rate */
	struct silence silence;
	struct watch watch;
	struct take_run run;
	struct past past;
	int64_t keep_ns;     /* needed by takes that have not been placed yet; INT64_MAX: nothing */
	struct level *fresh; /* levels of what was observed in this round */
	uint64_t fresh_frames;

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	bool stopping;
	bool called;		   /* to look at once */
	bool asked;		   /* by the syncer: what is on the tape shall be in the files */
	struct take_part *waiting; /* to begin, oldest first */
	int holds;
	int64_t held_from_ns; /* while there are holds */
	struct writer_status status;
	uint64_t newest_frame;	  /* on the timeline, at status.newest_ns */
	struct bearing_line line; /* of the timeline; `has_line`: there is one */
	bool has_line;
	struct level *levels; /* since somebody asked */
	uint64_t level_frames;
	struct level *told; /* what he was told */
	uint64_t told_frames;
	int64_t told_ns;
};

/* Opens the part's files; it becomes the one that runs. */
void part_begin(struct writer *writer, struct take_part *part);

/* One round: where that is asked for, is much, or is the last of it, whatever of the part can be written is
 * written; after the last of it, the part is done. */
void part_work(struct writer *writer, bool asked);

/* A part runs, and its frame 0 is known. */
bool part_placed(const struct writer *writer);

/* Closes every file whole. */
void part_close_tracks(struct writer *writer);

#endif

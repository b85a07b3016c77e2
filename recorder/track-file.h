/* The files of one track, one after the other: begun, ended where the disk failed, closed. Private to the
 * track; the writer's thread only. */
#ifndef WOODSHED_RECORDER_TRACK_FILE_H
#define WOODSHED_RECORDER_TRACK_FILE_H

#include "recorder/track.h"

struct track_file {
	const struct track_plan *plan;
	const struct track_room *room;
	struct flac_writer *writer; /* NULL: none at the moment */
	int number;		    /* of the last one that was begun, from 1 */
	uint64_t start;		    /* its first frame, of the take */
	uint64_t safe;		    /* while there is none: where the next one shall begin */
	int strikes;		    /* files in a row of which nothing became safe */
	int64_t retry_ns;
	bool full, given_up;
	bool unsafe;	      /* the last sync of the file before failed */
	char why[TRACK_TEXT]; /* the last failure */
};

/* Begins the next file if its time has come (`now_ns`; INT64_MAX: in any case). True if there is a new one,
 * to be written from `start` on. */
bool track_file_begin(struct track_file *file, int64_t now_ns);

/* Ends the file after `e` (its errno: `failure`). What is not known to be safe is to be written again. */
void track_file_fail(struct track_file *file, int failure, const struct error *e);

/* Ends it if the syncer could not sync it. */
void track_file_check(struct track_file *file);

/* Closes it whole and synced. False: it failed instead. */
bool track_file_close(struct track_file *file);

/* Says that the frames up to `end` that no file is sure to keep are lost, if there are any. */
void track_file_tell_loss(struct track_file *file, uint64_t end);

#endif

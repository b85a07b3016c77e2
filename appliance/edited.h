/* The edited tracks of a take as files, for who mixes elsewhere. Blocks. */
#ifndef WOODSHED_APPLIANCE_EDITED_H
#define WOODSHED_APPLIANCE_EDITED_H

#include "appliance/delivery.h"
#include "appliance/edits.h"

struct edited_file {
	char *name; /* within the folder: "edited/01-kick.flac" */
	struct delivery delivery;
};

struct edited {
	struct edits *edits; /* nothing of it read yet */
	const char *folder;
	unsigned jobs; /* threads; 0: one a core */
	/* Now and then, on any of the threads, but one at a time: how much is done (0 to 1). NULL: never. */
	void (*progress)(void *data, double done);
	void *data;
	struct edited_file *files; /* of edited_write: one a track */
};

/* Writes every track of the session into FOLDER/edited/, 24 bit, as long as the extent, without its fades,
 * which are the mix's. All files appear, each whole, once all are done; of those that were there before, what
 * has another name stays. Bit by bit the same for any number of threads. */
int edited_write(struct edited *edited, struct error *e) MUST_CHECK;
void edited_finish(struct edited *edited); /* a zeroed value is fine */

#endif

/* A master in every format that it is delivered in. What is lossy is decoded again, and made once more with
 * less level where the codec gave back peaks above full scale. Blocks. */
#ifndef WOODSHED_APPLIANCE_RENDITIONS_H
#define WOODSHED_APPLIANCE_RENDITIONS_H

#include "appliance/delivery.h"
#include "appliance/release.h"
#include "mastering/translation.h"

struct rendition {
	char *file;		      /* "master.mp3" */
	struct meter_reading reading; /* of what the file decodes to */
	double lowered_db;	      /* below the master, for the codec's peaks; 0 or more */
	uint32_t rate;
};

struct renditions {
	struct rendition list[MASTER_FORMATS];
	size_t count;
};

struct renditions_job {
	const char *folder, *name; /* "master": the files' names without their endings */
	unsigned formats;	   /* bits of enum master_format */
	uint32_t bits;		   /* of FLAC and WAV; the samples fit already */
	struct scratch *scratch;   /* the master, quantised */
	uint64_t from, frames;	   /* what part of it */
	uint32_t rate;
	struct meter_reading reading; /* of that part */
	const struct release *release;
};

/* The ending of a format's files: "flac", "wav", "mp3", "ogg", "opus". */
const char *renditions_ending(enum master_format format);

/* Each file appears whole or not at all. On failure some may be there. */
int renditions_make(
	struct renditions *renditions, const struct renditions_job *job, struct error *e) MUST_CHECK;
void renditions_finish(struct renditions *renditions); /* a zeroed value is fine */

/* Measures a part of a scratch: loudness, peaks and, if not NULL, translation. */
int renditions_measure(struct scratch *scratch, uint32_t rate, uint64_t from, uint64_t frames,
	struct meter_reading *reading, struct translation_reading *translation, struct error *e) MUST_CHECK;

#endif

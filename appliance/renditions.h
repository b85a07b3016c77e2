/* A master in every format that it is delivered in. What is lossy is decoded again, and made once more with
 * less level where the codec gave back peaks above full scale. Blocks. */
#ifndef WOODSHED_APPLIANCE_RENDITIONS_H
#define WOODSHED_APPLIANCE_RENDITIONS_H

#include "appliance/delivery.h"
#include "appliance/release.h"
#include "audio/soundfile.h"
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

/* A WAV file that is written while its master is made, and made again with each one. It has its name and all
 * that it says of itself only as a rendition. */
struct wav_draft {
	char *temporary;
	uint32_t bits, rate;
	struct soundfile *file; /* NULL: nothing was written */
	uint64_t frames;
};

/* What will be `name`.wav in `folder`. */
void wav_draft_init(
	struct wav_draft *draft, const char *folder, const char *name, uint32_t bits, uint32_t rate);
/* As a sink of masters: `data` is the draft. */
int wav_draft_restart(void *data, struct error *e) MUST_CHECK;
int wav_draft_write(void *data, const struct block *block, struct error *e) MUST_CHECK;
void wav_draft_finish(struct wav_draft *draft); /* drops what was not made use of; zeroed is fine */

struct renditions_job {
	const char *folder, *name; /* "master": the files' names without their endings */
	unsigned formats;	   /* bits of enum master_format */
	uint32_t bits;		   /* of FLAC and WAV; the samples fit already */
	struct scratch *scratch;   /* the master, quantised */
	uint64_t from, frames;	   /* what part of it */
	uint32_t rate;
	struct meter_reading reading; /* of that part */
	const struct release *release;
	struct wav_draft *draft; /* of the WAV file; NULL: none */
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

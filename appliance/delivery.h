/* A stereo programme on its way between the stages: 32-bit float in memory, and what is long, on the disk
 * without a name (a 24-bit sum stays exact, and a mix may pass full scale); and FLAC files that appear whole
 * or not at all. */
#ifndef WOODSHED_APPLIANCE_DELIVERY_H
#define WOODSHED_APPLIANCE_DELIVERY_H

#include "audio/flac.h"
#include "mastering/master.h"

#include <stdbool.h>

enum { SCRATCH_PARTS = 32 }; /* of 8 MiB (22 s at 48 kHz): 11 minutes */

struct scratch {
	int fd;
	uint64_t frames; /* written */
	uint64_t at;	 /* next to be read */
	float *parts[SCRATCH_PARTS];
	size_t part_count, parts_most;
	bool borrowed; /* all of it is another's */
};

/* With an unnamed file in `folder`, for what does not go into memory. */
int scratch_open(struct scratch *scratch, const char *folder, struct error *e) MUST_CHECK;
void scratch_close(struct scratch *scratch);
/* Another programme in the same place: writing is to stay behind what is read of `of`, which is to be whole,
 * and to outlive it. */
void scratch_borrow(struct scratch *scratch, const struct scratch *of);
/* Empties it. */
int scratch_restart(struct scratch *scratch, struct error *e) MUST_CHECK;
int scratch_write(struct scratch *scratch, const struct block *block, struct error *e) MUST_CHECK;

/* Up to BLOCK_FRAMES frames of it, from `at` on; none at its end. */
int scratch_read(struct scratch *scratch, struct block *block, struct error *e) MUST_CHECK;

/* The programme for master_solve and master_render; `scratch` must outlive it. */
struct master_source scratch_source(struct scratch *scratch, uint32_t rate);

/* A FLAC file under a temporary name. */
struct delivery {
	struct flac_writer *writer;
	char *path, *temporary;
	uint32_t bits, channels;
	uint64_t clipped;    /* samples that the word cannot hold: they are at full scale */
	uint64_t on_its_way; /* bytes of the file that were sent to the disk */
};

/* For blocks of the format's channels, at most BLOCK_CHANNELS. */
int delivery_open(struct delivery *delivery, const char *path, const struct flac_format *format,
	const struct flac_tag *tags, size_t tag_count, struct error *e) MUST_CHECK;
int delivery_write(struct delivery *delivery, const struct block *block, struct error *e) MUST_CHECK;

/* Completes the file and gives it its name, durably, in place of an older one. */
int delivery_publish(struct delivery *delivery, struct error *e) MUST_CHECK;

/* Drops what was not published; a zeroed value is fine. */
void delivery_close(struct delivery *delivery);

#endif

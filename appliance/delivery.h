/* A stereo programme on its way between the stages: 32-bit float on the disk without a name (a 24-bit sum
 * stays exact, and a mix may pass full scale), and FLAC files that appear whole or not at all. */
#ifndef WOODSHED_APPLIANCE_DELIVERY_H
#define WOODSHED_APPLIANCE_DELIVERY_H

#include "audio/flac.h"
#include "mastering/master.h"

struct scratch {
	int fd;
	uint64_t frames; /* written */
	uint64_t at;	 /* next to be read */
};

/* An unnamed file in `folder`. */
int scratch_open(struct scratch *scratch, const char *folder, struct error *e) MUST_CHECK;
void scratch_close(struct scratch *scratch);
/* Empties it. */
int scratch_restart(struct scratch *scratch, struct error *e) MUST_CHECK;
int scratch_write(struct scratch *scratch, const struct block *block, struct error *e) MUST_CHECK;

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

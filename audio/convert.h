/* To another rate, for delivery: libsoxr's very high quality (28 bits, linear phase), delay made up for. One
 * thread at a time. */
#ifndef WOODSHED_AUDIO_CONVERT_H
#define WOODSHED_AUDIO_CONVERT_H

#include "audio/block.h"
#include "common/error.h"

struct convert;

/* Takes what comes out, in blocks of at most BLOCK_FRAMES. 0 or negative errno, which the call hands on. */
struct convert_sink {
	int (*write)(void *data, const struct block *block, struct error *e);
	void *data;
};

/* Stereo, from one rate to another (Hz). -EINVAL or -ENOMEM. */
int convert_create(struct convert **convert, uint32_t from, uint32_t to, const struct convert_sink *sink,
	struct error *e) MUST_CHECK;
void convert_destroy(struct convert *convert); /* NULL is fine */

int convert_write(struct convert *convert, const struct block *block, struct error *e) MUST_CHECK;

/* Hands on what is still inside. In all, `frames` × to / from frames came out, rounded up or down. */
int convert_end(struct convert *convert, struct error *e) MUST_CHECK;

#endif

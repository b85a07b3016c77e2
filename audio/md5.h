/* MD5 (RFC 1321) of several streams at once: what FLAC keeps of the samples of each file. One stream alone
 * waits for itself, each step for the one before it; those of several files have nothing to wait for, and as
 * many as two vectors have lanes take little longer than one. For checksums, not against forgers. Pure. */
#ifndef WOODSHED_AUDIO_MD5_H
#define WOODSHED_AUDIO_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_LANES = 16, MD5_BLOCK = 64, MD5_SIZE = 16 };

struct md5 {
	uint32_t state[4];
	uint64_t bytes; /* so far */
	unsigned char rest[MD5_BLOCK];
};

/* What one stream is to hear next. */
struct md5_input {
	struct md5 *md5;
	const unsigned char *data;
	size_t size;
};

void md5_init(struct md5 *md5);

/* Of up to MD5_LANES streams, each its own. Fastest where all have much the same size. */
void md5_add(const struct md5_input *inputs, size_t count);

/* The same with samples of 24 bits, `frames` of each stream: three bytes each, the lowest first, as FLAC has
 * them. They are packed on the way, which costs less than beforehand. */
struct md5_samples {
	struct md5 *md5;
	const int32_t *samples;
};
void md5_add_24(const struct md5_samples *inputs, size_t count, size_t frames);

/* Ends the stream. */
void md5_finish(struct md5 *md5, unsigned char digest[MD5_SIZE]);

#endif

#include "appliance/delivery.h"

#include "audio/wide.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { COMPRESSION = 5, FRAME_BYTES = BLOCK_CHANNELS * sizeof(float) };

/* So much at a time sets out for the disk, which is else idle until the end and then all that is waited for.
 */
enum { WRITE_BYTES = 4 << 20 };

int scratch_open(struct scratch *scratch, const char *folder, struct error *e)
{
	*scratch = (struct scratch){.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
	if (scratch->fd >= 0)
		return 0;
	/* Not every file system has unnamed files. */
	char *path = file_join(folder, ".mix.XXXXXX");
	scratch->fd = mkostemp(path, O_CLOEXEC);
	int result = scratch->fd < 0 ? error_errno(e, errno, "%s", folder) : 0;
	if (scratch->fd >= 0)
		unlink(path);
	free(path);
	return result;
}

void scratch_close(struct scratch *scratch)
{
	if (scratch->fd >= 0)
		close(scratch->fd);
	scratch->fd = -1;
}

int scratch_restart(struct scratch *scratch, struct error *e)
{
	(void)e; /* what is there is written over */
	scratch->frames = scratch->at = 0;
	return 0;
}

int scratch_write(struct scratch *scratch, const struct block *block, struct error *e)
{
	float frames[BLOCK_FRAMES * BLOCK_CHANNELS];
	for (uint32_t i = 0; i < block->frames; i++)
		for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
			frames[i * BLOCK_CHANNELS + c] = (float)block->channel[c][i];
	const char *from = (const char *)frames;
	size_t left = block->frames * FRAME_BYTES;
	off_t at = (off_t)(scratch->frames * FRAME_BYTES);
	while (left > 0) {
		ssize_t n = pwrite(scratch->fd, from, left, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, errno, "the mix, on its way to the master");
		from += n;
		at += n;
		left -= (size_t)n;
	}
	scratch->frames += block->frames;
	return 0;
}

static int scratch_rewind(void *data, struct error *e)
{
	(void)e;
	struct scratch *scratch = data;
	scratch->at = 0;
	return 0;
}

static int scratch_read(void *data, struct block *block, struct error *e)
{
	struct scratch *scratch = data;
	uint64_t left = scratch->frames - scratch->at;
	uint32_t frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES;
	float samples[BLOCK_FRAMES * BLOCK_CHANNELS];
	size_t bytes = frames * FRAME_BYTES;
	ssize_t n = pread(scratch->fd, samples, bytes, (off_t)(scratch->at * FRAME_BYTES));
	if (n != (ssize_t)bytes)
		return error_errno(e, n < 0 ? errno : EIO, "the mix, on its way to the master");
	for (uint32_t i = 0; i < frames; i++)
		for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
			block->channel[c][i] = (double)samples[i * BLOCK_CHANNELS + c];
	block->channels = BLOCK_CHANNELS;
	block->frames = frames;
	scratch->at += frames;
	return 0;
}

struct master_source scratch_source(struct scratch *scratch, uint32_t rate)
{
	return (struct master_source){
		.rate = rate,
		.frames = scratch->frames,
		.rewind = scratch_rewind,
		.read = scratch_read,
		.data = scratch,
	};
}

int delivery_open(struct delivery *delivery, const char *path, const struct flac_format *format,
	const struct flac_tag *tags, size_t tag_count, struct error *e)
{
	*delivery = (struct delivery){
		.path = memory_text(path), .bits = format->bits, .channels = format->channels};
	delivery->temporary = memory_format("%s.new", path);
	/* One that an interrupted render left. */
	unlink(delivery->temporary);
	int result = flac_writer_create(
		&delivery->writer, delivery->temporary, format, COMPRESSION, tags, tag_count, e);
	if (result < 0)
		delivery_close(delivery);
	return result;
}

/* Returns how many samples are held at full scale, which is `full`. */
WIDE static uint32_t quantise(const double *restrict from, double full, int32_t *restrict to, uint32_t frames)
{
	const double rounder = 6755399441055744.0; /* 1.5 * 2^52: what is added to it becomes whole */
	uint32_t clipped = 0;
	for (uint32_t i = 0; i < frames; i++) {
		/* Rounds halves to even; what is no number is as low as it gets. */
		double x = (from[i] * full + rounder) - rounder;
		double high = x > -full ? x : -full, held = high < full - 1 ? high : full - 1;
		clipped += x != held;
		to[i] = (int32_t)held;
	}
	return clipped;
}

int delivery_write(struct delivery *delivery, const struct block *block, struct error *e)
{
	int32_t samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	const double full = (double)(1U << (delivery->bits - 1));
	for (uint32_t c = 0; c < delivery->channels; c++)
		delivery->clipped += quantise(block->channel[c], full, samples[c], block->frames);
	const int32_t *channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = flac_writer_write(delivery->writer, channels, block->frames, e);
	uint64_t bytes = flac_writer_bytes(delivery->writer);
	if (bytes - delivery->on_its_way >= WRITE_BYTES) {
		flac_writer_start_sync(delivery->writer);
		delivery->on_its_way = bytes;
	}
	return result;
}

int delivery_publish(struct delivery *delivery, struct error *e)
{
	int result = flac_writer_finish(delivery->writer, e);
	flac_writer_destroy(delivery->writer);
	delivery->writer = NULL;
	if (result == 0)
		result = file_publish(delivery->temporary, delivery->path, e);
	if (result < 0)
		return result;
	free(delivery->temporary);
	delivery->temporary = NULL;
	return 0;
}

void delivery_close(struct delivery *delivery)
{
	flac_writer_destroy(delivery->writer);
	if (delivery->temporary)
		unlink(delivery->temporary);
	free(delivery->temporary);
	free(delivery->path);
	*delivery = (struct delivery){0};
}

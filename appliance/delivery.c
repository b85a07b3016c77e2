#include "appliance/delivery.h"

#include "audio/wide.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COMPRESSION = 5, FRAME_BYTES = BLOCK_CHANNELS * sizeof(float), PART_BYTES = 1 << 23 };

static const uint64_t part_frames = PART_BYTES / FRAME_BYTES;

/* ---- memory, as far as it goes ---- */

/* No more than a 32nd of the machine's, for there are several scratches, and recording comes first. */
static size_t parts_most(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
	uint64_t share = pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes / 32 : 0;
	uint64_t parts = share / PART_BYTES;
	return parts < SCRATCH_PARTS ? (size_t)parts : SCRATCH_PARTS;
}

/* Where there is none left, the disk has room. */
static void add_part(struct scratch *scratch)
{
	void *part = mmap(NULL, PART_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (part == MAP_FAILED) {
		scratch->parts_most = scratch->part_count;
		return;
	}
	madvise(part, PART_BYTES, MADV_HUGEPAGE); /* else thousands of faults; only a wish */
	scratch->parts[scratch->part_count++] = part;
}

/* The place of a frame in memory, and to how many of `*frames` it goes on; NULL: they are in the file. */
static float *place_of(const struct scratch *scratch, uint64_t frame, uint32_t *frames)
{
	uint64_t part = frame / part_frames, within = frame % part_frames, left = part_frames - within;
	if (part >= scratch->part_count)
		return NULL;
	*frames = left < *frames ? (uint32_t)left : *frames;
	return scratch->parts[part] + within * BLOCK_CHANNELS;
}

/* ---- scratches ---- */

/* So much at a time sets out for the disk, which is else idle until the end and then all that is waited for.
 */
enum { WRITE_BYTES = 4 << 20 };

int scratch_open(struct scratch *scratch, const char *folder, struct error *e)
{
	*scratch = (struct scratch){
		.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), .parts_most = parts_most()};
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
	if (scratch->fd >= 0 && !scratch->borrowed)
		close(scratch->fd);
	while (scratch->part_count > 0 && !scratch->borrowed)
		munmap(scratch->parts[--scratch->part_count], PART_BYTES);
	scratch->fd = -1;
}

void scratch_borrow(struct scratch *scratch, const struct scratch *of)
{
	*scratch = *of;
	scratch->borrowed = true;
	scratch->frames = scratch->at = 0;
	scratch->parts_most = scratch->part_count;
}

int scratch_restart(struct scratch *scratch, struct error *e)
{
	(void)e; /* what is there is written over */
	scratch->frames = scratch->at = 0;
	return 0;
}

static void interleave(float *restrict to, const struct block *block, uint32_t from, uint32_t frames)
{
	const double *left = block->channel[0] + from, *right = block->channel[1] + from;
	for (uint32_t i = 0; i < frames; i++) {
		to[BLOCK_CHANNELS * i] = (float)left[i];
		to[BLOCK_CHANNELS * i + 1] = (float)right[i];
	}
}

static int write_to_file(struct scratch *scratch, const struct block *block, uint32_t first, struct error *e)
{
	float frames[BLOCK_FRAMES * BLOCK_CHANNELS];
	interleave(frames, block, first, block->frames - first);
	const char *from = (const char *)frames;
	size_t left = (block->frames - first) * FRAME_BYTES;
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
	scratch->frames += block->frames - first;
	return 0;
}

int scratch_write(struct scratch *scratch, const struct block *block, struct error *e)
{
	for (uint32_t done = 0; done < block->frames;) {
		uint32_t n = block->frames - done;
		if (scratch->frames == scratch->part_count * part_frames &&
			scratch->part_count < scratch->parts_most)
			add_part(scratch);
		float *to = place_of(scratch, scratch->frames, &n);
		if (!to)
			return write_to_file(scratch, block, done, e);
		interleave(to, block, done, n);
		scratch->frames += n;
		done += n;
	}
	return 0;
}

static int rewind_scratch(void *data, struct error *e)
{
	(void)e;
	struct scratch *scratch = data;
	scratch->at = 0;
	return 0;
}

static int read_from_file(
	const struct scratch *scratch, float *samples, uint64_t at, uint32_t frames, struct error *e)
{
	size_t bytes = frames * FRAME_BYTES;
	ssize_t n = pread(scratch->fd, samples, bytes, (off_t)(at * FRAME_BYTES));
	return n == (ssize_t)bytes ? 0
				   : error_errno(e, n < 0 ? errno : EIO, "the mix, on its way to the master");
}

int scratch_read(struct scratch *scratch, struct block *block, struct error *e)
{
	uint64_t left = scratch->frames - scratch->at;
	uint32_t frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES, n;
	block->channels = BLOCK_CHANNELS;
	block->frames = frames;
	for (uint32_t done = 0; done < frames; done += n) {
		float held[BLOCK_FRAMES * BLOCK_CHANNELS];
		n = frames - done;
		const float *from = place_of(scratch, scratch->at + done, &n);
		int result = from ? 0 : read_from_file(scratch, held, scratch->at + done, n, e);
		if (result < 0)
			return result;
		from = from ? from : held;
		double *restrict to_left = block->channel[0] + done, *restrict to_right =
									     block->channel[1] + done;
		for (uint32_t i = 0; i < n; i++) {
			to_left[i] = (double)from[BLOCK_CHANNELS * i];
			to_right[i] = (double)from[BLOCK_CHANNELS * i + 1];
		}
	}
	scratch->at += frames;
	return 0;
}

static int read_scratch(void *data, struct block *block, struct error *e)
{
	return scratch_read(data, block, e);
}

struct master_source scratch_source(struct scratch *scratch, uint32_t rate)
{
	return (struct master_source){
		.rate = rate,
		.frames = scratch->frames,
		.rewind = rewind_scratch,
		.read = read_scratch,
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
WIDE static uint32_t make_words(
	const double *restrict from, double full, int32_t *restrict to, uint32_t frames)
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
		delivery->clipped += make_words(block->channel[c], full, samples[c], block->frames);
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

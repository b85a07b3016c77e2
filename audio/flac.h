/* FLAC files through libFLAC: raw tracks while they are recorded, mixes and masters. Samples are planar
 * 32-bit integers, right-justified (a 24-bit sample spans ±2^23). Any one thread at a time; blocks on the
 * disk. */
#ifndef WOODSHED_AUDIO_FLAC_H
#define WOODSHED_AUDIO_FLAC_H

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flac_format {
	uint32_t rate;	   /* Hz */
	uint32_t channels; /* 1 to 8 */
	uint32_t bits;	   /* 16 or 24 */
};

/* A Vorbis comment. */
struct flac_tag {
	const char *name, *value;
};

enum {
	FLAC_BLOCK = 4096, /* frames of audio in every FLAC frame that we write, but in the last */
	FLAC_HELD = 1 << 17,
};

struct flac_writer;

/* Starts a FLAC file at `path`, which must not exist (-EEXIST). `level` is libFLAC's compression level (0 to
 * 8). Until it is finished, the file's STREAMINFO says 0 total samples (unknown). `tags` may be NULL. The
 * same format, level, tags and samples give the same bytes. The name is durable after file_sync_folder_of. */
int flac_writer_create(struct flac_writer **writer, const char *path, const struct flac_format *format,
	int level, const struct flac_tag *tags, size_t tag_count, struct error *e) MUST_CHECK;

/* Encodes `frames` frames. A FLAC frame is whole as soon as the sample after its 4096 comes; whole frames
 * wait for flac_writer_flush, or until there are FLAC_HELD bytes of them, so what the kernel has always ends
 * at a frame's border. Samples out of the range of `bits` are the caller's fault (-EINVAL). After an error
 * the writer takes no more; the file keeps the whole FLAC frames that it had, which flac_writer_frames
 * counts. */
int flac_writer_write(struct flac_writer *writer, const int32_t *const *channels, size_t frames,
	struct error *e) MUST_CHECK;

/* The same for a file of several that grow together, which costs less than one by one: their MD5s are made at
 * once. */
struct flac_share {
	struct flac_writer *writer;
	const int32_t *const *channels;
	int result; /* what flac_writer_write would have returned; `error` says why */
	struct error error;
};
void flac_write_shares(struct flac_share *shares, size_t count, size_t frames);

/* Gives the kernel the whole FLAC frames that there are. */
int flac_writer_flush(struct flac_writer *writer, struct error *e) MUST_CHECK;

/* Encodes the last partial frame and completes STREAMINFO (total samples, MD5). The descriptor stays open for
 * flac_writer_sync. After an error it returns that error, once STREAMINFO counts the frames that the file has
 * (without an MD5). */
int flac_writer_finish(struct flac_writer *writer, struct error *e) MUST_CHECK;

/* fdatasync. May be called from another thread than the writing one, at the same time. A failed sync is final
 * (fsyncgate: the kernel may have dropped the pages), so never ask again as if it could succeed. */
int flac_writer_sync(struct flac_writer *writer, struct error *e) MUST_CHECK;

/* Frames of audio that a sync has made safe, of those in whole FLAC frames, and the errno of a sync that
 * failed (0: none did). Any thread. */
uint64_t flac_writer_synced(const struct flac_writer *writer);
int flac_writer_sync_failed(const struct flac_writer *writer);

/* Has the kernel begin to write what it holds, without waiting for it: several files that are to be synced go
 * to the disk at once, not one after the other. Any thread. */
void flac_writer_start_sync(struct flac_writer *writer);

/* Bytes of whole FLAC frames (and the header) given to the kernel so far, and the frames of audio in them.
 * Any thread. */
uint64_t flac_writer_bytes(const struct flac_writer *writer);
uint64_t flac_writer_frames(const struct flac_writer *writer);

/* Closes the file as it is, finished or not, and frees the writer. NULL is fine. */
void flac_writer_destroy(struct flac_writer *writer);

struct flac_reader;

/* -EBADMSG for what is no FLAC file, -ENOTSUP for other than 16 and 24 bits. */
int flac_reader_open(struct flac_reader **reader, const char *path, struct error *e) MUST_CHECK;

/* The same for a recording that may have been cut off while it was being closed: what STREAMINFO counts is
 * not believed, so the last whole FLAC frame is the end. flac_reader_frames says 0. */
int flac_reader_open_recording(struct flac_reader **reader, const char *path, struct error *e) MUST_CHECK;
void flac_reader_close(struct flac_reader *reader); /* NULL is fine */

const struct flac_format *flac_reader_format(const struct flac_reader *reader);
uint64_t flac_reader_frames(const struct flac_reader *reader); /* 0: STREAMINFO does not say */

/* Fills up to `frames` frames of each channel. Returns the frames read (fewer only before the end or damage),
 * 0 at the end, -EBADMSG on damage (a bad CRC, missing or truncated frames), which the message locates, or
 * another negative errno where the disk failed. All sound frames come before the error, which stays until a
 * seek. Where STREAMINFO does not count the frames (a recording that was cut off), the last whole FLAC frame
 * is the end. */
int flac_reader_read(
	struct flac_reader *reader, int32_t *const *channels, size_t frames, struct error *e) MUST_CHECK;

/* Reads the value of the Vorbis comment `name` (any case) of the FLAC file `path`, shortened to `size` bytes
 * with its NUL. False where there is no such file or comment. */
bool flac_read_tag(const char *path, const char *name, char *value, size_t size);

/* Goes to a frame (0 to the file's frames). */
int flac_reader_seek(struct flac_reader *reader, uint64_t frame, struct error *e) MUST_CHECK;

/* Where the last FLAC frame that was decoded ends in the file: in a recording that was cut off and read to
 * its end, the bytes that are worth keeping. */
uint64_t flac_reader_whole_bytes(const struct flac_reader *reader);

#endif

#include "audio/flac.h"

#include "audio/md5.h"
#include "common/memory.h"

#include <FLAC/metadata.h>
#include <FLAC/stream_encoder.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exported since FLAC 1.2.1 and used by `flac --no-md5-sum`, but in no public header. Where a libFLAC has it
 * no more, that makes an MD5 that ours, the same, is written over. */
extern FLAC__bool FLAC__stream_encoder_set_do_md5(FLAC__StreamEncoder *encoder, FLAC__bool value)
	__attribute__((weak));

enum { MOST_CHANNELS = 8, MOST_BYTES = 3, PIECE = 3072, MD5_OFFSET = 26, MOST_HELD = 64 };

/* A whole FLAC frame that waits: where it ends among those that do, and its frames of audio. */
struct held {
	size_t end;
	uint64_t frames;
};

/* libFLAC keeps no state outside its encoders, so writers of several threads never meet. What the syncing
 * thread touches is the descriptor, which lives as long as the writer, and the atomics. */
struct flac_writer {
	FLAC__StreamEncoder *encoder;
	FLAC__StreamMetadata *comment; /* must outlive the encoder's use of it; NULL: libFLAC's own */
	char *path;
	int fd;
	struct flac_format format;
	struct md5 md5;	 /* of the samples; libFLAC's own is three times as slow */
	uint64_t offset; /* where libFLAC writes next */
	unsigned char
		*bytes_held; /* behind what the file has; room for FLAC_HELD, of which no frame needs all */
	size_t size_held;
	struct held held[MOST_HELD];
	size_t count_held;
	int failure; /* errno of the first failure; from then on nothing is written */
	bool finished;
	_Atomic uint64_t bytes;
	_Atomic uint64_t frames;
	_Atomic uint64_t synced; /* of them */
	_Atomic int sync_failure;
};

/* `*size` becomes what was written of it. */
static int write_at(int fd, const void *data, size_t *size, uint64_t offset)
{
	const char *rest = data;
	size_t left = *size;
	int failure = 0;
	while (left > 0 && !failure) {
		ssize_t n = pwrite(fd, rest, left, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			failure = n < 0 ? errno : EIO;
			continue;
		}
		rest += n;
		left -= (size_t)n;
		offset += (uint64_t)n;
	}
	*size -= left;
	return failure;
}

/* The file has the first `size` of the bytes held: as many FLAC frames as are whole in them. */
static void count_frames(struct flac_writer *writer, size_t size)
{
	size_t end = 0;
	for (size_t i = 0; i < writer->count_held && writer->held[i].end <= size; i++) {
		end = writer->held[i].end;
		atomic_fetch_add(&writer->frames, writer->held[i].frames);
	}
	atomic_fetch_add(&writer->bytes, end);
}

static int flush(struct flac_writer *writer)
{
	size_t size = writer->size_held;
	if (size == 0 || writer->failure)
		return writer->failure;
	writer->failure = write_at(writer->fd, writer->bytes_held, &size, atomic_load(&writer->bytes));
	count_frames(writer, size);
	writer->size_held = writer->count_held = 0;
	if (writer->failure) {
		/* A disk that filled up took a part of a frame: what stays must end at a frame's border. */
		int n = ftruncate(writer->fd, (off_t)atomic_load(&writer->bytes));
		(void)n;
	}
	return writer->failure;
}

/* Behind all that there is. */
static int append(struct flac_writer *writer, const FLAC__byte *data, size_t size, uint32_t frames)
{
	bool full = writer->size_held + size > FLAC_HELD || writer->count_held == MOST_HELD;
	if (full && flush(writer) != 0)
		return writer->failure;
	memcpy(writer->bytes_held + writer->size_held, data, size);
	writer->size_held += size;
	writer->held[writer->count_held++] = (struct held){writer->size_held, frames};
	return 0;
}

static FLAC__StreamEncoderWriteStatus on_write(const FLAC__StreamEncoder *encoder, const FLAC__byte data[],
	size_t size, uint32_t samples, uint32_t frame, void *client)
{
	(void)encoder, (void)frame;
	struct flac_writer *writer = client;
	if (writer->failure)
		return FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
	if (writer->offset == atomic_load(&writer->bytes) + writer->size_held)
		writer->failure = append(writer, data, size, samples);
	else
		writer->failure = write_at(writer->fd, data, &size, writer->offset);
	writer->offset += size;
	return writer->failure ? FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR
			       : FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

static FLAC__StreamEncoderSeekStatus on_seek(
	const FLAC__StreamEncoder *encoder, FLAC__uint64 offset, void *client)
{
	(void)encoder;
	struct flac_writer *writer = client;
	if (flush(writer) != 0)
		return FLAC__STREAM_ENCODER_SEEK_STATUS_ERROR;
	writer->offset = offset;
	return FLAC__STREAM_ENCODER_SEEK_STATUS_OK;
}

static FLAC__StreamEncoderTellStatus on_tell(
	const FLAC__StreamEncoder *encoder, FLAC__uint64 *offset, void *client)
{
	(void)encoder;
	const struct flac_writer *writer = client;
	*offset = writer->offset;
	return FLAC__STREAM_ENCODER_TELL_STATUS_OK;
}

static int make_comment(
	struct flac_writer *writer, const struct flac_tag *tags, size_t count, struct error *e)
{
	if (count == 0)
		return 0;
	writer->comment = FLAC__metadata_object_new(FLAC__METADATA_TYPE_VORBIS_COMMENT);
	if (!writer->comment)
		return error_errno(e, ENOMEM, "%s", writer->path);
	for (size_t i = 0; i < count; i++) {
		FLAC__StreamMetadata_VorbisComment_Entry entry;
		if (!FLAC__metadata_object_vorbiscomment_entry_from_name_value_pair(
			    &entry, tags[i].name, tags[i].value))
			return error_set(
				e, EINVAL, "%s: the tag %s cannot be written", writer->path, tags[i].name);
		if (!FLAC__metadata_object_vorbiscomment_append_comment(writer->comment, entry, false)) {
			free(entry.entry);
			return error_errno(e, ENOMEM, "%s", writer->path);
		}
	}
	return 0;
}

static bool configure(struct flac_writer *writer, const struct flac_format *format, int level)
{
	FLAC__StreamEncoder *encoder = writer->encoder;
	/* The level sets a block size of its own, so it comes first. */
	return level >= 0 && FLAC__stream_encoder_set_compression_level(encoder, (uint32_t)level) &&
	       FLAC__stream_encoder_set_streamable_subset(encoder, true) &&
	       (!FLAC__stream_encoder_set_do_md5 || FLAC__stream_encoder_set_do_md5(encoder, false)) &&
	       FLAC__stream_encoder_set_blocksize(encoder, FLAC_BLOCK) &&
	       FLAC__stream_encoder_set_channels(encoder, format->channels) &&
	       FLAC__stream_encoder_set_bits_per_sample(encoder, format->bits) &&
	       FLAC__stream_encoder_set_sample_rate(encoder, format->rate) &&
	       (!writer->comment || FLAC__stream_encoder_set_metadata(encoder, &writer->comment, 1));
}

static int start(struct flac_writer *writer, const struct flac_format *format, int level, struct error *e)
{
	writer->encoder = FLAC__stream_encoder_new();
	if (!writer->encoder)
		return error_errno(e, ENOMEM, "%s", writer->path);
	if ((format->bits != 16 && format->bits != 24) || format->rate == 0 ||
		!configure(writer, format, level))
		return error_set(e, EINVAL,
			"%s: not a format for FLAC: %u channels, %u bits, %u Hz, level %d", writer->path,
			format->channels, format->bits, format->rate, level);
	FLAC__StreamEncoderInitStatus status =
		FLAC__stream_encoder_init_stream(writer->encoder, on_write, on_seek, on_tell, NULL, writer);
	if (status == FLAC__STREAM_ENCODER_INIT_STATUS_OK && flush(writer) == 0)
		return 0;
	if (writer->failure)
		return error_errno(e, writer->failure, "%s", writer->path);
	return error_set(e, EINVAL, "%s: %s", writer->path, FLAC__StreamEncoderInitStatusString[status]);
}

int flac_writer_create(struct flac_writer **writer, const char *path, const struct flac_format *format,
	int level, const struct flac_tag *tags, size_t tag_count, struct error *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(e, errno, "%s", path);
	struct flac_writer *made = memory_new(sizeof(*made));
	made->fd = fd;
	made->path = memory_text(path);
	made->format = *format;
	made->bytes_held = memory_array(FLAC_HELD, 1);
	md5_init(&made->md5);
	int result = make_comment(made, tags, tag_count, e);
	if (result == 0)
		result = start(made, format, level, e);
	if (result < 0) {
		unlink(path);
		flac_writer_destroy(made);
		return result;
	}
	*writer = made;
	return 0;
}

/* After libFLAC refused: the disk, or samples that do not fit the word length. */
static int fail(struct flac_writer *writer, struct error *e)
{
	if (writer->failure)
		return error_errno(e, writer->failure, "%s", writer->path);
	writer->failure = EINVAL;
	return error_set(e, EINVAL, "%s: the encoder refused: %s", writer->path,
		FLAC__stream_encoder_get_resolved_state_string(writer->encoder));
}

/* ---- samples ---- */

/* As FLAC's MD5 has them: interleaved, little endian, in as few bytes as they fit. Returns how many. */
static size_t pack(const struct flac_writer *writer, const int32_t *const *channels, size_t at, size_t frames,
	unsigned char *out)
{
	size_t channel_count = writer->format.channels, width = writer->format.bits / 8;
	for (size_t c = 0; c < channel_count; c++) {
		const int32_t *samples = channels[c] + at;
		unsigned char *to = out + c * width;
		for (size_t i = 0; i < frames; i++, to += channel_count * width) {
			uint32_t sample = (uint32_t)samples[i];
			to[0] = (unsigned char)sample;
			to[1] = (unsigned char)(sample >> 8);
			if (width == MOST_BYTES)
				to[2] = (unsigned char)(sample >> 16);
		}
	}
	return frames * channel_count * width;
}

/* Of one channel of 24 bits each, which most files are. */
static bool digest_alone(const struct flac_share *shares, size_t count, size_t frames)
{
	struct md5_samples inputs[MD5_LANES];
	for (size_t k = 0; k < count; k++) {
		const struct flac_format *format = &shares[k].writer->format;
		if (format->channels != 1 || format->bits / 8 != MOST_BYTES)
			return false;
		inputs[k] = (struct md5_samples){&shares[k].writer->md5, shares[k].channels[0]};
	}
	md5_add_24(inputs, count, frames);
	return true;
}

/* The mix and the master are two channels of 24 bits. */
static bool is_stereo_24(const struct flac_format *format)
{
	return format->channels == 2 && format->bits / 8 == MOST_BYTES;
}

static void digest_stereo_24(const struct flac_share *share, size_t frames)
{
	enum { STEP = 512 };
	int32_t pairs[2 * STEP];
	for (size_t at = 0, step; at < frames; at += step) {
		const int32_t *left = share->channels[0] + at, *right = share->channels[1] + at;
		const struct md5_samples input = {&share->writer->md5, pairs};
		step = frames - at < STEP ? frames - at : STEP;
		for (size_t i = 0; i < step; i++) {
			pairs[2 * i] = left[i];
			pairs[2 * i + 1] = right[i];
		}
		md5_add_24(&input, 1, 2 * step);
	}
}

/* Of up to MD5_LANES shares. */
static void digest(const struct flac_share *shares, size_t count, size_t frames)
{
	unsigned char bytes[MD5_LANES][PIECE];
	enum { STEP = PIECE / MOST_BYTES / MOST_CHANNELS };
	size_t step = 0;
	if (count == 0 || digest_alone(shares, count, frames))
		return;
	if (count == 1 && is_stereo_24(&shares->writer->format)) {
		digest_stereo_24(shares, frames);
		return;
	}
	for (size_t at = 0; at < frames; at += step) {
		struct md5_input inputs[MD5_LANES];
		step = frames - at < STEP ? frames - at : STEP;
		for (size_t k = 0; k < count; k++) {
			struct flac_writer *writer = shares[k].writer;
			size_t size = pack(writer, shares[k].channels, at, step, bytes[k]);
			inputs[k] = (struct md5_input){&writer->md5, bytes[k], size};
		}
		md5_add(inputs, count);
	}
}

static void encode(struct flac_share *share, size_t frames)
{
	struct flac_writer *writer = share->writer;
	share->result = 0;
	if (!writer->failure && (writer->finished || frames > UINT32_MAX))
		share->result = error_set(
			&share->error, EINVAL, "%s: cannot take %zu more frames", writer->path, frames);
	else if (writer->failure || (frames > 0 && !FLAC__stream_encoder_process(writer->encoder,
							   share->channels, (uint32_t)frames)))
		share->result = fail(writer, &share->error);
}

void flac_write_shares(struct flac_share *shares, size_t count, size_t frames)
{
	for (size_t first = 0; first < count; first += MD5_LANES)
		digest(shares + first, count - first < MD5_LANES ? count - first : MD5_LANES, frames);
	for (size_t k = 0; k < count; k++)
		encode(&shares[k], frames);
}

int flac_writer_write(
	struct flac_writer *writer, const int32_t *const *channels, size_t frames, struct error *e)
{
	struct flac_share share = {.writer = writer, .channels = channels};
	flac_write_shares(&share, 1, frames);
	if (share.result < 0 && e)
		*e = share.error;
	return share.result;
}

int flac_writer_flush(struct flac_writer *writer, struct error *e)
{
	return flush(writer) == 0 ? 0 : fail(writer, e);
}

/* ---- the end ---- */

/* After a failure the encoder leaves STREAMINFO alone. Written over in place, which a full disk allows, its
 * 36 bits of total samples make the file whole as far as it goes; an MD5 of zeros says "not known" (RFC 9639,
 * section 8.2). */
static void count_what_is_there(const struct flac_writer *writer)
{
	enum { TOTAL_SAMPLES = 21, TOTAL_SIZE = 5 };
	uint64_t frames = atomic_load(&writer->frames);
	unsigned char field[TOTAL_SIZE];
	if (frames == 0 || pread(writer->fd, field, TOTAL_SIZE, TOTAL_SAMPLES) != TOTAL_SIZE)
		return;
	field[0] = (unsigned char)((field[0] & 0xf0U) | (frames >> 32 & 0xfU));
	for (unsigned i = 1; i < TOTAL_SIZE; i++)
		field[i] = (unsigned char)(frames >> (8 * (TOTAL_SIZE - 1 - i)) & 0xffU);
	size_t size = TOTAL_SIZE;
	int failure = write_at(writer->fd, field, &size, TOTAL_SAMPLES);
	(void)failure; /* the caller reports the first one */
}

static bool complete(struct flac_writer *writer)
{
	unsigned char sum[MD5_SIZE];
	size_t size = sizeof(sum);
	if (writer->failure || !FLAC__stream_encoder_finish(writer->encoder) || flush(writer) != 0)
		return false;
	md5_finish(&writer->md5, sum);
	writer->failure = write_at(writer->fd, sum, &size, MD5_OFFSET);
	return !writer->failure;
}

int flac_writer_finish(struct flac_writer *writer, struct error *e)
{
	bool completed = writer->finished || complete(writer);
	writer->finished = true;
	if (completed && !writer->failure)
		return 0;
	count_what_is_there(writer);
	return fail(writer, e);
}

int flac_writer_sync(struct flac_writer *writer, struct error *e)
{
	int failure = atomic_load(&writer->sync_failure);
	/* What is written while the sync goes on may miss it. */
	uint64_t frames = atomic_load(&writer->frames), known = atomic_load(&writer->synced);
	while (!failure && fdatasync(writer->fd) < 0) {
		if (errno != EINTR)
			failure = errno;
	}
	while (!failure && known < frames && !atomic_compare_exchange_weak(&writer->synced, &known, frames))
		;
	if (!failure)
		return 0;
	atomic_store(&writer->sync_failure, failure);
	return error_errno(e, failure, "%s: not safely on the disk", writer->path);
}

uint64_t flac_writer_synced(const struct flac_writer *writer)
{
	return atomic_load(&writer->synced);
}

int flac_writer_sync_failed(const struct flac_writer *writer)
{
	return atomic_load(&writer->sync_failure);
}

void flac_writer_start_sync(struct flac_writer *writer)
{
	/* Only a head start: flac_writer_sync tells of what fails. */
	if (!atomic_load(&writer->sync_failure))
		sync_file_range(writer->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

uint64_t flac_writer_bytes(const struct flac_writer *writer)
{
	return atomic_load(&writer->bytes);
}

uint64_t flac_writer_frames(const struct flac_writer *writer)
{
	return atomic_load(&writer->frames);
}

void flac_writer_destroy(struct flac_writer *writer)
{
	if (!writer)
		return;
	/* Deleting an encoder that runs writes nothing more. */
	if (writer->encoder)
		FLAC__stream_encoder_delete(writer->encoder);
	if (writer->comment)
		FLAC__metadata_object_delete(writer->comment);
	close(writer->fd);
	free(writer->bytes_held);
	free(writer->path);
	free(writer);
}

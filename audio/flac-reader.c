#include "audio/flac.h"

#include "common/memory.h"

#include <FLAC/metadata.h>
#include <FLAC/stream_decoder.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD = 1 << 15 }; /* libFLAC asks for 8 KiB at a time; the kernel is asked for four times that */

struct flac_reader {
	FLAC__StreamDecoder *decoder;
	char *path;
	int fd;
	uint64_t offset;   /* of the next byte for libFLAC */
	uint64_t length;   /* of the file, when it was last looked at */
	uint64_t ahead_at; /* where what was read ahead begins in the file */
	size_t ahead_size;
	unsigned char ahead[AHEAD];
	struct flac_format format;
	uint64_t frames;
	bool recording;	   /* STREAMINFO's count is not to be believed */
	int32_t *block;	   /* the FLAC frame decoded last, planar: channel c begins at c * block_room */
	size_t block_room; /* frames a channel */
	size_t block_next, block_end; /* what of it was not yet asked for */
	uint64_t position;	      /* of the next frame that the decoder gives */
	uint64_t whole_bytes;
	bool at_end; /* libFLAC asked for more than the file has, for a frame that began at `position` */
	bool torn;   /* and found that frame broken: damage only if another frame follows */
	int failure; /* negative errno, with its message, until a seek */
	struct error message;
};

static void damage(struct flac_reader *reader, const char *what)
{
	if (!reader->failure)
		reader->failure = error_set(&reader->message, EBADMSG, "%s: damaged at frame %llu: %s",
			reader->path, (unsigned long long)reader->position, what);
}

/* libFLAC stops at STREAMINFO's count, so that is made 0 (unknown) on its way in. */
static void hide_count(const struct flac_reader *reader, FLAC__byte data[], size_t size)
{
	enum {
		COUNT_AT = 21,
		COUNT_END = 26
	}; /* its first byte shares its upper half with the word length */
	for (uint64_t at = COUNT_AT; reader->recording && at < COUNT_END; at++) {
		if (at >= reader->offset && at - reader->offset < size)
			data[at - reader->offset] &= at == COUNT_AT ? 0xf0 : 0;
	}
}

/* As pread, but past what was read ahead. */
static ssize_t read_ahead(struct flac_reader *reader, FLAC__byte data[], size_t size)
{
	if (reader->offset < reader->ahead_at || reader->offset >= reader->ahead_at + reader->ahead_size) {
		ssize_t n;
		do
			n = pread(reader->fd, reader->ahead, AHEAD, (off_t)reader->offset);
		while (n < 0 && errno == EINTR);
		reader->ahead_at = reader->offset;
		reader->ahead_size = n > 0 ? (size_t)n : 0;
		if (n <= 0)
			return n;
	}
	size_t from = (size_t)(reader->offset - reader->ahead_at), left = reader->ahead_size - from;
	size_t count = size < left ? size : left;
	memcpy(data, reader->ahead + from, count);
	return (ssize_t)count;
}

static FLAC__StreamDecoderReadStatus on_read(
	const FLAC__StreamDecoder *decoder, FLAC__byte data[], size_t *size, void *client)
{
	(void)decoder;
	struct flac_reader *reader = client;
	/* Else libFLAC would search the rest of a damaged or foreign file for a frame. */
	if (reader->failure)
		return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
	ssize_t n = read_ahead(reader, data, *size);
	if (n < 0) {
		reader->failure = error_errno(&reader->message, errno, "%s", reader->path);
		return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
	}
	*size = (size_t)n;
	hide_count(reader, data, *size);
	reader->offset += (uint64_t)n;
	return n == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM
		      : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

static FLAC__StreamDecoderSeekStatus on_seek(
	const FLAC__StreamDecoder *decoder, FLAC__uint64 offset, void *client)
{
	(void)decoder;
	struct flac_reader *reader = client;
	reader->offset = offset;
	return FLAC__STREAM_DECODER_SEEK_STATUS_OK;
}

static FLAC__StreamDecoderTellStatus on_tell(
	const FLAC__StreamDecoder *decoder, FLAC__uint64 *offset, void *client)
{
	(void)decoder;
	const struct flac_reader *reader = client;
	*offset = reader->offset;
	return FLAC__STREAM_DECODER_TELL_STATUS_OK;
}

static FLAC__StreamDecoderLengthStatus on_length(
	const FLAC__StreamDecoder *decoder, FLAC__uint64 *length, void *client)
{
	(void)decoder;
	struct flac_reader *reader = client;
	struct stat status;
	if (fstat(reader->fd, &status) < 0)
		return FLAC__STREAM_DECODER_LENGTH_STATUS_ERROR;
	*length = reader->length = (FLAC__uint64)status.st_size;
	return FLAC__STREAM_DECODER_LENGTH_STATUS_OK;
}

/* libFLAC asks before each read, thus only when it needs more. */
static FLAC__bool on_eof(const FLAC__StreamDecoder *decoder, void *client)
{
	FLAC__uint64 length;
	struct flac_reader *reader = client;
	if (reader->offset < reader->length)
		return false;
	bool known = on_length(decoder, &length, client) == FLAC__STREAM_DECODER_LENGTH_STATUS_OK;
	bool ended = known && reader->offset >= length;
	reader->at_end = reader->at_end || ended;
	return ended;
}

static void on_metadata(
	const FLAC__StreamDecoder *decoder, const FLAC__StreamMetadata *metadata, void *client)
{
	(void)decoder;
	struct flac_reader *reader = client;
	if (metadata->type != FLAC__METADATA_TYPE_STREAMINFO)
		return;
	const FLAC__StreamMetadata_StreamInfo *info = &metadata->data.stream_info;
	if (reader->format.channels > 0)
		damage(reader, "more than one STREAMINFO");
	reader->format = (struct flac_format){
		.rate = info->sample_rate, .channels = info->channels, .bits = info->bits_per_sample};
	reader->frames = info->total_samples;
}

/* When the end of the file cuts a frame off, libFLAC (since 1.4) goes back and looks for another one within
 * it. Where nobody counted the frames, that is how a recording ends and no damage. */
static void on_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *client)
{
	(void)decoder;
	struct flac_reader *reader = client;
	static const char *const reasons[] = {
		[FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC] = "no frame begins here",
		[FLAC__STREAM_DECODER_ERROR_STATUS_BAD_HEADER] = "bad frame header",
		[FLAC__STREAM_DECODER_ERROR_STATUS_FRAME_CRC_MISMATCH] = "bad checksum",
	};
	bool known = status < sizeof(reasons) / sizeof(reasons[0]);
	if (reader->at_end && reader->frames == 0)
		reader->torn = true;
	else
		damage(reader, known ? reasons[status] : "not decodable");
}

/* STREAMINFO may promise smaller blocks than come, so room is made for what comes. */
static bool make_room(struct flac_reader *reader, size_t frames)
{
	if (frames <= reader->block_room)
		return true;
	int32_t *grown = reallocarray(reader->block, frames * reader->format.channels, sizeof(*grown));
	if (!grown) {
		reader->failure = error_errno(&reader->message, ENOMEM, "%s", reader->path);
		return false;
	}
	reader->block = grown;
	reader->block_room = frames;
	return true;
}

/* One step of the decoder gives one block. Where it gives two, frames were missing, and the first is the
 * silence that libFLAC made up for them (since 1.4). */
static void take_back_silence(struct flac_reader *reader)
{
	reader->position -= reader->block_end;
	reader->block_end = 0;
	damage(reader, "frames are missing");
}

static FLAC__StreamDecoderWriteStatus on_write(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
	const FLAC__int32 *const channels[], void *client)
{
	struct flac_reader *reader = client;
	const FLAC__FrameHeader *header = &frame->header;
	const struct flac_format *format = &reader->format;
	if (reader->torn)
		damage(reader, "no frame begins here");
	else if (reader->block_end > 0)
		take_back_silence(reader);
	else if (header->channels != format->channels || header->bits_per_sample != format->bits ||
		 header->sample_rate != format->rate)
		damage(reader, "another format than the file's");
	else if (header->number.sample_number != reader->position)
		damage(reader, "frames are missing");
	/* libFLAC also hands over a frame whose checksum failed, as silence. */
	if (reader->failure || !make_room(reader, header->blocksize))
		return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
	for (size_t c = 0; c < format->channels; c++)
		memcpy(reader->block + c * reader->block_room, channels[c],
			header->blocksize * sizeof(*reader->block));
	reader->block_next = 0;
	reader->block_end = header->blocksize;
	reader->position += header->blocksize;
	FLAC__uint64 end;
	if (FLAC__stream_decoder_get_decode_position(decoder, &end))
		reader->whole_bytes = end;
	return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static int start(struct flac_reader *reader, struct error *e)
{
	reader->decoder = FLAC__stream_decoder_new();
	if (!reader->decoder || FLAC__stream_decoder_init_stream(reader->decoder, on_read, on_seek, on_tell,
					on_length, on_eof, on_write, on_metadata, on_error,
					reader) != FLAC__STREAM_DECODER_INIT_STATUS_OK)
		return error_errno(e, ENOMEM, "%s", reader->path);
	bool read = FLAC__stream_decoder_process_until_end_of_metadata(reader->decoder);
	FLAC__StreamDecoderState state = FLAC__stream_decoder_get_state(reader->decoder);
	if (state == FLAC__STREAM_DECODER_MEMORY_ALLOCATION_ERROR)
		return error_errno(e, ENOMEM, "%s", reader->path);
	if (reader->failure && reader->failure != -EBADMSG)
		return error_set(e, reader->failure, "%s", reader->message.text);
	const struct flac_format *format = &reader->format;
	/* A file that ends within its header: what libFLAC says of it is not an error. */
	read = read && state != FLAC__STREAM_DECODER_END_OF_STREAM;
	if (!read || reader->failure || format->channels == 0)
		return error_set(e, EBADMSG, "%s: not a FLAC file", reader->path);
	if (format->bits != 16 && format->bits != 24)
		return error_set(e, ENOTSUP, "%s: %u bits a sample; 16 and 24 can be read", reader->path,
			format->bits);
	FLAC__stream_decoder_get_decode_position(reader->decoder, &reader->whole_bytes);
	return 0;
}

static int open_file(struct flac_reader **reader, const char *path, bool recording, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, errno, "%s", path);
	struct flac_reader *made = memory_new(sizeof(*made));
	made->fd = fd;
	made->path = memory_text(path);
	made->recording = recording;
	int result = start(made, e);
	if (result < 0) {
		flac_reader_close(made);
		return result;
	}
	*reader = made;
	return 0;
}

int flac_reader_open(struct flac_reader **reader, const char *path, struct error *e)
{
	return open_file(reader, path, false, e);
}

int flac_reader_open_recording(struct flac_reader **reader, const char *path, struct error *e)
{
	return open_file(reader, path, true, e);
}

void flac_reader_close(struct flac_reader *reader)
{
	if (!reader)
		return;
	if (reader->decoder)
		FLAC__stream_decoder_delete(reader->decoder);
	close(reader->fd);
	free(reader->block);
	free(reader->path);
	free(reader);
}

const struct flac_format *flac_reader_format(const struct flac_reader *reader)
{
	return &reader->format;
}

uint64_t flac_reader_frames(const struct flac_reader *reader)
{
	return reader->frames;
}

uint64_t flac_reader_whole_bytes(const struct flac_reader *reader)
{
	return reader->whole_bytes;
}

/* The stream stopped: fine where nobody counted (a recording that was cut off), else a truncated file. */
static void end_of_stream(struct flac_reader *reader)
{
	if (reader->frames > 0)
		damage(reader, "the file ends here");
}

/* Whatever else stops the decoder is the file's fault. */
static void stopped(struct flac_reader *reader, FLAC__StreamDecoderState state)
{
	if (state == FLAC__STREAM_DECODER_MEMORY_ALLOCATION_ERROR)
		reader->failure = error_errno(&reader->message, ENOMEM, "%s", reader->path);
	else
		damage(reader, FLAC__StreamDecoderStateString[state]);
}

/* Decodes the next FLAC frame into the block. False at the end and on failure. */
static bool decode_block(struct flac_reader *reader)
{
	reader->block_next = reader->block_end = 0;
	while (reader->block_end == 0 && !reader->failure) {
		if (reader->frames > 0 && reader->position >= reader->frames)
			return false;
		bool fine = FLAC__stream_decoder_process_single(reader->decoder);
		FLAC__StreamDecoderState state = FLAC__stream_decoder_get_state(reader->decoder);
		if (reader->block_end > 0 || reader->failure)
			continue;
		if (state == FLAC__STREAM_DECODER_END_OF_STREAM) {
			end_of_stream(reader);
			return false;
		}
		if (!fine)
			stopped(reader, state);
	}
	return !reader->failure;
}

int flac_reader_read(struct flac_reader *reader, int32_t *const *channels, size_t frames, struct error *e)
{
	if (frames > INT_MAX)
		frames = INT_MAX;
	size_t done = 0;
	while (done < frames) {
		if (reader->block_next == reader->block_end && !decode_block(reader))
			break;
		size_t count = reader->block_end - reader->block_next;
		if (count > frames - done)
			count = frames - done;
		for (size_t c = 0; c < reader->format.channels; c++)
			memcpy(channels[c] + done,
				reader->block + c * reader->block_room + reader->block_next,
				count * sizeof(**channels));
		reader->block_next += count;
		done += count;
	}
	/* What came before the damage is sound; the next call reports it. */
	if (done == 0 && reader->failure)
		return error_set(e, reader->failure, "%s", reader->message.text);
	return (int)done;
}

int flac_reader_seek(struct flac_reader *reader, uint64_t frame, struct error *e)
{
	if (reader->frames > 0 && frame > reader->frames)
		return error_set(e, EINVAL, "%s: has no frame %llu", reader->path, (unsigned long long)frame);
	reader->failure = 0;
	reader->torn = reader->at_end = false;
	reader->block_next = reader->block_end = 0;
	reader->position = frame;
	/* libFLAC refuses the end; decode_block knows it by the position. */
	if (reader->frames > 0 && frame == reader->frames)
		return 0;
	/* A decoder that aborted over damage has to be flushed before it seeks again. */
	if (FLAC__stream_decoder_flush(reader->decoder) &&
		FLAC__stream_decoder_seek_absolute(reader->decoder, frame) && !reader->failure)
		return 0;
	damage(reader, "cannot find this frame");
	return error_set(e, reader->failure, "%s", reader->message.text);
}

bool flac_read_tag(const char *path, const char *name, char *value, size_t size)
{
	FLAC__StreamMetadata *tags = NULL;
	if (!FLAC__metadata_get_tags(path, &tags))
		return false;
	int at = FLAC__metadata_object_vorbiscomment_find_entry_from(tags, 0, name);
	if (at >= 0) {
		const char *entry = (const char *)tags->data.vorbis_comment.comments[at].entry;
		snprintf(value, size, "%s", strchr(entry, '=') + 1);
	}
	FLAC__metadata_object_delete(tags);
	return at >= 0;
}

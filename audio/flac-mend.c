#include "audio/flac-mend.h"

#include "common/file.h"
#include "common/memory.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_CHANNELS = 8, MD5_SIZE = 16, COMPRESSION = 3 };

/* ---- what is there ---- */

/* FLAC's MD5 is that of the samples interleaved, little endian, in as few bytes as they fit. */
static int digest(struct flac_survey *survey, const int32_t *const *channels, size_t frames)
{
	unsigned char bytes[FLAC_BLOCK * 3];
	const struct flac_format *format = &survey->format;
	size_t width = format->bits / 8, used = 0;
	for (size_t i = 0; i < frames; i++) {
		for (uint32_t c = 0; c < format->channels; c++) {
			uint32_t sample = (uint32_t)channels[c][i];
			for (size_t b = 0; b < width; b++)
				bytes[used++] = (unsigned char)(sample >> (8 * b));
		}
		if (used + width * format->channels > sizeof(bytes) || i + 1 == frames) {
			if (!EVP_DigestUpdate(survey->md5, bytes, used))
				return -ENOMEM;
			used = 0;
		}
	}
	return 0;
}

static int decode(struct flac_survey *survey, struct flac_reader *reader, flac_heard_fn heard, void *data,
	struct error *e)
{
	int32_t *block = memory_array((size_t)FLAC_BLOCK * MOST_CHANNELS, sizeof(*block));
	int32_t *channels[MOST_CHANNELS];
	const int32_t *heard_channels[MOST_CHANNELS];
	for (size_t c = 0; c < MOST_CHANNELS; c++)
		heard_channels[c] = channels[c] = block + c * FLAC_BLOCK;
	int n;
	while ((n = flac_reader_read(reader, channels, FLAC_BLOCK, e)) > 0) {
		int result = digest(survey, heard_channels, (size_t)n);
		if (result == 0 && heard && !heard(data, heard_channels, (size_t)n))
			result = -ECANCELED;
		if (result < 0) {
			n = error_errno(e, result, "looking for what is sound");
			break;
		}
		survey->frames += (uint64_t)n;
	}
	free(block);
	return n == -EBADMSG ? 0 : n;
}

int flac_survey(
	struct flac_survey *survey, const char *path, flac_heard_fn heard, void *data, struct error *e)
{
	*survey = (struct flac_survey){0};
	struct flac_reader *reader;
	struct stat status;
	if (stat(path, &status) < 0)
		return error_errno(e, errno, "%s", path);
	survey->file_bytes = (uint64_t)status.st_size;
	int result = flac_reader_open_recording(&reader, path, e);
	if (result < 0)
		return result;
	survey->format = *flac_reader_format(reader);
	survey->md5 = EVP_MD_CTX_new();
	if (!survey->md5 || !EVP_DigestInit_ex(survey->md5, EVP_md5(), NULL))
		result = error_errno(e, ENOMEM, "%s", path);
	if (result == 0)
		result = decode(survey, reader, heard, data, e);
	survey->whole_bytes = flac_reader_whole_bytes(reader);
	flac_reader_close(reader);
	return result;
}

void flac_survey_finish(struct flac_survey *survey)
{
	EVP_MD_CTX_free(survey->md5);
	*survey = (struct flac_survey){0};
}

/* ---- FLAC frames of silence (RFC 9639, section 9) ---- */

static unsigned crc(const unsigned char *bytes, size_t count, unsigned bits, unsigned polynomial)
{
	unsigned value = 0, top = 1U << (bits - 1);
	for (size_t i = 0; i < count; i++) {
		value ^= (unsigned)bytes[i] << (bits - 8);
		for (int b = 0; b < 8; b++)
			value = value & top ? (value << 1) ^ polynomial : value << 1;
	}
	return value & ((top << 1) - 1);
}

/* The frame's number, coded as UTF-8 would code it. */
static size_t put_number(unsigned char *out, uint64_t number)
{
	if (number < 0x80) {
		out[0] = (unsigned char)number;
		return 1;
	}
	size_t rest = 1; /* bytes after the first, of six bits each */
	while (number >> (6 * rest + (6 - rest)))
		rest++;
	out[0] = (unsigned char)(0xff00U >> (rest + 1) | number >> (6 * rest));
	for (size_t i = 1; i <= rest; i++)
		out[i] = (unsigned char)(0x80 | (number >> (6 * (rest - i)) & 0x3f));
	return rest + 1;
}

static unsigned rate_code(uint32_t rate)
{
	static const uint32_t rates[] = {
		0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000};
	for (unsigned i = 1; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i] == rate)
			return i;
	return 0; /* as STREAMINFO says */
}

enum { SILENCE_MOST = 64 }; /* bytes of one such frame */

/* The block that begins at `first`, `frames` long: every channel a constant 0. */
static size_t put_silence(
	unsigned char *out, const struct flac_format *format, uint64_t first, uint32_t frames)
{
	enum { CODE_4096 = 12, CODE_16_BIT = 7, DEPTH_16 = 4, DEPTH_24 = 6 };
	bool full = frames == FLAC_BLOCK;
	size_t n = 0;
	out[n++] = 0xff;
	out[n++] = 0xf8;
	out[n++] = (unsigned char)((full ? CODE_4096 : CODE_16_BIT) << 4 | (int)rate_code(format->rate));
	out[n++] = (unsigned char)((int)(format->channels - 1) << 4 |
				   (format->bits == 16 ? DEPTH_16 : DEPTH_24) << 1);
	n += put_number(out + n, first / FLAC_BLOCK);
	if (!full) {
		out[n++] = (unsigned char)((frames - 1) >> 8);
		out[n++] = (unsigned char)(frames - 1);
	}
	out[n] = (unsigned char)crc(out, n, 8, 0x07);
	n++;
	size_t subframes = format->channels * (1 + (size_t)format->bits / 8);
	memset(out + n, 0, subframes);
	n += subframes;
	unsigned sum = crc(out, n, 16, 0x8005);
	out[n++] = (unsigned char)(sum >> 8);
	out[n++] = (unsigned char)sum;
	return n;
}

/* ---- mending ---- */

static int write_at(int fd, const unsigned char *bytes, size_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int add_silence(int fd, struct flac_survey *survey, uint64_t frames)
{
	static const int32_t zeros[FLAC_BLOCK];
	const int32_t *channels[MOST_CHANNELS];
	for (size_t c = 0; c < MOST_CHANNELS; c++)
		channels[c] = zeros;
	unsigned char bytes[256 * SILENCE_MOST];
	size_t used = 0;
	int result = 0;
	while (result == 0 && survey->frames < frames) {
		uint64_t rest = frames - survey->frames;
		uint32_t run = rest < FLAC_BLOCK ? (uint32_t)rest : (uint32_t)FLAC_BLOCK;
		used += put_silence(bytes + used, &survey->format, survey->frames, run);
		result = digest(survey, channels, run);
		survey->frames += run;
		if (result == 0 && (used + SILENCE_MOST > sizeof(bytes) || survey->frames == frames)) {
			result = write_at(fd, bytes, used, survey->whole_bytes);
			survey->whole_bytes += used;
			used = 0;
		}
	}
	return result;
}

/* STREAMINFO lies in the file's first sector, so the disk writes all of it or nothing. The sizes of the
 * smallest and the largest FLAC frame become "not known". */
static int seal(int fd, struct flac_survey *survey)
{
	enum { TYPE = 4, SIZES = 12, COUNT = 21, MD5 = 26, SIZE = 42 };
	unsigned char head[SIZE], sum[EVP_MAX_MD_SIZE];
	if (pread(fd, head, SIZE, 0) != SIZE || memcmp(head, "fLaC", TYPE) != 0 || (head[TYPE] & 0x7f) != 0)
		return -EBADMSG;
	if (!EVP_DigestFinal_ex(survey->md5, sum, NULL))
		return -ENOMEM;
	unsigned char whole[SIZE];
	memcpy(whole, head, SIZE);
	whole[COUNT] = (unsigned char)((head[COUNT] & 0xf0) | (survey->frames >> 32 & 0x0f));
	for (unsigned i = 1; i < MD5 - COUNT; i++)
		whole[COUNT + i] = (unsigned char)(survey->frames >> (8 * (MD5 - COUNT - 1 - i)));
	memcpy(whole + MD5, sum, MD5_SIZE);
	/* A file that was closed whole stays as it is, to the byte. */
	if (memcmp(whole, head, SIZE) == 0)
		return 0;
	memset(whole + SIZES, 0, 6);
	return write_at(fd, whole, SIZE, 0);
}

/* Every FLAC frame is of FLAC_BLOCK, as STREAMINFO says: a file of another block size, somebody else's or one
 * whose header is damaged, cannot go on with ours. */
static bool has_our_blocks(const char *path)
{
	enum { BLOCKS = 8 };
	static const unsigned char ours[] = {
		FLAC_BLOCK >> 8, FLAC_BLOCK & 0xff, FLAC_BLOCK >> 8, FLAC_BLOCK & 0xff};
	unsigned char blocks[sizeof(ours)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 && pread(fd, blocks, sizeof(blocks), BLOCKS) == (ssize_t)sizeof(blocks) &&
		    memcmp(blocks, ours, sizeof(ours)) == 0;
	if (fd >= 0)
		close(fd);
	return same;
}

static int mend_in_place(const char *path, struct flac_survey *survey, uint64_t frames, struct error *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, errno, "%s", path);
	int result = 0;
	if (survey->file_bytes > survey->whole_bytes && ftruncate(fd, (off_t)survey->whole_bytes) < 0)
		result = -errno;
	if (result == 0)
		result = add_silence(fd, survey, frames);
	if (result == 0)
		result = seal(fd, survey);
	/* Also where nothing was changed: a crash of the program alone leaves what the disk never got. */
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	close(fd);
	return result < 0 ? error_errno(e, result, "%s", path) : 0;
}

/* Copies the sound part (if `reader`), then adds silence. */
static int write_all(struct flac_writer *writer, struct flac_reader *reader, uint64_t sound, uint64_t frames,
	struct error *e)
{
	int32_t *block = memory_array((size_t)FLAC_BLOCK * MOST_CHANNELS, sizeof(*block));
	int32_t *channels[MOST_CHANNELS];
	const int32_t *written[MOST_CHANNELS];
	for (size_t c = 0; c < MOST_CHANNELS; c++)
		written[c] = channels[c] = block + c * FLAC_BLOCK;
	int result = 0;
	for (uint64_t done = 0; result >= 0 && done < frames;) {
		uint64_t rest = done < sound ? sound - done : frames - done;
		int run = rest < FLAC_BLOCK ? (int)rest : FLAC_BLOCK;
		if (done < sound)
			run = result = flac_reader_read(reader, channels, (size_t)run, e);
		else
			memset(block, 0, (size_t)FLAC_BLOCK * MOST_CHANNELS * sizeof(*block));
		if (done < sound && run == 0)
			result = error_set(e, EIO, "it reads otherwise than before");
		if (result >= 0)
			result = flac_writer_write(writer, written, (size_t)run, e);
		done += (uint64_t)(run > 0 ? run : 0);
	}
	free(block);
	return result < 0 ? result : 0;
}

static int write_anew(const char *path, const struct flac_survey *survey, uint64_t frames,
	const struct flac_tag *tags, size_t tag_count, struct error *e)
{
	char *temporary = memory_format("%s.new", path);
	struct flac_writer *writer = NULL;
	struct flac_reader *reader = NULL;
	unlink(temporary); /* one that was cut off */
	int result = flac_writer_create(&writer, temporary, &survey->format, COMPRESSION, tags, tag_count, e);
	if (result == 0 && survey->frames > 0)
		result = flac_reader_open_recording(&reader, path, e);
	if (result == 0)
		result = write_all(writer, reader, survey->frames, frames, e);
	if (result == 0)
		result = flac_writer_finish(writer, e);
	flac_writer_destroy(writer);
	flac_reader_close(reader);
	if (result == 0)
		result = file_publish(temporary, path, e);
	if (result < 0)
		unlink(temporary);
	free(temporary);
	return result;
}

int flac_mend(const char *path, struct flac_survey *survey, uint64_t frames, const struct flac_tag *tags,
	size_t tag_count, struct error *e)
{
	if (frames < survey->frames)
		return error_set(
			e, EINVAL, "%s: has more than %llu frames", path, (unsigned long long)frames);
	/* Nothing can follow a short FLAC frame: the numbers of the frames would not fit. */
	bool can_grow = survey->frames % FLAC_BLOCK == 0 && has_our_blocks(path);
	if (survey->md5 && !survey->apart && (frames == survey->frames || can_grow))
		return mend_in_place(path, survey, frames, e);
	return write_anew(path, survey, frames, tags, tag_count, e);
}

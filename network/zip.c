#include "network/zip.h"

#include "common/clock.h"
#include "common/memory.h"
#include "network/files.h"
#include "network/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	VERSION = 45, /* of the format: ZIP64 */
	EXTRA_ZIP64 = 1,
	LOCAL_SIZE = 30,
	LOCAL_EXTRA = 20,
	CENTRAL_SIZE = 46,
	CENTRAL_EXTRA = 28,
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	END_SIZE = 22,
	DOS_FIRST_YEAR = 1980,
	MODE_FILE = 0100644,
	MADE_ON_UNIX = 3,
	BLOCK_SIZE = 131072, /* read at a time */
};

#define IN_ZIP64 UINT32_C(0xffffffff) /* stands where the figure is in the ZIP64 part */

struct entry {
	char *path;
	uint64_t size, offset; /* of its local header */
	uint32_t crc32;
};

/* What an archive consists of, one after the other: text of ours, or a file. */
struct piece {
	uint64_t offset, size;
	const char *path; /* NULL: `bytes` */
	const unsigned char *bytes;
};

struct zip {
	char *folder;
	struct entry *entries;
	size_t entry_count;
	uint16_t dos_time, dos_date;
	unsigned char *text; /* headers, directory and end */
	size_t text_size;
	struct piece *pieces;
	size_t piece_count;
	uint64_t size;
	char etag[68];
	int fd; /* of the piece `open_piece`; negative: none */
	size_t open_piece;
};

/* --- Bytes, little-endian --- */

static void put(struct zip *zip, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		zip->text[zip->text_size++] = (unsigned char)(value >> (8 * i));
}

static void put_text(struct zip *zip, const char *text)
{
	size_t size = strlen(text);
	memcpy(zip->text + zip->text_size, text, size);
	zip->text_size += size;
}

/* --- Records --- */

/* What local and central headers have in common: from the version needed to the length of the extra field. */
static void put_description(struct zip *zip, const struct entry *entry, unsigned extra)
{
	put(zip, VERSION, 2);
	put(zip, 0, 2); /* flags: names are ASCII */
	put(zip, 0, 2); /* stored */
	put(zip, zip->dos_time, 2);
	put(zip, zip->dos_date, 2);
	put(zip, entry->crc32, 4);
	put(zip, IN_ZIP64, 4);
	put(zip, IN_ZIP64, 4);
	put(zip, strlen(entry->path), 2);
	put(zip, extra, 2);
}

static void put_sizes(struct zip *zip, const struct entry *entry, unsigned extra)
{
	put(zip, EXTRA_ZIP64, 2);
	put(zip, extra - 4, 2);
	put(zip, entry->size, 8);
	put(zip, entry->size, 8);
}

static void put_local(struct zip *zip, const struct entry *entry)
{
	put(zip, 0x04034b50, 4);
	put_description(zip, entry, LOCAL_EXTRA);
	put_text(zip, entry->path);
	put_sizes(zip, entry, LOCAL_EXTRA);
}

static void put_central(struct zip *zip, const struct entry *entry)
{
	put(zip, 0x02014b50, 4);
	put(zip, MADE_ON_UNIX << 8 | VERSION, 2);
	put_description(zip, entry, CENTRAL_EXTRA);
	put(zip, 0, 2); /* no comment */
	put(zip, 0, 2); /* of disk 0 */
	put(zip, 0, 2); /* binary */
	put(zip, (uint64_t)MODE_FILE << 16, 4);
	put(zip, IN_ZIP64, 4);
	put_text(zip, entry->path);
	put_sizes(zip, entry, CENTRAL_EXTRA);
	put(zip, entry->offset, 8);
}

static void put_end(struct zip *zip, uint64_t offset, uint64_t size)
{
	put(zip, 0x06064b50, 4);
	put(zip, END64_SIZE - 12, 8);
	put(zip, MADE_ON_UNIX << 8 | VERSION, 2);
	put(zip, VERSION, 2);
	put(zip, 0, 8); /* of disk 0, which has the directory too */
	put(zip, zip->entry_count, 8);
	put(zip, zip->entry_count, 8);
	put(zip, size, 8);
	put(zip, offset, 8);
	put(zip, 0x07064b50, 4);
	put(zip, 0, 4);
	put(zip, offset + size, 8);
	put(zip, 1, 4);
	put(zip, 0x06054b50, 4);
	put(zip, 0, 4);
	put(zip, UINT16_MAX, 2);
	put(zip, UINT16_MAX, 2);
	put(zip, IN_ZIP64, 4);
	put(zip, IN_ZIP64, 4);
	put(zip, 0, 2);
}

/* --- The plan --- */

static void set_time(struct zip *zip, int64_t utc_ns)
{
	time_t seconds = (time_t)(utc_ns / CLOCK_NSEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	int year = tm.tm_year + 1900 - DOS_FIRST_YEAR;
	zip->dos_time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
	zip->dos_date = (uint16_t)((year < 0 ? 0 : year) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
}

static int add_entry(struct zip *zip, const char *path, const struct hash *hash, struct error *e)
{
	if (hash->sha256[0] == '\0' || hash->crc32[0] == '\0')
		return error_set(e, EBUSY, "%s has no checksums yet", path);
	zip->entries[zip->entry_count++] = (struct entry){.path = memory_text(path),
		.size = hash->bytes,
		.crc32 = (uint32_t)strtoul(hash->crc32, NULL, 16)};
	return 0;
}

static int add_entries(struct zip *zip, const struct manifest *take, struct error *e)
{
	size_t count = 0;
	if (take->state == TAKE_RECORDING)
		return error_set(e, EBUSY, "take %s is still being recorded", take->id);
	for (size_t i = 0; i < take->track_count; i++)
		count += take_track_files(&take->tracks[i]);
	zip->entries = memory_array(count + 1, sizeof(*zip->entries));
	for (size_t i = 0; i < take->track_count; i++) {
		struct take_track *track = &take->tracks[i];
		for (size_t k = 0; k < take_track_files(track); k++) {
			int result = add_entry(
				zip, take_track_segment(track, k).file, take_track_hash(track, k), e);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

static void add_piece(struct zip *zip, uint64_t size, const char *path, const unsigned char *bytes)
{
	if (size == 0)
		return;
	zip->pieces[zip->piece_count++] = (struct piece){zip->size, size, path, bytes};
	zip->size += size;
}

/* From `begun` on in the text of the archive. */
static void add_text(struct zip *zip, size_t begun)
{
	add_piece(zip, zip->text_size - begun, NULL, zip->text + begun);
}

static void lay_out(struct zip *zip)
{
	size_t size = END64_SIZE + LOCATOR_SIZE + END_SIZE;
	for (size_t i = 0; i < zip->entry_count; i++)
		size += LOCAL_SIZE + LOCAL_EXTRA + CENTRAL_SIZE + CENTRAL_EXTRA +
			2 * strlen(zip->entries[i].path);
	zip->text = memory_new(size);
	zip->pieces = memory_array(2 * zip->entry_count + 1, sizeof(*zip->pieces));
	for (size_t i = 0; i < zip->entry_count; i++) {
		struct entry *entry = &zip->entries[i];
		size_t begun = zip->text_size;
		entry->offset = zip->size;
		put_local(zip, entry);
		add_text(zip, begun);
		add_piece(zip, entry->size, entry->path, NULL);
	}
	size_t begun = zip->text_size;
	uint64_t directory = zip->size;
	for (size_t i = 0; i < zip->entry_count; i++)
		put_central(zip, &zip->entries[i]);
	put_end(zip, directory, zip->text_size - begun);
	add_text(zip, begun);
}

/* Its text has every name, length and CRC-32; the SHA-256 of the tracks make it strong. */
static int set_etag(struct zip *zip, const struct manifest *take, struct error *e)
{
	size_t most = zip->text_size + zip->entry_count * sizeof(((struct hash *)0)->sha256);
	char *all = memory_new(most);
	size_t size = zip->text_size;
	memcpy(all, zip->text, size);
	for (size_t i = 0; i < take->track_count; i++) {
		for (size_t k = 0; k < take_track_files(&take->tracks[i]); k++) {
			const char *sha256 = take_track_hash(&take->tracks[i], k)->sha256;
			memcpy(all + size, sha256, strlen(sha256));
			size += strlen(sha256);
		}
	}
	struct hash hash;
	int result = hash_bytes(all, size, &hash, e);
	free(all);
	if (result == 0)
		snprintf(zip->etag, sizeof(zip->etag), "\"%s\"", hash.sha256);
	return result;
}

int zip_create(struct zip **zip, const char *takes, const char *id, struct error *e)
{
	struct manifest take = {0};
	struct zip *made = memory_new(sizeof(*made));
	made->fd = -1;
	int result = takefile_take(&take, &made->folder, takes, id, e);
	if (result == 0)
		result = add_entries(made, &take, e);
	if (result == 0) {
		set_time(made, take.started_ns);
		lay_out(made);
		result = set_etag(made, &take, e);
	}
	manifest_finish(&take);
	if (result < 0)
		zip_destroy(made);
	else
		*zip = made;
	return result;
}

void zip_destroy(void *data)
{
	struct zip *zip = data;
	if (!zip)
		return;
	if (zip->fd >= 0)
		close(zip->fd);
	for (size_t i = 0; i < zip->entry_count; i++)
		free(zip->entries[i].path);
	free(zip->entries);
	free(zip->pieces);
	free(zip->text);
	free(zip->folder);
	free(zip);
}

uint64_t zip_size(const struct zip *zip)
{
	return zip->size;
}

const char *zip_etag(const struct zip *zip)
{
	return zip->etag;
}

/* --- Reading --- */

/* The last piece that begins at or before `position`, which is within the archive. */
static size_t find_piece(const struct zip *zip, uint64_t position)
{
	size_t low = 0, high = zip->piece_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zip->pieces[middle].offset <= position)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int open_piece(struct zip *zip, size_t index)
{
	struct stat status;
	if (zip->fd >= 0 && zip->open_piece == index)
		return 0;
	if (zip->fd >= 0)
		close(zip->fd);
	zip->fd = file_open_beneath(zip->folder, zip->pieces[index].path, &status);
	if (zip->fd < 0)
		return zip->fd;
	zip->open_piece = index;
	return (uint64_t)status.st_size == zip->pieces[index].size ? 0 : -ESTALE;
}

ssize_t zip_read(struct zip *zip, uint64_t position, char *buffer, size_t size)
{
	if (position >= zip->size)
		return 0;
	size_t index = find_piece(zip, position);
	const struct piece *piece = &zip->pieces[index];
	uint64_t within = position - piece->offset;
	size_t count = piece->size - within < size ? (size_t)(piece->size - within) : size;
	if (!piece->path) {
		memcpy(buffer, piece->bytes + within, count);
		return (ssize_t)count;
	}
	int result = open_piece(zip, index);
	if (result < 0)
		return result;
	ssize_t got = pread(zip->fd, buffer, count, (off_t)within);
	if (got < 0)
		return -errno;
	return got > 0 ? got : -ESTALE;
}

/* --- The answer --- */

struct stretch {
	struct zip *zip;
	uint64_t first;
};

static ssize_t read_stretch(void *data, uint64_t position, char *buffer, size_t size)
{
	const struct stretch *stretch = data;
	ssize_t got = zip_read(stretch->zip, stretch->first + position, buffer, size);
	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stretch(void *data)
{
	struct stretch *stretch = data;
	zip_destroy(stretch->zip);
	free(stretch);
}

static struct MHD_Response *make_from_zip(void *data, uint64_t first, uint64_t count)
{
	struct stretch *stretch = memory_new(sizeof(*stretch));
	*stretch = (struct stretch){data, first};
	return MHD_create_response_from_callback(count, BLOCK_SIZE, read_stretch, stretch, free_stretch);
}

struct answer serve_zip(const struct request *request, struct zip *zip, const char *name)
{
	struct content content = {.size = zip->size,
		.etag = zip->etag,
		.type = "application/zip",
		.name = name,
		.make = make_from_zip,
		.drop = zip_destroy,
		.data = zip};
	return serve(request, &content);
}

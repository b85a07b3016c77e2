#include "takes/zip.h"

#include "audio/bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#define SIGNATURE_FILE 0x04034b50u
#define SIGNATURE_ENTRY 0x02014b50u
#define SIGNATURE_END 0x06054b50u
#define SIGNATURE_END64 0x06064b50u
#define SIGNATURE_LOCATOR64 0x07064b50u
#define TOO_LARGE UINT32_MAX

enum { VERSION_ZIP64 = 45, UTF8_NAMES = 1 << 11, DATE_1980_01_01 = 0x21, CHUNK = 1 << 20, EXTRA64_FILE = 20 };

struct member {
	char *name;
	uint64_t at, size;
	uint32_t crc;
};

struct zip {
	FILE *file;
	char *path;
	struct member *members;
	size_t count;
	uint64_t at; /* where the next byte goes */
};

static void add_le16(struct bytes *bytes, unsigned value)
{
	unsigned char two[] = {(unsigned char)value, (unsigned char)(value >> 8)};
	bytes_add(bytes, two, 2);
}

static void add_le64(struct bytes *bytes, uint64_t value)
{
	bytes_add_le32(bytes, (uint32_t)value);
	bytes_add_le32(bytes, (uint32_t)(value >> 32));
}

static int write_bytes(struct zip *zip, const void *data, size_t size, struct error *e)
{
	if (size > 0 && fwrite(data, 1, size, zip->file) != size)
		return error_errno(e, errno, "%s", zip->path);
	zip->at += size;
	return 0;
}

int zip_create(struct zip **zip, const char *path, struct error *e)
{
	struct zip *made = memory_new(sizeof(*made));
	made->path = memory_text(path);
	made->file = fopen(path, "wbe");
	if (!made->file) {
		int result = error_errno(e, errno, "%s", path);
		zip_destroy(made);
		return result;
	}
	*zip = made;
	return 0;
}

void zip_destroy(struct zip *zip)
{
	if (!zip)
		return;
	if (zip->file)
		fclose(zip->file);
	for (size_t i = 0; i < zip->count; i++)
		free(zip->members[i].name);
	free(zip->members);
	free(zip->path);
	free(zip);
}

/* What the header of a member and its entry in the directory share: flags, no compression, a fixed date. */
static void add_common(struct bytes *header, const struct member *member, bool large)
{
	add_le16(header, VERSION_ZIP64);
	add_le16(header, UTF8_NAMES);
	add_le16(header, 0);
	add_le16(header, 0);
	add_le16(header, DATE_1980_01_01);
	bytes_add_le32(header, member->crc);
	bytes_add_le32(header, large ? TOO_LARGE : (uint32_t)member->size);
	bytes_add_le32(header, large ? TOO_LARGE : (uint32_t)member->size);
	add_le16(header, (unsigned)strlen(member->name));
}

static int write_header(struct zip *zip, const struct member *member, struct error *e)
{
	struct bytes header = {0};
	bool large = member->size >= TOO_LARGE;
	bytes_add_le32(&header, SIGNATURE_FILE);
	add_common(&header, member, large);
	add_le16(&header, large ? EXTRA64_FILE : 0);
	bytes_add_text(&header, member->name);
	if (large) {
		add_le16(&header, 1);
		add_le16(&header, 16);
		add_le64(&header, member->size);
		add_le64(&header, member->size);
	}
	int result = write_bytes(zip, header.data, header.size, e);
	free(header.data);
	return result;
}

static struct member *new_member(struct zip *zip, const char *name)
{
	zip->members = memory_grow(zip->members, zip->count + 1, sizeof(*zip->members));
	struct member *member = &zip->members[zip->count++];
	*member = (struct member){.name = memory_text(name), .at = zip->at};
	return member;
}

int zip_add(struct zip *zip, const char *name, const void *data, size_t size, struct error *e)
{
	struct member *member = new_member(zip, name);
	member->size = size;
	member->crc = (uint32_t)crc32_z(0, data, size);
	int result = write_header(zip, member, e);
	return result < 0 ? result : write_bytes(zip, data, size, e);
}

/* Twice through the file: its checksum stands before it. */
static int read_through(FILE *from, int (*take)(void *to, const void *data, size_t size, struct error *e),
	void *to, const char *path, struct error *e)
{
	unsigned char *data = memory_array(CHUNK, 1);
	int result = 0;
	rewind(from);
	for (size_t n; result == 0 && (n = fread(data, 1, CHUNK, from)) > 0;)
		result = take(to, data, n, e);
	if (result == 0 && ferror(from))
		result = error_errno(e, EIO, "%s", path);
	free(data);
	return result;
}

static int sum_up(void *to, const void *data, size_t size, struct error *e)
{
	(void)e;
	struct member *member = to;
	member->crc = (uint32_t)crc32_z(member->crc, data, size);
	member->size += size;
	return 0;
}

static int copy(void *to, const void *data, size_t size, struct error *e)
{
	return write_bytes(to, data, size, e);
}

int zip_add_file(struct zip *zip, const char *name, const char *path, struct error *e)
{
	FILE *from = fopen(path, "rbe");
	if (!from)
		return error_errno(e, errno, "%s", path);
	struct member *member = new_member(zip, name);
	int result = read_through(from, sum_up, member, path, e);
	if (result == 0)
		result = write_header(zip, member, e);
	if (result == 0)
		result = read_through(from, copy, zip, path, e);
	fclose(from);
	return result;
}

static void add_entry(struct bytes *directory, const struct member *member)
{
	bool large = member->size >= TOO_LARGE, far = member->at >= TOO_LARGE;
	unsigned extra = (large ? 16u : 0) + (far ? 8u : 0);
	bytes_add_le32(directory, SIGNATURE_ENTRY);
	add_le16(directory, 3 << 8 | VERSION_ZIP64); /* made on Unix */
	add_common(directory, member, large);
	add_le16(directory, extra ? extra + 4 : 0);
	add_le16(directory, 0);
	add_le16(directory, 0);
	add_le16(directory, 0);
	bytes_add_le32(directory, 0100644u << 16);
	bytes_add_le32(directory, far ? TOO_LARGE : (uint32_t)member->at);
	bytes_add_text(directory, member->name);
	if (extra) {
		add_le16(directory, 1);
		add_le16(directory, extra);
	}
	if (large) {
		add_le64(directory, member->size);
		add_le64(directory, member->size);
	}
	if (far)
		add_le64(directory, member->at);
}

static void add_end64(struct bytes *directory, const struct zip *zip, uint64_t size)
{
	bytes_add_le32(directory, SIGNATURE_END64);
	add_le64(directory, 44); /* what follows */
	add_le16(directory, 3 << 8 | VERSION_ZIP64);
	add_le16(directory, VERSION_ZIP64);
	bytes_add_le32(directory, 0);
	bytes_add_le32(directory, 0);
	add_le64(directory, zip->count);
	add_le64(directory, zip->count);
	add_le64(directory, size);
	add_le64(directory, zip->at);
	bytes_add_le32(directory, SIGNATURE_LOCATOR64);
	bytes_add_le32(directory, 0);
	add_le64(directory, zip->at + size);
	bytes_add_le32(directory, 1);
}

static int write_directory(struct zip *zip, struct error *e)
{
	struct bytes directory = {0};
	for (size_t i = 0; i < zip->count; i++)
		add_entry(&directory, &zip->members[i]);
	uint64_t size = directory.size;
	bool far = zip->at >= TOO_LARGE;
	if (far)
		add_end64(&directory, zip, size);
	bytes_add_le32(&directory, SIGNATURE_END);
	add_le16(&directory, 0);
	add_le16(&directory, 0);
	add_le16(&directory, (unsigned)zip->count);
	add_le16(&directory, (unsigned)zip->count);
	bytes_add_le32(&directory, (uint32_t)size);
	bytes_add_le32(&directory, far ? TOO_LARGE : (uint32_t)zip->at);
	add_le16(&directory, 0);
	int result = write_bytes(zip, directory.data, directory.size, e);
	free(directory.data);
	return result;
}

int zip_finish(struct zip *zip, struct error *e)
{
	int result = write_directory(zip, e);
	if (result == 0 && (fflush(zip->file) != 0 || fsync(fileno(zip->file)) < 0))
		result = error_errno(e, errno, "%s", zip->path);
	zip_destroy(zip);
	return result;
}

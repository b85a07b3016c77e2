#include "takes/zip.h"

#include "takes/zip-records.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

struct zip {
	FILE *file;
	char *path;
	struct zip_member *members;
	size_t count;
	uint64_t at; /* where the next byte goes */
};

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

static int write_header(struct zip *zip, const struct zip_member *member, struct error *e)
{
	struct bytes header = {0};
	zip_put_header(&header, member);
	int result = write_bytes(zip, header.data, header.size, e);
	free(header.data);
	return result;
}

static struct zip_member *new_member(struct zip *zip, const char *name)
{
	zip->members = memory_grow(zip->members, zip->count + 1, sizeof(*zip->members));
	struct zip_member *member = &zip->members[zip->count++];
	*member = (struct zip_member){.name = memory_text(name), .at = zip->at};
	zip_set_time(member, 0); /* the same files give the same bytes */
	return member;
}

int zip_add(struct zip *zip, const char *name, const void *data, size_t size, struct error *e)
{
	struct zip_member *member = new_member(zip, name);
	member->size = size;
	member->crc = libdeflate_crc32(0, data, size);
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
	struct zip_member *member = to;
	member->crc = libdeflate_crc32(member->crc, data, size);
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
	struct zip_member *member = new_member(zip, name);
	int result = read_through(from, sum_up, member, path, e);
	if (result == 0)
		result = write_header(zip, member, e);
	if (result == 0)
		result = read_through(from, copy, zip, path, e);
	fclose(from);
	return result;
}

static int write_directory(struct zip *zip, struct error *e)
{
	struct bytes directory = {0};
	zip_put_directory(&directory, zip->members, zip->count, zip->at, false);
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

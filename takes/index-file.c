/* The file, in this machine's byte order: a header, the checksum of each block, then the blocks: BLOCK ids
 * each, every id in a slot of the same width, filled up with zeros. Read with pread and not mapped, since a
 * disk that fails under a mapping would take the whole program with it. */
#include "takes/index-file.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, BLOCK = 1024 /* ids */ };

static const char magic[8] = "WSTAKES"; /* with its NUL */

struct header {
	char magic[8];
	uint32_t version; /* read in the other byte order it is another version */
	uint32_t width;	  /* of a slot */
	uint64_t count;
	uint64_t device, inode;
	int64_t modified_ns, changed_ns;
	uint32_t table_crc;  /* of the blocks' checksums */
	uint32_t header_crc; /* of all before it */
};
_Static_assert(sizeof(struct header) == 64, "no padding, or its bytes would be checksummed too");

struct index_file {
	char *path;
	int fd;
	struct header header;
	uint32_t *checksums;
	char *block;
	size_t block_at; /* which one is in `block`; SIZE_MAX: none */
};

static uint32_t crc_of(const void *data, size_t size)
{
	return libdeflate_crc32(0, data, size);
}

static uint32_t header_crc(const struct header *header)
{
	return crc_of(header, offsetof(struct header, header_crc));
}

static size_t blocks_of(const struct header *header)
{
	return (size_t)((header->count + BLOCK - 1) / BLOCK);
}

static size_t table_size(const struct header *header)
{
	return blocks_of(header) * sizeof(uint32_t);
}

static char *path_of(const char *takes)
{
	return file_join(takes, ".index/ids");
}

/* ---- reading ---- */

static bool read_whole(int fd, void *data, size_t size, size_t offset)
{
	return pread(fd, data, size, (off_t)offset) == (ssize_t)size;
}

static bool header_fits(const struct header *header, const struct index_stamp *stamp, uint64_t size)
{
	const struct index_stamp kept = {
		header->device, header->inode, header->modified_ns, header->changed_ns, 0};
	return memcmp(header->magic, magic, sizeof(magic)) == 0 && header->version == VERSION &&
	       header->header_crc == header_crc(header) && header->width >= 2 &&
	       header->width <= INDEX_FILE_WIDTH + 1 && header->count < UINT32_MAX &&
	       size == sizeof(*header) + table_size(header) + header->count * header->width &&
	       index_stamp_equal(&kept, stamp);
}

static bool read_header(struct index_file *file, const char *takes)
{
	struct index_stamp stamp;
	struct stat status;
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
		index_stamp_read(&stamp, takes, NULL) < 0)
		return false;
	return read_whole(file->fd, &file->header, sizeof(file->header), 0) &&
	       header_fits(&file->header, &stamp, (uint64_t)status.st_size);
}

static bool read_table(struct index_file *file)
{
	size_t size = table_size(&file->header);
	file->checksums = malloc(size + 1);
	file->block = malloc((size_t)BLOCK * file->header.width);
	file->block_at = SIZE_MAX;
	return file->checksums && file->block &&
	       read_whole(file->fd, file->checksums, size, sizeof(file->header)) &&
	       crc_of(file->checksums, size) == file->header.table_crc;
}

struct index_file *index_file_open(const char *takes)
{
	struct index_file *file = memory_new(sizeof(*file));
	file->path = path_of(takes);
	if (read_header(file, takes) && read_table(file))
		return file;
	index_file_close(file);
	return NULL;
}

void index_file_close(struct index_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file->checksums);
	free(file->block);
	free(file->path);
	free(file);
}

size_t index_file_count(const struct index_file *file)
{
	return (size_t)file->header.count;
}

static bool read_block(struct index_file *file, size_t at)
{
	const struct header *header = &file->header;
	size_t first = at * BLOCK;
	size_t ids = header->count - first < BLOCK ? (size_t)header->count - first : BLOCK;
	size_t size = ids * header->width;
	size_t offset = sizeof(*header) + table_size(header) + first * header->width;
	file->block_at = SIZE_MAX;
	if (!read_whole(file->fd, file->block, size, offset) ||
		crc_of(file->block, size) != file->checksums[at])
		return false;
	file->block_at = at;
	return true;
}

const char *index_file_id(struct index_file *file, size_t i)
{
	size_t width = file->header.width;
	if (file->block_at != i / BLOCK && !read_block(file, i / BLOCK))
		return NULL;
	const char *id = file->block + i % BLOCK * width;
	return memchr(id, '\0', width) ? id : NULL;
}

void index_file_discard(struct index_file *file)
{
	log_warning("%s: damaged; it is made anew", file->path);
	unlink(file->path);
}

/* ---- writing ---- */

/* The whole file in memory; NULL when out of it. */
static char *compose(const struct index_stamp *stamp, const struct index_scan *scan, size_t *size)
{
	struct header header = {
		.version = VERSION,
		.width = (uint32_t)scan->longest + 1,
		.count = scan->count,
		.device = stamp->device,
		.inode = stamp->inode,
		.modified_ns = stamp->modified_ns,
		.changed_ns = stamp->changed_ns,
	};
	memcpy(header.magic, magic, sizeof(magic));
	size_t table = table_size(&header), body = scan->count * header.width;
	char *data = calloc(1, sizeof(header) + table + body);
	if (!data)
		return NULL;
	char *slots = data + sizeof(header) + table;
	for (size_t i = 0; i < scan->count; i++)
		memcpy(slots + i * header.width, scan->entries[i].id, strlen(scan->entries[i].id));
	uint32_t *checksums = (uint32_t *)(void *)(data + sizeof(header));
	size_t block = (size_t)BLOCK * header.width;
	for (size_t i = 0; i < blocks_of(&header); i++) {
		size_t left = body - i * block;
		checksums[i] = crc_of(slots + i * block, left < block ? left : block);
	}
	header.table_crc = crc_of(checksums, table);
	header.header_crc = header_crc(&header);
	memcpy(data, &header, sizeof(header));
	*size = sizeof(header) + table + body;
	return data;
}

int index_file_prepare(const char *takes)
{
	struct stat owner;
	char *folder = file_join(takes, ".index");
	int result = mkdir(folder, 0755) == 0 ? 1 : errno == EEXIST ? 0 : -errno;
	/* Whoever looks after the takes must be able to replace what root made here. */
	if (result > 0 && geteuid() == 0 && stat(takes, &owner) == 0 &&
		lchown(folder, owner.st_uid, owner.st_gid) < 0)
		log_debug("%s: %s", folder, strerror(errno));
	free(folder);
	return result;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Not synced: what a power cut tears is found out by its checksums. */
static int put(const char *path, const char *data, size_t size)
{
	char *temporary = memory_format("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int result = fd < 0 ? -errno : write_all(fd, data, size);
	if (result == 0 && (fchmod(fd, 0644) < 0 || rename(temporary, path) < 0))
		result = -errno;
	if (fd >= 0) {
		close(fd);
		if (result < 0)
			unlink(temporary);
	}
	free(temporary);
	return result;
}

void index_file_write(const char *takes, const struct index_stamp *stamp, const struct index_scan *scan)
{
	char *path = path_of(takes);
	size_t size = 0;
	char *data = compose(stamp, scan, &size);
	int result = data ? put(path, data, size) : -ENOMEM;
	if (result < 0)
		log_debug("%s: %s", path, strerror(-result));
	free(data);
	free(path);
}

#include "audio/riff.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 8, KIND = 4 };

struct chunk {
	unsigned char id[KIND];
	uint64_t at, size; /* of what follows the head */
};

static bool read_chunk(int fd, uint64_t at, bool big_endian, struct chunk *chunk)
{
	unsigned char head[HEAD];
	if (pread(fd, head, HEAD, (off_t)at) != HEAD)
		return false;
	uint32_t size;
	memcpy(chunk->id, head, KIND);
	memcpy(&size, head + KIND, sizeof(size));
	chunk->at = at + HEAD;
	chunk->size = big_endian ? be32toh(size) : le32toh(size);
	return true;
}

/* Chunks begin at even bytes. */
static uint64_t behind(const struct chunk *chunk)
{
	return chunk->at + chunk->size + chunk->size % 2;
}

static int check_list(int fd, const struct chunk *list, bool big_endian, const char *path, struct error *e)
{
	struct chunk member;
	uint64_t end = list->at + list->size;
	for (uint64_t at = list->at + KIND; at + HEAD <= end; at = behind(&member)) {
		if (!read_chunk(fd, at, big_endian, &member))
			return 0;
		if (member.at + member.size > end)
			return error_set(e, EBADMSG,
				"%s: damaged at byte %llu: a member that is longer than its LIST chunk", path,
				(unsigned long long)at);
	}
	return 0;
}

int riff_check(int fd, const char *path, struct error *e)
{
	unsigned char head[HEAD + KIND];
	struct chunk chunk;
	int result = 0;
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
		memcmp(head + HEAD, "WAVE", KIND) != 0)
		return 0;
	bool big_endian = memcmp(head, "RIFX", KIND) == 0;
	for (uint64_t at = sizeof(head); result == 0 && read_chunk(fd, at, big_endian, &chunk);
		at = behind(&chunk)) {
		if (memcmp(chunk.id, "LIST", KIND) == 0)
			result = check_list(fd, &chunk, big_endian, path, e);
	}
	return result;
}

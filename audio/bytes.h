/* A growing row of bytes, for file headers. Memory that cannot be had ends the program (common/memory.h). */
#ifndef WOODSHED_AUDIO_BYTES_H
#define WOODSHED_AUDIO_BYTES_H

#include "common/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	unsigned char *data;
	size_t size, room;
};

static inline void bytes_add(struct bytes *bytes, const void *data, size_t size)
{
	if (!data || size == 0)
		return;
	if (!bytes->data || bytes->size + size > bytes->room) {
		bytes->room = 2 * (bytes->size + size);
		bytes->data = memory_grow(bytes->data, bytes->room, 1);
	}
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static inline void bytes_add_text(struct bytes *bytes, const char *text)
{
	bytes_add(bytes, text, strlen(text));
}

static inline void bytes_add_le32(struct bytes *bytes, uint32_t value)
{
	unsigned char four[] = {(unsigned char)value, (unsigned char)(value >> 8),
		(unsigned char)(value >> 16), (unsigned char)(value >> 24)};
	bytes_add(bytes, four, 4);
}

static inline void bytes_add_be32(struct bytes *bytes, uint32_t value)
{
	bytes_add_le32(bytes, __builtin_bswap32(value));
}

#endif

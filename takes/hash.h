/* The two checksums of every file of a take: SHA-256 (libcrypto) and CRC-32 (libdeflate; ZIP archives want it). */
#ifndef WOODSHED_TAKES_HASH_H
#define WOODSHED_TAKES_HASH_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct hash {
	char sha256[65]; /* lower-case hexadecimal */
	char crc32[9];
	uint64_t bytes;
};

int hash_file(const char *path, struct hash *hash, struct error *e) MUST_CHECK;
int hash_bytes(const void *data, size_t size, struct hash *hash, struct error *e) MUST_CHECK;

#endif

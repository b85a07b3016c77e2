#include "takes/hash.h"

#include <libdeflate.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stays in the cache from one reading to the next, and is not given back to the kernel after each file. */
enum { BUFFER_SIZE = 1 << 16 };

struct sums {
	EVP_MD_CTX *sha256;
	uint32_t crc32;
	uint64_t bytes;
};

static int sums_init(struct sums *sums)
{
	*sums = (struct sums){0};
	/* Where OpenSSL had no memory for itself, what follows would go on without it. */
	if (!OSSL_LIB_CTX_get0_global_default())
		return -ENOMEM;
	*sums = (struct sums){.sha256 = EVP_MD_CTX_new(), .crc32 = libdeflate_crc32(0, NULL, 0)};
	if (!sums->sha256 || !EVP_DigestInit_ex(sums->sha256, EVP_sha256(), NULL))
		return -ENOMEM;
	return 0;
}

static int sums_add(struct sums *sums, const void *data, size_t size)
{
	if (!EVP_DigestUpdate(sums->sha256, data, size))
		return -ENOMEM;
	/* libdeflate takes NULL as "begin again". */
	if (size > 0)
		sums->crc32 = libdeflate_crc32(sums->crc32, data, size);
	sums->bytes += size;
	return 0;
}

static int sums_read(struct sums *sums, struct hash *hash)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (!EVP_DigestFinal_ex(sums->sha256, digest, &size) || size * 2 + 1 != sizeof(hash->sha256))
		return -ENOMEM;
	for (unsigned i = 0; i < size; i++)
		snprintf(hash->sha256 + 2 * (size_t)i, 3, "%02x", digest[i]);
	snprintf(hash->crc32, sizeof(hash->crc32), "%08" PRIx32, sums->crc32);
	hash->bytes = sums->bytes;
	return 0;
}

static int add_file(struct sums *sums, int fd, unsigned char *buffer)
{
	for (;;) {
		ssize_t n = read(fd, buffer, BUFFER_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		int result = sums_add(sums, buffer, (size_t)n);
		if (result < 0)
			return result;
	}
}

int hash_file(const char *path, struct hash *hash, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, errno, "%s", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	unsigned char *buffer = malloc(BUFFER_SIZE);
	struct sums sums;
	int result = sums_init(&sums);
	if (result == 0)
		result = buffer ? add_file(&sums, fd, buffer) : -ENOMEM;
	if (result == 0)
		result = sums_read(&sums, hash);
	EVP_MD_CTX_free(sums.sha256);
	free(buffer);
	close(fd);
	return result < 0 ? error_errno(e, result, "%s", path) : 0;
}

int hash_bytes(const void *data, size_t size, struct hash *hash, struct error *e)
{
	struct sums sums;
	int result = sums_init(&sums);
	if (result == 0)
		result = sums_add(&sums, data, size);
	if (result == 0)
		result = sums_read(&sums, hash);
	EVP_MD_CTX_free(sums.sha256);
	return result < 0 ? error_errno(e, result, "checksums of %zu bytes", size) : 0;
}

#include "network/auth.h"

#include "common/file.h"
#include "common/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#define TOKEN_LEAST 16
#define TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-"

static int make_token(char token[static TOKEN_SIZE], struct error *e)
{
	unsigned char bytes[(TOKEN_SIZE - 1) / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_errno(e, errno, "random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Not file_replace: a token that two starts make at once must come out as one, and never world-readable. */
static int write_token(const char *path, const char *token, struct error *e)
{
	char line[TOKEN_SIZE + 1];
	int length = snprintf(line, sizeof(line), "%s\n", token);
	char *temporary = memory_format("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	int result = fd < 0 ? -errno : 0;
	if (result == 0 && (write(fd, line, (size_t)length) != length || fsync(fd) < 0))
		result = errno ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	if (result == 0 && link(temporary, path) < 0 && errno != EEXIST)
		result = -errno;
	if (fd >= 0)
		unlink(temporary);
	free(temporary);
	if (result < 0)
		return error_errno(e, result, "%s", path);
	return file_sync_folder_of(path, e);
}

static int read_token(const char *path, char token[static TOKEN_SIZE], struct error *e)
{
	char *data;
	size_t size;
	int result = file_read(path, 1024, &data, &size, e);
	if (result < 0)
		return result;
	size_t length = strspn(data, TOKEN_CHARACTERS);
	if (length < TOKEN_LEAST || length >= TOKEN_SIZE ||
		data[length + strspn(data + length, "\r\n")] != '\0')
		result = error_set(e, EINVAL,
			"%s: not a token: 16 to 64 characters of A-Z a-z 0-9 . _ ~ - on one line", path);
	else
		snprintf(token, TOKEN_SIZE, "%.*s", (int)length, data);
	OPENSSL_cleanse(data, size);
	free(data);
	return result;
}

int token_load(const char *path, char token[static TOKEN_SIZE], struct error *e)
{
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		char *folder = file_folder(path);
		int result = file_make_folders(folder, e);
		free(folder);
		if (result == 0)
			result = make_token(token, e);
		if (result == 0)
			result = write_token(path, token, e);
		if (result < 0)
			return result;
	}
	return read_token(path, token, e);
}

bool token_matches(const char *token, const char *given)
{
	char padded[2][TOKEN_SIZE] = {0};
	size_t length = given ? strnlen(given, TOKEN_SIZE) : TOKEN_SIZE;
	if (length >= TOKEN_SIZE || length == 0)
		return false;
	memcpy(padded[0], token, strnlen(token, TOKEN_SIZE - 1));
	memcpy(padded[1], given, length);
	return CRYPTO_memcmp(padded[0], padded[1], TOKEN_SIZE) == 0;
}

const char *auth_bearer(const char *authorization)
{
	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	return authorization + 7 + strspn(authorization + 7, " ");
}

const char *auth_basic(const char *authorization, char password[static TOKEN_SIZE])
{
	enum { USER_MOST = 256, PLAIN_MOST = USER_MOST + TOKEN_SIZE };
	unsigned char plain[PLAIN_MOST + 3];
	if (!authorization || strncasecmp(authorization, "Basic ", 6) != 0)
		return NULL;
	const char *text = authorization + 6 + strspn(authorization + 6, " ");
	size_t length = strlen(text);
	if (length > PLAIN_MOST / 3 * 4)
		return NULL;
	/* Padding comes out as zeros. */
	int size = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)length);
	const unsigned char *colon = size > 0 ? memchr(plain, ':', (size_t)size) : NULL;
	size_t left = colon ? (size_t)(plain + size - colon) - 1 : 0;
	if (!colon || strnlen((const char *)colon + 1, left) >= TOKEN_SIZE)
		password = NULL;
	else
		snprintf(password, TOKEN_SIZE, "%.*s", (int)left, (const char *)colon + 1);
	OPENSSL_cleanse(plain, sizeof(plain));
	return password;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && digits <= 5 && text[digits] == '\0';
}

/* Splits `name[:port]` or `[address][:port]`; false if it is neither. */
static bool split_host(const char *host, char *name, size_t size, bool *bracketed)
{
	*bracketed = host[0] == '[';
	const char *start = host + *bracketed;
	const char *end = *bracketed ? strchr(start, ']') : strchrnul(start, ':');
	if (!end || end == start || (size_t)(end - start) >= size)
		return false;
	memcpy(name, start, (size_t)(end - start));
	name[end - start] = '\0';
	const char *rest = end + *bracketed;
	return *rest == '\0' || (*rest == ':' && is_port(rest + 1));
}

/* `ours`, or with .local behind it. */
static bool is_name(const char *given, const char *ours)
{
	size_t length = strlen(ours);
	return length > 0 && strncasecmp(given, ours, length) == 0 &&
	       (given[length] == '\0' || strcasecmp(given + length, ".local") == 0);
}

bool auth_host_allowed(const char *host, const char *hostname, const char *name)
{
	char given[256];
	bool bracketed;
	struct in6_addr address;
	if (!host || !split_host(host, given, sizeof(given), &bracketed))
		return false;
	if (bracketed)
		return inet_pton(AF_INET6, given, &address) == 1;
	return inet_pton(AF_INET, given, &address) == 1 || strcasecmp(given, "localhost") == 0 ||
	       is_name(given, hostname) || is_name(given, name);
}

bool auth_same_origin(const char *sec_fetch_site, const char *origin, const char *host)
{
	if (sec_fetch_site)
		return strcmp(sec_fetch_site, "same-origin") == 0;
	if (!origin || !host)
		return false;
	/* https where a proxy in front speaks it. */
	const char *rest = NULL;
	if (strncmp(origin, "http://", 7) == 0)
		rest = origin + 7;
	else if (strncmp(origin, "https://", 8) == 0)
		rest = origin + 8;
	return rest && strcasecmp(rest, host) == 0;
}

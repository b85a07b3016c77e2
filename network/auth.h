/* Who may: the token, the machine's names, and the proof that a page of ours sent it. All but token_load are
 * pure and for any thread. */
#ifndef WOODSHED_NETWORK_AUTH_H
#define WOODSHED_NETWORK_AUTH_H

#include "common/error.h"

#include <stdbool.h>

#define TOKEN_SIZE 65 /* 32 random bytes in lower-case hexadecimal, and the NUL */
#define TOKEN_COOKIE "woodshed-token"

/* Reads the token from `path`, or makes one there (mode 0600, durably) if there is no such file. A token that
 * people wrote themselves is 16 to 64 characters of [A-Za-z0-9._~-]. Blocks on the disk. */
int token_load(const char *path, char token[static TOKEN_SIZE], struct error *e) MUST_CHECK;

/* Compares in a time that says nothing about the token. */
bool token_matches(const char *token, const char *given);

/* The token in `Bearer TOKEN` (the scheme in any case), or NULL. */
const char *auth_bearer(const char *authorization);

/* The password in `Basic BASE64(user:password)`, or NULL; no longer than a token can be. */
const char *auth_basic(const char *authorization, char password[static TOKEN_SIZE]);

/* True for a Host header that names this machine: a literal address, localhost, `hostname`, `name`, or one of
 * them with `.local`, with any port. Anything else may be a foreign name that was made to point here. */
bool auth_host_allowed(const char *host, const char *hostname, const char *name);

/* True if the browser says that a page of this very origin sent the request: Sec-Fetch-Site is same-origin,
 * or there is none and Origin is that of Host. Headers that are missing are NULL. */
bool auth_same_origin(const char *sec_fetch_site, const char *origin, const char *host);

#endif

/* A request as it comes over the network: its address against every route, and its headers through whatever
 * reads one. The first line is the address, the others are headers. */
#include "fuzz.h"

#include "common/memory.h"
#include "network/commands.h"
#include "network/files.h"
#include "network/server.h"
#include "network/unescape.h"
#include "takes/take.h"

#include <stdlib.h>
#include <string.h>

static void check_routes(const char *target)
{
	char *address = memory_text(target);
	size_t length = http_unescape(address);
	REQUIRE(length == strlen(address) && length <= strlen(target));
	for (size_t i = 0; i < route_count; i++) {
		const char *parameters[ROUTE_PARAMETERS] = {NULL};
		char *path = memory_text(address);
		if (route_matches(routes[i].pattern, path, parameters)) {
			for (size_t k = 0; k < ROUTE_PARAMETERS; k++)
				REQUIRE(!parameters[k] ||
					(parameters[k] >= path && parameters[k] <= path + length));
			/* Only a name that can be a folder's in the library gets to the disk. */
			if (parameters[0] && take_id_valid(parameters[0]))
				REQUIRE(!strpbrk(parameters[0], "/.\\"));
		}
		free(path);
	}
	free(address);
}

static void check_range(const char *header)
{
	static const uint64_t sizes[] = {0, 1, 100, UINT64_C(5) << 30, INT64_MAX};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t first = 0, count = 0;
		if (range_parse(header, sizes[i], &first, &count) == RANGE_PART)
			REQUIRE(count > 0 && first < sizes[i] && count <= sizes[i] - first);
	}
}

static void check_header(const char *header)
{
	static const char token[] = "0123456789abcdef0123456789abcdef";
	static const char etag[] = "\"0123456789abcdef\"";
	char password[TOKEN_SIZE];
	check_range(header);
	REQUIRE(!etag_listed(header, ""));
	if (etag_listed(header, etag))
		REQUIRE(strchr(header, '*') || strstr(header, etag));
	const char *given = auth_bearer(header);
	REQUIRE(!token_matches(token, given) || strstr(header, token));
	given = auth_basic(header, password);
	REQUIRE(!given || strlen(given) < TOKEN_SIZE);
	/* A name that is let in has nothing behind ours. */
	if (auth_host_allowed(header, "box", "room1"))
		REQUIRE(strspn(header,
				"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:[]") ==
			strlen(header));
	if (auth_same_origin(NULL, header, "box:8090"))
		REQUIRE(strlen(header) <= strlen("https://box:8090"));
	REQUIRE(auth_same_origin(header, NULL, NULL) == (strcmp(header, "same-origin") == 0));
}

static void check_body(const char *text)
{
	struct error e;
	struct command command;
	json_t *arguments;
	if (command_load(text, strlen(text), &arguments, &e) < 0) {
		REQUIRE(e.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < route_count; i++) {
		if (routes[i].verb && command_read(&command, routes[i].verb, arguments, &e) == 0 &&
			command.take)
			REQUIRE(take_id_valid(command.take));
	}
	json_decref(arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memory_new(size + 1), *rest = text;
	memcpy(text, data, size);
	check_routes(strsep(&rest, "\n"));
	for (char *line; (line = strsep(&rest, "\n"));) {
		check_header(line);
		check_body(line);
	}
	free(text);
	return 0;
}

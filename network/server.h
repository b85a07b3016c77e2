/* What the files of the HTTP server share: a request, its answer, and the table of routes. libmicrohttpd's
 * thread, but for what is said otherwise. */
#ifndef WOODSHED_NETWORK_SERVER_H
#define WOODSHED_NETWORK_SERVER_H

#include "network/auth.h"
#include "network/calls.h"
#include "network/guests.h"
#include "network/http.h"

#include <microhttpd.h>

#define HTTP_CLASSES 6

struct http {
	struct MHD_Daemon *daemon;
	struct calls *calls;
	struct events *events;
	network_command_fn on_command;
	void *command_data;
	struct snapshots *snapshots;
	struct guests *guests;
	char *takes, *name;
	char *address; /* that others reach, or NULL: whatever this machine has */
	uint16_t port;
	char hostname[256];
	char token[TOKEN_SIZE];
	_Atomic uint64_t answers[HTTP_CLASSES]; /* by the first digit of their status */
};

#define ROUTE_PARAMETERS 2

struct request {
	struct http *http;
	struct MHD_Connection *connection;
	const struct route *route;
	char *path;				  /* what the parameters point into */
	const char *parameters[ROUTE_PARAMETERS]; /* what stood for {} in the pattern */
	bool head;
	char *body;
	size_t body_size;
	bool too_large;
	struct call *call; /* waiting for the loop, or answered by it */
};

/* `response` NULL: the request is suspended and asked again later. */
struct answer {
	unsigned status;
	struct MHD_Response *response;
};

typedef struct answer (*route_fn)(struct request *request);

/* Who may ask. */
enum guard {
	GUARD_TOKEN, /* whoever has the token: as a Bearer, or in the page's cookie */
	GUARD_BASIC, /* the same, or as a password: file managers know nothing else */
	GUARD_OPEN,  /* anybody */
};

struct route {
	const char *method;  /* GET answers HEAD too */
	const char *pattern; /* {} stands for one part of a path, a final {*} for all the rest */
	route_fn answer;
	enum guard guard;
	int value;	  /* what it means is `answer`'s affair */
	const char *verb; /* of a command */
};

/* libmicrohttpd takes what it only reads by a pointer to what may be written. */
static inline void *read_only(const void *data)
{
	union {
		const void *given;
		void *wanted;
	} pointer = {.given = data};
	return pointer.wanted;
}

/* docs/openapi.yaml */
extern const unsigned char openapi[];
extern const size_t openapi_size;

extern const struct route routes[];
extern const size_t route_count;

/* True if `path` fits `pattern`; cuts `path` into `parameters`. */
bool route_matches(const char *pattern, char *path, const char *parameters[ROUTE_PARAMETERS]);

struct answer answer_text(unsigned status, const char *type, char *text); /* takes over `text` */
struct answer answer_static(const char *type, const void *data, size_t size);
struct answer answer_json(unsigned status, json_t *json); /* steals the reference */
struct answer answer_empty(unsigned status);
struct answer answer_problem(unsigned status, const char *format, ...) PRINTF(2, 3); /* RFC 9457 */
void answer_header(struct answer answer, const char *name, const char *value);

/* The HTTP status of a negative errno. */
unsigned status_of(int error);

const char *request_header(const struct request *request, const char *name);

#endif

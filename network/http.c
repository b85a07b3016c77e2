#include "network/server.h"

#include "common/log.h"
#include "common/memory.h"
#include "network/commands.h"
#include "network/listen.h"
#include "network/unescape.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	THREADS = 4,		    /* so that a disk which one of them waits for does not keep the others */
	CONNECTIONS = 512,	    /* shared by the threads */
	IDLE_S = 30,		    /* nothing came and nothing went */
	HEADERS_MOST = 16384,	    /* of a request, its first line included */
	CONNECTION_MEMORY = 131072, /* more than that, so that it is us who say so */
};

/* --- One request --- */

static struct answer find_route(struct request *request, const char *method, const char *url)
{
	char allowed[64] = "";
	bool reading = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	request->head = strcmp(method, "HEAD") == 0;
	for (size_t i = 0; i < route_count; i++) {
		const char *parameters[ROUTE_PARAMETERS] = {NULL};
		char *path = memory_text(url);
		bool fits = route_matches(routes[i].pattern, path, parameters);
		if (fits && strcmp(reading ? "GET" : method, routes[i].method) == 0) {
			request->route = &routes[i];
			request->path = path;
			memcpy(request->parameters, parameters, sizeof(parameters));
			return (struct answer){0};
		}
		free(path);
		if (fits)
			snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s",
				allowed[0] ? ", " : "",
				strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method);
	}
	if (allowed[0] == '\0')
		return answer_problem(MHD_HTTP_NOT_FOUND, "there is nothing at this address");
	struct answer answer = answer_problem(MHD_HTTP_METHOD_NOT_ALLOWED, "this address takes %s", allowed);
	answer_header(answer, MHD_HTTP_HEADER_ALLOW, allowed);
	return answer;
}

static bool is_same_origin(const struct request *request)
{
	return auth_same_origin(request_header(request, "Sec-Fetch-Site"),
		request_header(request, MHD_HTTP_HEADER_ORIGIN),
		request_header(request, MHD_HTTP_HEADER_HOST));
}

/* A page of somebody else's may make a browser send what it likes, and the browser adds our cookie; it cannot
 * add an Authorization header, nor lie about where the page came from. */
static bool may_change(const struct request *request, bool bearer)
{
	bool from_browser =
		request_header(request, "Sec-Fetch-Site") || request_header(request, MHD_HTTP_HEADER_ORIGIN);
	bool needed = request->route->guard == GUARD_OPEN ? from_browser : !bearer;
	return !needed || is_same_origin(request);
}

static bool has_password(const struct request *request, const char *authorization)
{
	char password[TOKEN_SIZE];
	if (request->route->guard != GUARD_BASIC)
		return false;
	bool matches = token_matches(request->http->token, auth_basic(authorization, password));
	OPENSSL_cleanse(password, sizeof(password));
	return matches;
}

static struct answer unauthorized(const struct request *request)
{
	struct answer answer =
		answer_problem(MHD_HTTP_UNAUTHORIZED, "a token is needed; `woodshed token` prints it");
	if (request->route->guard == GUARD_BASIC)
		answer_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
			"Basic realm=\"woodshed: the token is the password\", charset=\"UTF-8\"");
	answer_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"woodshed\"");
	return answer;
}

/* RFC 9110, 9.2.1, and RFC 4918. */
static bool is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "OPTIONS") == 0 ||
	       strcmp(method, "PROPFIND") == 0;
}

static struct answer guard(struct request *request)
{
	const char *token = request->http->token;
	const char *authorization = request_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
	bool bearer = token_matches(token, auth_bearer(authorization));
	const char *cookie = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, TOKEN_COOKIE);
	bool allowed = bearer || has_password(request, authorization) ||
		       (!authorization && token_matches(token, cookie));
	if (request->route->guard != GUARD_OPEN && !allowed)
		return unauthorized(request);
	if (!is_safe(request->route->method) && !may_change(request, bearer))
		return answer_problem(MHD_HTTP_FORBIDDEN, "only a page of this machine may ask for this");
	return (struct answer){0};
}

static bool is_too_long(const struct request *request)
{
	return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
		       ->header_size > HEADERS_MOST;
}

static struct answer respond(struct request *request, const char *method, const char *url)
{
	struct answer answer = {0};
	if (request->call) /* it came here before, and everything was in order */
		return request->route->answer(request);
	if (is_too_long(request))
		return answer_problem(MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
			"at most %d bytes of address and headers", HEADERS_MOST);
	if (!auth_host_allowed(request_header(request, MHD_HTTP_HEADER_HOST), request->http->hostname,
		    request->http->name))
		answer = answer_problem(MHD_HTTP_FORBIDDEN, "this machine has no such name");
	if (!answer.response)
		answer = find_route(request, method, url);
	if (!answer.response)
		answer = guard(request);
	if (!answer.response && request->too_large)
		answer = answer_problem(MHD_HTTP_CONTENT_TOO_LARGE, "at most %zu bytes", COMMAND_SIZE_LIMIT);
	if (!answer.response)
		answer = request->route->answer(request);
	return answer;
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result queue(struct http *http, struct MHD_Connection *connection, struct answer answer)
{
	static const char *const headers[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
			"media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
			"frame-ancestors 'none'"},
	};
	if (!answer.response)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		answer_header(answer, headers[i][0], headers[i][1]);
	atomic_fetch_add_explicit(
		&http->answers[answer.status / 100 % HTTP_CLASSES], 1, memory_order_relaxed);
	enum MHD_Result result = MHD_queue_response(connection, answer.status, answer.response);
	MHD_destroy_response(answer.response);
	return result;
}

/* --- libmicrohttpd's callbacks --- */

static bool announces_too_much(const struct request *request)
{
	const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length && strtoull(length, NULL, 10) > COMMAND_SIZE_LIMIT;
}

/* A body past the limit is read to its end and thrown away, up to what is still cheap. */
static enum MHD_Result collect(struct request *request, const char *data, size_t *size)
{
	enum { PATIENCE = 16 };
	if (request->body_size + *size > PATIENCE * COMMAND_SIZE_LIMIT)
		return MHD_NO;
	request->too_large = request->body_size + *size > COMMAND_SIZE_LIMIT;
	if (request->too_large) {
		free(request->body);
		request->body = NULL;
	} else {
		char *grown = realloc(request->body, request->body_size + *size);
		if (!grown)
			return MHD_NO;
		memcpy(grown + request->body_size, data, *size);
		request->body = grown;
	}
	request->body_size += *size;
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection, void **state)
{
	struct request *request = memory_new(sizeof(*request));
	request->http = http;
	request->connection = connection;
	*state = request;
	if (announces_too_much(request))
		return queue(http, connection,
			answer_problem(MHD_HTTP_CONTENT_TOO_LARGE, "at most %zu bytes", COMMAND_SIZE_LIMIT));
	return MHD_YES;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *body, size_t *body_size, void **state)
{
	(void)version;
	if (!*state)
		return begin(data, connection, state);
	struct request *request = *state;
	if (*body_size > 0)
		return collect(request, body, body_size);
	guest_set_served(guest_of(connection), true);
	struct answer answer = respond(request, method, url);
	if (!answer.response && request->call)
		return MHD_YES; /* suspended */
	return queue(data, connection, answer);
}

static void on_completed(
	void *data, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	(void)data;
	(void)code;
	struct request *request = *state;
	if (!request)
		return;
	guest_set_served(guest_of(connection), false);
	call_release(request->call);
	free(request->path);
	free(request->body);
	free(request);
	*state = NULL;
}

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = data;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		*context = guest_enter(http->guests, fd);
	} else {
		guest_leave(*context);
		*context = NULL;
	}
}

static size_t on_unescape(void *data, struct MHD_Connection *connection, char *text)
{
	(void)data;
	(void)connection;
	return http_unescape(text);
}

PRINTF(2, 0) static void on_log(void *data, const char *format, va_list args)
{
	(void)data;
	struct error line;
	vsnprintf(line.text, sizeof(line.text), format, args);
	line.text[strcspn(line.text, "\r\n")] = '\0';
	log_debug("http: %s", line.text);
}

/* --- The server --- */

static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape,
		NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
}

static void on_watched(void *data)
{
	struct http *http = data;
	struct command command = {.verb = COMMAND_LEVELS_WATCH};
	struct error e;
	json_t *result = NULL;
	if (http->on_command(http->command_data, &command, &result, &e) < 0)
		log_debug("http: no levels: %s", e.text);
	json_decref(result);
}

int http_create(struct http **http, const struct http_setup *setup, struct error *e)
{
	struct http *made = memory_new(sizeof(*made));
	made->snapshots = setup->snapshots;
	made->takes = memory_text(setup->takes);
	made->name = memory_text(setup->name);
	made->guests = guests_create(CONNECTIONS);
	gethostname(made->hostname, sizeof(made->hostname) - 1);
	int fd = -1;
	int result = 0;
	if (!setup->config->token_file)
		result = error_set(e, EINVAL, "http: token_file is missing");
	if (result == 0)
		result = token_load(setup->config->token_file, made->token, e);
	if (result == 0)
		result = fd = listen_open(setup->config->listen, &made->address, &made->port, e);
	if (result < 0)
		goto fail;
	made->on_command = setup->on_command;
	made->command_data = setup->command_data;
	made->events = events_create(setup->loop, on_watched, made);
	made->calls = calls_create(setup->loop, setup->on_command, setup->command_data);
	made->daemon = start_daemon(made, fd);
	if (!made->daemon) {
		close(fd);
		result = error_set(e, EIO, "http: the server does not start");
		goto fail;
	}
	*http = made;
	return 0;

fail:
	http_destroy(made);
	return result;
}

void http_destroy(struct http *http)
{
	if (!http)
		return;
	if (http->daemon) {
		calls_close(http->calls);
		events_close(http->events);
		MHD_stop_daemon(http->daemon); /* closes the port too */
	}
	calls_destroy(http->calls);
	events_destroy(http->events);
	OPENSSL_cleanse(http->token, sizeof(http->token));
	free(http->address);
	guests_destroy(http->guests);
	free(http->takes);
	free(http->name);
	free(http);
}

struct events *http_events(const struct http *http)
{
	return http->events;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

char *http_url(const struct http *http, char url[static NETWORK_URL_SIZE])
{
	char address[LISTEN_ADDRESS_SIZE];
	if (!http->address)
		listen_own_address(address);
	snprintf(url, NETWORK_URL_SIZE, "http://%s:%u", http->address ? http->address : address, http->port);
	return url;
}

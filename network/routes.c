#include "network/server.h"

#include "common/memory.h"
#include "network/commands.h"
#include "network/files.h"
#include "network/metrics.h"
#include "network/serve.h"
#include "network/stems.h"
#include "network/texts.h"
#include "network/web.h"
#include "network/webdav.h"
#include "takes/library.h"
#include "takes/take.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The page --- */

static const struct web_asset *find_asset(const char *name)
{
	for (size_t i = 0; i < web_asset_count; i++)
		if (strcmp(web_assets[i].name, name) == 0)
			return &web_assets[i];
	return NULL;
}

static struct answer get_asset(struct request *request)
{
	const char *name = request->parameters[0] ? request->parameters[0] : "index.html";
	const struct web_asset *asset = find_asset(name);
	if (!asset)
		return answer_problem(MHD_HTTP_NOT_FOUND, "there is nothing at this address");
	const char *known = request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
	struct answer answer = etag_listed(known, asset->etag)
				       ? answer_empty(MHD_HTTP_NOT_MODIFIED)
				       : answer_static(asset->type, asset->data, asset->size);
	answer_header(answer, MHD_HTTP_HEADER_ETAG, asset->etag);
	return answer;
}

static struct answer post_login(struct request *request)
{
	struct error e;
	json_t *json;
	int result = command_load(request->body, request->body_size, &json, &e);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	const char *token = json_string_value(json_object_get(json, "token"));
	bool right = token_matches(request->http->token, token);
	json_decref(json);
	if (!right) {
		struct answer answer = answer_problem(MHD_HTTP_UNAUTHORIZED, "this is not the token");
		answer_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"woodshed\"");
		return answer;
	}
	struct answer answer = answer_empty(MHD_HTTP_NO_CONTENT);
	char *cookie = memory_format(TOKEN_COOKIE "=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
		request->http->token);
	answer_header(answer, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	free(cookie);
	return answer;
}

/* --- The description of all this --- */

static struct answer get_openapi(struct request *request)
{
	(void)request;
	return answer_static("application/yaml", openapi, openapi_size);
}

/* --- Snapshots --- */

static struct answer get_snapshot(struct request *request)
{
	struct snapshot *snapshot =
		snapshots_get(request->http->snapshots, (enum snapshot_name)request->route->value);
	if (!snapshot)
		return answer_problem(MHD_HTTP_SERVICE_UNAVAILABLE, "not known yet");
	size_t size;
	const char *text = snapshot_text(snapshot, &size);
	struct answer answer = {MHD_HTTP_OK, MHD_create_response_from_buffer_with_free_callback_cls(
						     size, read_only(text), snapshot_release, snapshot)};
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return answer;
}

/* --- Events --- */

/* NULL: not given. */
static const char *query(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* The same where nothing can be meant by an empty one: a client's first page has no cursor to put there. */
static const char *filled_query(const struct request *request, const char *name)
{
	const char *text = query(request, name);
	return text && text[0] != '\0' ? text : NULL;
}

static struct answer get_events(struct request *request)
{
	const char *levels = query(request, "levels");
	bool wanted = !levels || strcmp(levels, "1") == 0;
	if (!wanted && strcmp(levels, "0") != 0)
		return answer_problem(MHD_HTTP_BAD_REQUEST, "levels: must be 0 or 1");
	struct answer answer = {MHD_HTTP_OK,
		events_subscribe(request->http->events, request->connection, wanted && !request->head)};
	if (!answer.response) {
		answer = answer_problem(MHD_HTTP_SERVICE_UNAVAILABLE, "too many listen already");
		answer_header(answer, MHD_HTTP_HEADER_RETRY_AFTER, "10");
		return answer;
	}
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
	answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return answer;
}

/* --- Takes --- */

static bool read_limit(const char *text, size_t *limit)
{
	*limit = NETWORK_LIMIT;
	if (!text)
		return true;
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 3 || text[digits] != '\0')
		return false;
	*limit = strtoul(text, NULL, 10);
	return *limit >= 1 && *limit <= NETWORK_LIMIT_MOST;
}

static struct answer get_takes(struct request *request)
{
	struct error e;
	struct take_list list = {0};
	size_t limit;
	const char *cursor = filled_query(request, "cursor");
	if (!read_limit(filled_query(request, "limit"), &limit))
		return answer_problem(MHD_HTTP_BAD_REQUEST, "limit: must be 1 to %d", NETWORK_LIMIT_MOST);
	if (cursor && !take_id_valid(cursor))
		return answer_problem(MHD_HTTP_BAD_REQUEST, "cursor: must be one that a list gave");
	int result = take_list_load(&list, request->http->takes, cursor, limit, &e);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	json_t *page = text_take_page(&list);
	take_list_finish(&list);
	return answer_json(MHD_HTTP_OK, page);
}

static struct answer get_take(struct request *request)
{
	struct error e;
	struct manifest manifest = {0};
	char *folder;
	int result = takefile_take(&manifest, &folder, request->http->takes, request->parameters[0], &e);
	free(folder);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	char *text = manifest_json(&manifest);
	manifest_finish(&manifest);
	return answer_text(MHD_HTTP_OK, "application/json", text);
}

/* --- Files --- */

static struct answer get_file(struct request *request)
{
	struct error e;
	struct takefile file;
	const char *path = request->parameters[1];
	int result = takefile_open(&file, request->http->takes, request->parameters[0], path, &e);
	if (result < 0)
		return answer_problem(
			status_of(result), "%s", result == -ENOENT ? "no such file in this take" : e.text);
	return serve_file(request, &file, true);
}

static struct answer get_stems(struct request *request)
{
	struct error e;
	struct stems *stems;
	int result = stems_create(&stems, request->http->takes, request->parameters[0], &e);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	return serve_stems(request, stems);
}

/* --- Commands --- */

static struct answer finish_command(struct request *request)
{
	struct error e;
	char *text;
	int result = call_result(request->call, &text, &e);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	return answer_text((unsigned)request->route->value, "application/json", text);
}

static struct answer run_command(struct request *request)
{
	if (request->call)
		return finish_command(request);
	struct error e;
	const char *take = request->parameters[0];
	json_t *arguments = NULL;
	int result = 0;
	if (take && !take_id_valid(take))
		return answer_problem(MHD_HTTP_NOT_FOUND, "no such take");
	if (request->body_size == 0)
		arguments = json_object();
	else
		result = command_load(request->body, request->body_size, &arguments, &e);
	if (result < 0)
		return answer_problem(status_of(result), "%s", e.text);
	/* The path says which take, not the body. */
	if (take)
		json_object_set_new(arguments, "take", json_string(take));
	request->call =
		call_start(request->http->calls, request->connection, request->route->verb, arguments);
	if (!request->call)
		return answer_problem(MHD_HTTP_SERVICE_UNAVAILABLE, "the recorder is stopping");
	return (struct answer){0};
}

const struct route routes[] = {
	{"GET", "/", get_asset, GUARD_OPEN, 0, NULL},
	{"GET", "/web/{}", get_asset, GUARD_OPEN, 0, NULL},
	{"GET", "/api/v1/openapi.yaml", get_openapi, GUARD_TOKEN, 0, NULL},
	{"GET", "/metrics", get_metrics, GUARD_TOKEN, 0, NULL},
	{"OPTIONS", "/dav", webdav_options, GUARD_BASIC, 0, NULL},
	{"GET", "/dav", webdav_get, GUARD_BASIC, 0, NULL},
	{"PROPFIND", "/dav", webdav_propfind, GUARD_BASIC, 0, NULL},
	{"OPTIONS", "/dav/{*}", webdav_options, GUARD_BASIC, 0, NULL},
	{"GET", "/dav/{*}", webdav_get, GUARD_BASIC, 0, NULL},
	{"PROPFIND", "/dav/{*}", webdav_propfind, GUARD_BASIC, 0, NULL},
	{"POST", "/login", post_login, GUARD_OPEN, 0, NULL},
	{"GET", "/api/v1/info", get_snapshot, GUARD_TOKEN, SNAPSHOT_INFO, NULL},
	{"GET", "/api/v1/state", get_snapshot, GUARD_TOKEN, SNAPSHOT_STATE, NULL},
	{"GET", "/api/v1/health", get_snapshot, GUARD_TOKEN, SNAPSHOT_HEALTH, NULL},
	{"GET", "/api/v1/events", get_events, GUARD_TOKEN, 0, NULL},
	{"GET", "/api/v1/sessions", run_command, GUARD_TOKEN, MHD_HTTP_OK, "session.list"},
	{"GET", "/api/v1/takes", get_takes, GUARD_TOKEN, 0, NULL},
	{"GET", "/api/v1/takes/{}", get_take, GUARD_TOKEN, 0, NULL},
	{"GET", "/api/v1/takes/{}/stems.zip", get_stems, GUARD_TOKEN, 0, NULL},
	{"GET", "/api/v1/takes/{}/files/{*}", get_file, GUARD_TOKEN, 0, NULL},
	{"POST", "/api/v1/record/start", run_command, GUARD_TOKEN, MHD_HTTP_ACCEPTED, "record.start"},
	{"POST", "/api/v1/record/stop", run_command, GUARD_TOKEN, MHD_HTTP_ACCEPTED, "record.stop"},
	{"POST", "/api/v1/record/save", run_command, GUARD_TOKEN, MHD_HTTP_ACCEPTED, "record.save"},
	{"POST", "/api/v1/session", run_command, GUARD_TOKEN, MHD_HTTP_OK, "session.set"},
	{"POST", "/api/v1/marker", run_command, GUARD_TOKEN, MHD_HTTP_ACCEPTED, "marker.add"},
	{"PATCH", "/api/v1/takes/{}", run_command, GUARD_TOKEN, MHD_HTTP_OK, "take.patch"},
	{"DELETE", "/api/v1/takes/{}", run_command, GUARD_TOKEN, MHD_HTTP_OK, "take.remove"},
	{"POST", "/api/v1/takes/{}/render", run_command, GUARD_TOKEN, MHD_HTTP_ACCEPTED, "take.render"},
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);

bool route_matches(const char *pattern, char *path, const char *parameters[ROUTE_PARAMETERS])
{
	size_t count = 0;
	while (*pattern) {
		if (strcmp(pattern, "{*}") == 0) {
			parameters[count] = path;
			return true;
		}
		if (pattern[0] == '{') {
			size_t length = strcspn(path, "/");
			if (length == 0)
				return false;
			parameters[count++] = path;
			path += length;
			pattern += 2;
			/* What follows is a slash or the end; the parameter ends here for the next reader. */
			if (*path == '/' && *pattern == '/') {
				*path++ = '\0';
				pattern++;
			}
			continue;
		}
		if (*pattern++ != *path++)
			return false;
	}
	return *path == '\0';
}

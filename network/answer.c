#include "network/server.h"

#include "common/memory.h"
#include "network/texts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned status_of(int error)
{
	switch (-error) {
	case ENOENT:
		return MHD_HTTP_NOT_FOUND;
	case EINVAL:
		return MHD_HTTP_BAD_REQUEST;
	case EBUSY:
	case EALREADY: /* what is to be stopped does not run */
	case ENODATA:
	case ENODEV: /* no interface is there */
		return MHD_HTTP_CONFLICT;
	case EMSGSIZE:
		return MHD_HTTP_CONTENT_TOO_LARGE;
	case ENOSPC:
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	case EMFILE:
	case ESHUTDOWN:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void answer_header(struct answer answer, const char *name, const char *value)
{
	MHD_add_response_header(answer.response, name, value);
}

struct answer answer_text(unsigned status, const char *type, char *text)
{
	struct answer answer = {
		status, MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)};
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return answer;
}

struct answer answer_static(const char *type, const void *data, size_t size)
{
	struct answer answer = {
		MHD_HTTP_OK, MHD_create_response_from_buffer(size, read_only(data), MHD_RESPMEM_PERSISTENT)};
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	return answer;
}

struct answer answer_json(unsigned status, json_t *json)
{
	char *text = text_of(json);
	json_decref(json);
	return answer_text(status, "application/json", text);
}

struct answer answer_empty(unsigned status)
{
	return (struct answer){status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)};
}

struct answer answer_problem(unsigned status, const char *format, ...)
{
	struct error detail;
	va_list args;
	va_start(args, format);
	vsnprintf(detail.text, sizeof(detail.text), format, args);
	va_end(args);
	const char *title = MHD_get_reason_phrase_for(status);
	json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title, "status",
		(int)status, "detail", detail.text);
	if (!problem) /* a name in the message that is not UTF-8 */
		problem = json_pack(
			"{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status", (int)status);
	struct answer answer = answer_json(status, problem);
	MHD_del_response_header(answer.response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
	return answer;
}

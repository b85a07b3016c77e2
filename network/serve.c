#include "network/serve.h"

#include "common/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

char *http_date(time_t time, char text[static HTTP_DATE_SIZE])
{
	struct tm tm;
	gmtime_r(&time, &tm);
	strftime(text, HTTP_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return text;
}

static struct answer without(const struct content *content, struct answer answer)
{
	content->drop(content->data);
	return answer;
}

static struct answer unsatisfiable(const struct content *content)
{
	char size[48];
	struct answer answer =
		answer_problem(MHD_HTTP_RANGE_NOT_SATISFIABLE, "there are %" PRIu64 " bytes", content->size);
	snprintf(size, sizeof(size), "bytes */%" PRIu64, content->size);
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_RANGE, size);
	return without(content, answer);
}

static struct answer part(const struct content *content, uint64_t first, uint64_t count)
{
	char range[80];
	struct answer answer = {MHD_HTTP_PARTIAL_CONTENT, content->make(content->data, first, count)};
	snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, first + count - 1,
		content->size);
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	return answer;
}

/* RFC 9110, 13.2.2: If-Match, If-None-Match, then Range with If-Range. */
static struct answer choose(const struct request *request, const struct content *content)
{
	uint64_t first, count;
	const char *match = request_header(request, MHD_HTTP_HEADER_IF_MATCH);
	if (match && !etag_listed(match, content->etag))
		return without(content, answer_problem(MHD_HTTP_PRECONDITION_FAILED, "it has changed"));
	if (etag_listed(request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), content->etag))
		return without(content, answer_empty(MHD_HTTP_NOT_MODIFIED));
	const char *range = request->head ? NULL : request_header(request, MHD_HTTP_HEADER_RANGE);
	const char *if_range = request_header(request, MHD_HTTP_HEADER_IF_RANGE);
	if (if_range && (content->etag[0] == '\0' || strcmp(if_range, content->etag) != 0))
		range = NULL;
	switch (range_parse(range, content->size, &first, &count)) {
	case RANGE_PART:
		return part(content, first, count);
	case RANGE_UNSATISFIABLE:
		return unsatisfiable(content);
	case RANGE_WHOLE:
		break;
	}
	return (struct answer){MHD_HTTP_OK, content->make(content->data, 0, content->size)};
}

struct answer serve(const struct request *request, const struct content *content)
{
	char date[HTTP_DATE_SIZE], etag[sizeof(((struct takefile *)0)->etag)], name[DOWNLOAD_NAME_SIZE];
	/* They may lie in what is dropped. */
	snprintf(etag, sizeof(etag), "%s", content->etag);
	snprintf(name, sizeof(name), "%s", content->name ? content->name : "");
	struct answer answer = choose(request, content);
	if (!answer.response)
		return answer;
	if (etag[0] != '\0')
		answer_header(answer, MHD_HTTP_HEADER_ETAG, etag);
	answer_header(answer, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-cache");
	if (content->modified != 0)
		answer_header(answer, MHD_HTTP_HEADER_LAST_MODIFIED, http_date(content->modified, date));
	if (answer.status != MHD_HTTP_OK && answer.status != MHD_HTTP_PARTIAL_CONTENT)
		return answer;
	answer_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, content->type);
	if (name[0] != '\0') {
		char *disposition = download_disposition(name);
		answer_header(answer, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
		free(disposition);
	}
	return answer;
}

/* --- Files: libmicrohttpd sends them with sendfile --- */

static struct MHD_Response *make_from_file(void *data, uint64_t first, uint64_t count)
{
	const struct takefile *file = data;
	return MHD_create_response_from_fd_at_offset64(count, file->fd, first);
}

static void drop_file(void *data)
{
	const struct takefile *file = data;
	close(file->fd);
}

struct answer serve_file(const struct request *request, struct takefile *file, bool attached)
{
	struct content content = {.size = file->size,
		.etag = file->etag,
		.type = file->type,
		.name = attached ? file->name : NULL,
		.modified = file->modified,
		.make = make_from_file,
		.drop = drop_file,
		.data = file};
	return serve(request, &content);
}

#include "network/webdav.h"

#include "common/memory.h"
#include "common/text.h"
#include "network/serve.h"
#include "takes/index.h"
#include "takes/take.h"
#include "takes/xml.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOT "/dav/"

/* What is asked for: the library, a take, or something in it. */
struct place {
	char *id;	  /* NULL: the library */
	const char *path; /* within the take, without slashes around it; empty: the take */
	bool slash;	  /* the address ends in one, as a folder's does */
	char *text;	  /* what they point into */
};

/* Writes what is in a place. */
struct writer {
	FILE *out;
	const struct place *place;
	void (*folder)(FILE *out, const char *href, const char *name, time_t modified);
	void (*file)(FILE *out, const char *href, const char *name, const struct takefile *file);
	bool itself; /* the place too */
	bool within; /* what is in it too */
	char *last;  /* folder within the place that was written last */
	size_t found;
};

/* --- Places --- */

static void place_init(struct place *place, const char *parameter)
{
	place->text = memory_text(parameter ? parameter : "");
	place->id = place->text[0] ? place->text : NULL;
	char *rest = place->text + strcspn(place->text, "/");
	if (*rest)
		*rest++ = '\0';
	size_t length = strlen(rest);
	if (length > 0 && rest[length - 1] == '/')
		rest[length - 1] = '\0';
	place->path = rest;
	place->slash = parameter && (!place->id || parameter[strlen(parameter) - 1] == '/');
}

static void place_finish(struct place *place)
{
	free(place->text);
}

/* When the take began, as its id says. */
static time_t time_of(const char *id)
{
	struct tm tm = {0};
	return strptime(id, "%Y%m%d-%H%M%S", &tm) ? timegm(&tm) : 0;
}

/* --- Text --- */

/* RFC 3986: what is neither a letter, a digit, one of -._~ nor a slash. */
static void put_url(FILE *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x80 && (isalnum(*c) || strchr("-._~/", *c)))
			putc(*c, out);
		else
			fprintf(out, "%%%02X", *c);
	}
}

/* --- PROPFIND's properties --- */

static void begin_response(FILE *out, const char *href, const char *name, time_t modified)
{
	char date[HTTP_DATE_SIZE];
	fputs("<D:response><D:href>", out);
	put_url(out, href);
	fputs("</D:href><D:propstat><D:prop><D:displayname>", out);
	xml_put_text(out, name);
	fprintf(out, "</D:displayname><D:getlastmodified>%s</D:getlastmodified>", http_date(modified, date));
}

static void end_response(FILE *out)
{
	fputs("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n", out);
}

static void folder_properties(FILE *out, const char *href, const char *name, time_t modified)
{
	begin_response(out, href, name, modified);
	fputs("<D:resourcetype><D:collection/></D:resourcetype>", out);
	end_response(out);
}

static void file_properties(FILE *out, const char *href, const char *name, const struct takefile *file)
{
	begin_response(out, href, name, file->modified);
	fprintf(out,
		"<D:resourcetype/><D:getcontentlength>%" PRIu64 "</D:getcontentlength>"
		"<D:getcontenttype>%s</D:getcontenttype>",
		file->size, file->type);
	if (file->etag[0] != '\0')
		fprintf(out, "<D:getetag>%s</D:getetag>", file->etag);
	end_response(out);
}

/* --- A page's links --- */

static void put_link(FILE *out, const char *href, const char *name, const char *slash)
{
	fputs("<li><a href=\"", out);
	put_url(out, href);
	fputs("\">", out);
	xml_put_text(out, name);
	fprintf(out, "%s</a></li>\n", slash);
}

static void folder_link(FILE *out, const char *href, const char *name, time_t modified)
{
	(void)modified;
	put_link(out, href, name, "/");
}

static void file_link(FILE *out, const char *href, const char *name, const struct takefile *file)
{
	(void)file;
	put_link(out, href, name, "");
}

/* --- What is where --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void write_folder(struct writer *writer, const char *path)
{
	const struct place *place = writer->place;
	char *href = path[0] ? memory_format(ROOT "%s/%s/", place->id, path)
			     : memory_format(ROOT "%s/", place->id);
	writer->folder(writer->out, href, path[0] ? base_name(path) : place->id, time_of(place->id));
	free(href);
}

/* A folder within the place is told of by the first file in it; files of one come together. */
static void write_subfolder(struct writer *writer, const char *path, size_t length)
{
	char *folder = memory_format("%.*s", (int)length, path);
	if (writer->last && strcmp(writer->last, folder) == 0) {
		free(folder);
		return;
	}
	free(writer->last);
	writer->last = folder;
	write_folder(writer, folder);
}

static void write_entry(void *data, const char *path, const struct takefile *file)
{
	struct writer *writer = data;
	const struct place *place = writer->place;
	size_t length = strlen(place->path);
	bool exact = strcmp(path, place->path) == 0;
	bool beneath = length == 0 || (strncmp(path, place->path, length) == 0 && path[length] == '/');
	if (!exact && !beneath)
		return;
	if (writer->found++ == 0 && !exact && writer->itself)
		write_folder(writer, place->path);
	const char *rest = path + (exact || length == 0 ? 0 : length + 1);
	const char *slash = exact ? NULL : strchr(rest, '/');
	if (!exact && !writer->within)
		return;
	if (slash) {
		write_subfolder(writer, path, (size_t)(slash - path));
		return;
	}
	char *href = memory_format(ROOT "%s/%s", place->id, path);
	writer->file(writer->out, href, base_name(path), file);
	free(href);
}

static int write_library(struct writer *writer, const char *takes, struct error *e)
{
	struct index *index;
	if (writer->itself)
		writer->folder(writer->out, ROOT, "takes", 0);
	if (!writer->within)
		return 0;
	int result = index_open(&index, takes, e);
	if (result < 0)
		return result;
	for (size_t i = 0; i < index_count(index) && result == 0; i++) {
		const char *id;
		result = index_id(index, i, &id, e);
		char *href = result == 0 ? memory_format(ROOT "%s/", id) : NULL;
		if (href)
			writer->folder(writer->out, href, id, time_of(id));
		free(href);
	}
	index_close(index);
	return result;
}

static int write_place(struct writer *writer, const char *takes, struct error *e)
{
	if (!writer->place->id)
		return write_library(writer, takes, e);
	int result = takefile_list(takes, writer->place->id, write_entry, writer, e);
	free(writer->last);
	if (result == 0 && writer->found == 0)
		result = error_set(e, ENOENT, "there is nothing at this address");
	return result;
}

/* The text between `begin` and `end`; takes over nothing. */
static struct answer write_answer(struct request *request, struct writer *writer, unsigned status,
	const char *type, const char *begin, const char *end)
{
	struct error e;
	struct text text;
	writer->out = text_open(&text);
	fputs(begin, writer->out);
	int result = write_place(writer, request->http->takes, &e);
	fputs(end, writer->out);
	char *whole = text_close(&text);
	if (result == 0)
		return answer_text(status, type, whole);
	free(whole);
	return answer_problem(status_of(result), "%s", e.text);
}

/* --- Methods --- */

struct answer webdav_options(struct request *request)
{
	(void)request;
	struct answer answer = answer_empty(MHD_HTTP_OK);
	answer_header(answer, "DAV", "1");
	answer_header(answer, "MS-Author-Via", "DAV");
	answer_header(answer, MHD_HTTP_HEADER_ALLOW, "OPTIONS, GET, HEAD, PROPFIND");
	return answer;
}

/* Which properties are asked for does not matter: all there are cost nothing. */
static bool is_xml(const struct request *request)
{
	for (size_t i = 0; i < request->body_size; i++) {
		if (!strchr(" \t\r\n\xef\xbb\xbf", request->body[i]))
			return request->body[i] == '<';
	}
	return request->body_size == 0;
}

struct answer webdav_propfind(struct request *request)
{
	const char *depth = request_header(request, "Depth");
	bool known = depth && (strcmp(depth, "0") == 0 || strcmp(depth, "1") == 0);
	if (depth && !known && strcasecmp(depth, "infinity") != 0)
		return answer_problem(MHD_HTTP_BAD_REQUEST, "Depth: must be 0 or 1");
	if (!known)
		return answer_problem(MHD_HTTP_FORBIDDEN, "Depth: must be 0 or 1, not infinity");
	if (!is_xml(request))
		return answer_problem(MHD_HTTP_BAD_REQUEST, "the body is not XML");
	struct place place;
	place_init(&place, request->parameters[0]);
	struct writer writer = {.place = &place,
		.folder = folder_properties,
		.file = file_properties,
		.itself = true,
		.within = strcmp(depth, "1") == 0};
	struct answer answer =
		write_answer(request, &writer, MHD_HTTP_MULTI_STATUS, "application/xml; charset=utf-8",
			"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n",
			"</D:multistatus>\n");
	place_finish(&place);
	return answer;
}

static struct answer get_folder(struct request *request, const struct place *place)
{
	struct writer writer = {.place = place, .folder = folder_link, .file = file_link, .within = true};
	struct answer answer = write_answer(request, &writer, MHD_HTTP_OK, "text/html; charset=utf-8",
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Takes</title></head>"
		"<body><ul>\n",
		"</ul></body></html>\n");
	/* What has no slash would pass for a file. */
	if (answer.status != MHD_HTTP_OK || place->slash)
		return answer;
	MHD_destroy_response(answer.response);
	char *address = memory_format(ROOT "%s%s%s%s", place->id ? place->id : "", place->path[0] ? "/" : "",
		place->path, place->id ? "/" : "");
	answer = answer_empty(MHD_HTTP_MOVED_PERMANENTLY);
	answer_header(answer, MHD_HTTP_HEADER_LOCATION, address);
	free(address);
	return answer;
}

struct answer webdav_get(struct request *request)
{
	struct error e;
	struct takefile file;
	struct place place;
	int result = -ENOENT;
	place_init(&place, request->parameters[0]);
	if (place.id && place.path[0])
		result = takefile_open(&file, request->http->takes, place.id, place.path, &e);
	struct answer answer;
	if (result == 0)
		answer = serve_file(request, &file, false);
	else if (result == -ENOENT)
		answer = get_folder(request, &place);
	else
		answer = answer_problem(status_of(result), "%s", e.text);
	place_finish(&place);
	return answer;
}

/* Bytes that can be had in parts (RFC 9110, sections 13 and 14): a file, or what is made as it is read. MHD's
 * threads. */
#ifndef WOODSHED_NETWORK_SERVE_H
#define WOODSHED_NETWORK_SERVE_H

#include "network/files.h"
#include "network/server.h"

struct content {
	uint64_t size;
	const char *etag; /* with its quotes; empty: none */
	const char *type;
	const char *name; /* that it is saved under; NULL: whatever the client thinks */
	time_t modified;  /* 0: not known */
	/* The response for `count` bytes from `first` on; `data` is its own from then on. */
	struct MHD_Response *(*make)(void *data, uint64_t first, uint64_t count);
	void (*drop)(void *data); /* there will be no such response */
	void *data;
};

/* 200, 206, 304, 412 or 416. */
struct answer serve(const struct request *request, const struct content *content);

/* The same for a file, of which it takes over the descriptor. `attached`: to be saved, not shown. */
struct answer serve_file(const struct request *request, struct takefile *file, bool attached);

/* A time as HTTP and WebDAV write it. */
#define HTTP_DATE_SIZE 32
char *http_date(time_t time, char text[static HTTP_DATE_SIZE]);

#endif

/* The page's files, put into the program at build time (web/embed.py makes the .c). */
#ifndef WOODSHED_NETWORK_WEB_H
#define WOODSHED_NETWORK_WEB_H

#include <stddef.h>

struct web_asset {
	const char *name; /* in network/web */
	const char *type;
	const char *etag; /* with its quotes */
	const unsigned char *data;
	size_t size;
};

extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

#endif

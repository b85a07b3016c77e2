/* The page's files, put into the program at build time (web/embed.py makes the .c). */
#ifndef WOODSHED_NETWORK_WEB_H
#define WOODSHED_NETWORK_WEB_H

#include <stddef.h>

enum { WEB_INDEX, WEB_STYLE, WEB_SCRIPT, WEB_ASSETS };

struct web_asset {
	const char *type;
	const unsigned char *data;
	size_t size;
};

extern const struct web_asset web_assets[WEB_ASSETS];

#endif

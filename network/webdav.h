/* The takes as folders to be mounted: WebDAV (RFC 4918, class 1) without all that writes. MHD's threads. */
#ifndef WOODSHED_NETWORK_WEBDAV_H
#define WOODSHED_NETWORK_WEBDAV_H

#include "network/server.h"

/* Each with one parameter: what stands behind /dav/, or none. */
struct answer webdav_options(struct request *request);
struct answer webdav_propfind(struct request *request);
struct answer webdav_get(struct request *request); /* a folder is a page of links */

#endif

/* Addresses as they stand in a request's first line. Any thread. */
#ifndef WOODSHED_NETWORK_UNESCAPE_H
#define WOODSHED_NETWORK_UNESCAPE_H

#include <stddef.h>

/* Turns every %XX of `text` into its byte, in place; returns the length. %00 would end the text early for C
 * and not for whoever wrote it, so it stays as it is and fits nothing. */
size_t http_unescape(char *text);

#endif

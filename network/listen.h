/* The HTTP port: opened here and not by the library, so that what is wrong is said in words. */
#ifndef WOODSHED_NETWORK_LISTEN_H
#define WOODSHED_NETWORK_LISTEN_H

#include "common/error.h"

#include <stdint.h>

#define LISTEN_ADDRESS_SIZE 48 /* an IPv6 address in brackets */

/* Opens `listen` (ADDRESS:PORT, [ADDRESS]:PORT or localhost:PORT; port 0: a free one). Returns the
 * descriptor, the caller's; `*address` is the one in `listen` as it stands in a URL, the caller's to free, or
 * NULL if that means every address of the machine. */
int listen_open(const char *listen, char **address, uint16_t *port, struct error *e) MUST_CHECK;

/* The address by which others most likely reach this machine; loopback if it has no other. */
char *listen_own_address(char address[static LISTEN_ADDRESS_SIZE]);

#endif

/* The box in the local network's directory (DNS-SD over multicast DNS): `_http._tcp` with the subtype
 * `_woodshed`, and NAME.local for the machine that it runs on. Said through Avahi on the system bus, which
 * may come and go; without it nothing is said, and nothing is wrong. Control thread; no call waits. */
#ifndef WOODSHED_NETWORK_DNSSD_H
#define WOODSHED_NETWORK_DNSSD_H

#include "common/loop.h"

#include <stdint.h>

struct dnssd;

/* `name` is the box's, `port` that of HTTP. */
struct dnssd *dnssd_create(struct loop *loop, const char *name, uint16_t port);
void dnssd_destroy(struct dnssd *dnssd); /* takes it all back; NULL is fine */

#endif

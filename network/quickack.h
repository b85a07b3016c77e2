/* Tells a broker at once that its acknowledgement has arrived. A broker that keeps Nagle's algorithm
 * (mosquitto does, unless told otherwise) holds the next request back until then, and Linux would let it wait
 * for 40 ms; Paho does not show the socket that this could be set on. Any thread. */
#ifndef WOODSHED_NETWORK_QUICKACK_H
#define WOODSHED_NETWORK_QUICKACK_H

#include <stddef.h>
#include <stdint.h>

enum { QUICKACK_MOST = 4 };

struct quickack {
	int fds[QUICKACK_MOST];
	size_t count;
};

/* The port of an address such as mqtts://[::1]:8883, or its scheme's. */
uint16_t quickack_port(const char *url);

/* Finds the connections of this process to `port` of anywhere. One too many does no harm, nor does one that
 * has been closed since: a TCP connection is only made prompter, and nothing else is touched. */
void quickack_find(struct quickack *quickack, uint16_t port);
void quickack_send(const struct quickack *quickack);

#endif

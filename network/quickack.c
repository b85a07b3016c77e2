#include "network/quickack.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT = 1883, TLS_PORT = 8883 };

uint16_t quickack_port(const char *url)
{
	const char *host = strstr(url, "://");
	const char *colon = strrchr(host ? host + 3 : url, ':');
	unsigned long port = colon && !strchr(colon, ']') ? strtoul(colon + 1, NULL, 10) : 0;
	if (port > 0 && port <= UINT16_MAX)
		return (uint16_t)port;
	return strncmp(url, "mqtts://", 8) == 0 || strncmp(url, "ssl://", 6) == 0 ? TLS_PORT : PORT;
}

/* 0: no connection over TCP. */
static uint16_t peer_port(int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof(peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0)
		return 0;
	if (peer.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&peer)->sin_port);
	return peer.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&peer)->sin6_port) : 0;
}

void quickack_find(struct quickack *quickack, uint16_t port)
{
	DIR *entries = opendir("/proc/self/fd");
	quickack->count = 0;
	for (const struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
		int fd = atoi(entry->d_name);
		if (quickack->count < QUICKACK_MOST && peer_port(fd) == port)
			quickack->fds[quickack->count++] = fd;
	}
	if (entries)
		closedir(entries);
}

void quickack_send(const struct quickack *quickack)
{
	const int on = 1;
	for (size_t i = 0; i < quickack->count; i++)
		setsockopt(quickack->fds[i], IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

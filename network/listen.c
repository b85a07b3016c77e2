#include "network/listen.h"

#include "common/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

static int resolve(const char *listen, struct addrinfo **found, struct error *e)
{
	char host[64];
	const char *colon = strrchr(listen, ':');
	bool bracketed = listen[0] == '[' && colon && colon > listen && colon[-1] == ']';
	const char *start = listen + bracketed;
	size_t length = colon ? (size_t)(colon - start) - bracketed : sizeof(host);
	if (length >= sizeof(host) || (!bracketed && memchr(start, ':', length)))
		return error_set(e, EINVAL, "http: listen: \"%.80s\" is not ADDRESS:PORT", listen);
	snprintf(host, sizeof(host), "%.*s", (int)length, start);
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
	int result = getaddrinfo(name[0] ? name : NULL, colon + 1, &hints, found);
	if (result != 0)
		return error_set(e, EINVAL, "http: listen: \"%.80s\": %s", listen, gai_strerror(result));
	return 0;
}

static int bind_first(const struct addrinfo *where)
{
	int fd = socket(
		where->ai_family, where->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where->ai_protocol);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, where->ai_addr, where->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		int result = -errno;
		close(fd);
		return result;
	}
	return fd;
}

static void format_address(const struct sockaddr *address, char text[static LISTEN_ADDRESS_SIZE])
{
	char plain[INET6_ADDRSTRLEN] = "";
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;
		inet_ntop(AF_INET6, &six->sin6_addr, plain, sizeof(plain));
		snprintf(text, LISTEN_ADDRESS_SIZE, "[%s]", plain);
	} else {
		const struct sockaddr_in *four = (const void *)address;
		inet_ntop(AF_INET, &four->sin_addr, plain, sizeof(plain));
		snprintf(text, LISTEN_ADDRESS_SIZE, "%s", plain);
	}
}

static uint16_t port_of(const struct sockaddr_storage *bound)
{
	if (bound->ss_family == AF_INET6) {
		struct sockaddr_in6 six;
		memcpy(&six, bound, sizeof(six));
		return ntohs(six.sin6_port);
	}
	struct sockaddr_in four;
	memcpy(&four, bound, sizeof(four));
	return ntohs(four.sin_port);
}

int listen_open(const char *listen, char **address, uint16_t *port, struct error *e)
{
	struct addrinfo *found = NULL;
	int result = resolve(listen, &found, e);
	if (result < 0 || !found)
		return result;
	int fd = bind_first(found);
	freeaddrinfo(found);
	if (fd < 0)
		return error_errno(e, fd, "http: listen: %s", listen);
	struct sockaddr_storage bound = {0};
	socklen_t size = sizeof(bound);
	getsockname(fd, (struct sockaddr *)&bound, &size);
	*port = port_of(&bound);
	char text[LISTEN_ADDRESS_SIZE];
	format_address((const struct sockaddr *)&bound, text);
	bool any = strcmp(text, "0.0.0.0") == 0 || strcmp(text, "[::]") == 0;
	*address = any ? NULL : memory_text(text);
	return fd;
}

char *listen_own_address(char address[static LISTEN_ADDRESS_SIZE])
{
	struct ifaddrs *interfaces = NULL;
	snprintf(address, LISTEN_ADDRESS_SIZE, "127.0.0.1");
	if (getifaddrs(&interfaces) < 0)
		return address;
	for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
		bool usable = i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
			      (i->ifa_flags & IFF_RUNNING) && !(i->ifa_flags & IFF_LOOPBACK);
		if (!usable)
			continue;
		format_address(i->ifa_addr, address);
		break;
	}
	freeifaddrs(interfaces);
	return address;
}

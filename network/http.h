/* The HTTP server: libmicrohttpd's own thread serves snapshots and files; what changes something goes through
 * the control loop. Control thread. */
#ifndef WOODSHED_NETWORK_HTTP_H
#define WOODSHED_NETWORK_HTTP_H

#include "network/events.h"
#include "network/network.h"
#include "network/snapshot.h"

struct http;

struct http_setup {
	struct loop *loop;
	const struct http_config *config;
	const char *takes, *name;    /* of the appliance */
	struct snapshots *snapshots; /* must outlive the server */
	network_command_fn on_command;
	void *command_data;
};

/* Opens the port and makes the token if there is none. */
int http_create(struct http **http, const struct http_setup *setup, struct error *e) MUST_CHECK;

/* Answers what is waiting for the loop (503), closes every connection and joins the thread. NULL is fine. */
void http_destroy(struct http *http);

/* The stream of events of every page: what is published there reaches them. */
struct events *http_events(const struct http *http);

uint16_t http_port(const struct http *http);

/* `http://ADDRESS:PORT` as other machines reach it. */
char *http_url(const struct http *http, char url[static NETWORK_URL_SIZE]);

#endif

/* How the box introduces itself to Home Assistant: one message of MQTT device discovery with all its entities
 * (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). The entities only point at the
 * topics that there are anyway, so nothing else is published for them. Any thread. */
#ifndef WOODSHED_NETWORK_HOMEASSISTANT_H
#define WOODSHED_NETWORK_HOMEASSISTANT_H

#include <stddef.h>

/* Where Home Assistant says `online` when it has started and wants to hear of everybody. */
#define HOMEASSISTANT_STATUS "homeassistant/status"

struct homeassistant_device {
	const char *name;    /* of the box */
	const char *prefix;  /* of its topics */
	const char *url;     /* of its page; empty: none */
	const char *session; /* in use, or NULL; an option also where no file has its name */
	const char *const *sessions;
	size_t session_count;
	const char *const *interfaces;
	size_t interface_count;
	double pre_roll_s;
};

/* The topic that the introduction is retained on; the caller's to free. */
char *homeassistant_topic(const char *name);

/* The introduction, JSON text; the caller's to free. */
char *homeassistant_config(const struct homeassistant_device *device);

/* What takes away the entities that were in `before` and are not in `now`: `now` with the platform alone of
 * each of them. The caller's to free; NULL where nothing is gone. */
char *homeassistant_farewell(const char *before, const char *now);

#endif

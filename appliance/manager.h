/* What the service manager is told (sd_notify(3)): that the service is ready, a line of what it does, that
 * its writers advance (the watchdog), and how much longer it needs to close a take. Where nobody listens
 * (NOTIFY_SOCKET) nothing happens. Control thread only. */
#ifndef WOODSHED_APPLIANCE_MANAGER_H
#define WOODSHED_APPLIANCE_MANAGER_H

#include "common/loop.h"

#include <stdbool.h>

struct manager;

struct manager_questions {
	bool (*advances)(void *data); /* since it was asked last; asked from manager_ready on */
	void *data;
};

/* Never fails: a watchdog that the environment asks for in a way that nobody understands is not fed. */
struct manager *manager_create(struct loop *loop, const struct manager_questions *questions);

/* NULL is fine. */
void manager_destroy(struct manager *manager);

/* From now on the watchdog is fed while the service advances, four times as often as the manager asks. */
void manager_ready(struct manager *manager);

/* The service stops; until it is destroyed, more time is asked for as long as it advances. */
void manager_stopping(struct manager *manager);

/* One line for people: what the service does, and what is wrong ("": nothing). */
void manager_tell_state(struct manager *manager, const char *text);
void manager_tell_alert(struct manager *manager, const char *text);

/* A pause of so many seconds in the writers costs nothing, since the tapes hold as much: the manager is asked
 * to wait at least that long, and some more, before it gives the service up. */
void manager_wait_for(struct manager *manager, double seconds);

#endif

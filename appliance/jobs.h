/* The queue of renders: one child process at a time (`woodshed render --background`), so that a fault in a
 * render can never reach a take that runs. Control thread only. */
#ifndef WOODSHED_APPLIANCE_JOBS_H
#define WOODSHED_APPLIANCE_JOBS_H

#include "common/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct jobs;

struct jobs_callbacks {
	void (*started)(void *data, const char *folder);
	void (*progress)(void *data, const char *folder, int percent, const char *what);
	/* `error` is the child's last word, NULL when it did its work. */
	void (*finished)(void *data, const char *folder, const char *error);
	void *data;
};

/* `config`: the appliance file to hand to the children; NULL: none. */
struct jobs *jobs_create(struct loop *loop, const char *config, const struct jobs_callbacks *callbacks);

/* Ends the child that runs (its take stays as it was, for another time) and waits for it. NULL is fine. */
void jobs_destroy(struct jobs *jobs);

/* Behind what is there already; `session` is a file, NULL: the take's own. A take that waits already is not
 * queued twice. */
void jobs_add(struct jobs *jobs, const char *folder, const char *session);

/* True if the take in `folder` is being rendered or waits for it. */
bool jobs_has(const struct jobs *jobs, const char *folder);

/* The folders of all of those, the caller's to free, each and the list. */
char **jobs_folders(const struct jobs *jobs, size_t *count);

/* Takes that are being rendered or wait for it. */
int jobs_count(const struct jobs *jobs);

#endif

/* A session as the program holds it: the model, and the text that goes into every take made with it. */
#ifndef WOODSHED_APPLIANCE_SESSIONS_H
#define WOODSHED_APPLIANCE_SESSIONS_H

#include "config/session.h"

#include <stdint.h>

struct loaded_session {
	struct session session;
	char *text; /* the file's, byte for byte; of the defaults a file that says the same */
	char *path; /* NULL: the defaults */
};

/* Loads `path` (NULL: the defaults, named `name`). 0, or negative errno with every fault in `faults`, which
 * the caller made and finishes; then nothing is left to finish. */
int sessions_load(struct loaded_session *loaded, const char *path, const char *name,
	const struct appliance *appliance, struct faults *faults) MUST_CHECK;
/* The session of the take in `folder`, its own unless another is `given`, with chains that can be made at
 * `rate`. Its faults are printed on standard error; the message says which file is wrong. */
int sessions_load_of_take(struct loaded_session *loaded, const char *folder, const char *given, uint32_t rate,
	struct error *e) MUST_CHECK;
void sessions_finish(struct loaded_session *loaded); /* a zeroed value is fine */

#endif

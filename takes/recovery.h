/* Takes that a power cut or a crash left behind, made whole. What is sound on the disk stays to the last
 * frame; nothing that was recorded is deleted. Cut off at any point, the next run comes to the same result;
 * where there is nothing to do, nothing is written. Any thread but control; blocks on the disk, and decodes
 * every take that was left `recording`. */
#ifndef WOODSHED_TAKES_RECOVERY_H
#define WOODSHED_TAKES_RECOVERY_H

#include "takes/manifest.h"

#include <stdatomic.h>

enum recovery_outcome {
	RECOVERY_RECOVERED,  /* left `recording`: now `recorded`, or `failed` where nothing of it was there */
	RECOVERY_UNRENDERED, /* left `rendering`: back to `recorded` */
	RECOVERY_FAILED,     /* left as it is; `error` says why */
};

struct recovery_report {
	enum recovery_outcome outcome;
	const char *id, *folder;
	const struct manifest *take; /* NULL: failed */
	const char *error;	     /* NULL: not failed */
};

struct recovery {
	const char *takes; /* folder; one that is not there holds no takes */
	const char *only;  /* id of the one take to look at; NULL: all */
	void (*report)(void *data, const struct recovery_report *report);
	void *data;
	const _Atomic bool *stop; /* set: leave the rest for another time; NULL: never */
};

/* Looks at every take that no other process is working on (take_lock). The caller has takes_lock. A take that
 * cannot be recovered is reported and holds up no other; the result is the number of those, or a negative
 * errno where the folder cannot be read. -ECANCELED: stopped. */
int recovery_run(const struct recovery *recovery, struct error *e) MUST_CHECK;

#endif

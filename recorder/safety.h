/* Whether a take is as safe as sync_every promises: by how much a power cut would set it back, as one looks
 * at it several times a second. A promise that is broken is worth a line in the log once; one that is broken
 * again and again, or by far, an alert. Pure. */
#ifndef WOODSHED_RECORDER_SAFETY_H
#define WOODSHED_RECORDER_SAFETY_H

#include <stdbool.h>

/* What a power cut takes at most: sync_every and this. */
#define SAFETY_GRACE_S 0.25

struct safety {
	double most_s;	 /* that a power cut would have cost */
	unsigned breaks; /* of the promise, each from its beginning to its end */
	bool broken;
	bool alerted;
};

enum safety_news {
	SAFETY_NO_NEWS,
	SAFETY_BROKEN, /* for the first time */
	SAFETY_ALERT,  /* three times by now, or by as much as three times; once */
};

/* A power cut now would cost `unsafe_s`. Starts from a zeroed value. */
enum safety_news safety_look(struct safety *safety, double sync_every_s, double unsafe_s);

#endif

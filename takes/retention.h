/* Which takes may go, and their going (retention: in the appliance's configuration). Never a take that is
 * kept, in use or not closed; of those that are left, the oldest first.
 *
 *   days   those that started longer ago. The present is as retention_clock believes it.
 *   takes  those older than the newest N that nobody keeps; kept ones are not counted, or a box with N kept
 *          takes would remove each new one as soon as it is closed.
 *   free   the oldest, until that much of the disk is free; never the newest of all, and none at all where
 * all of them would not do: then it is not the takes that fill the disk. */
#ifndef WOODSHED_TAKES_RETENTION_H
#define WOODSHED_TAKES_RETENTION_H

#include "common/error.h"
#include "config/appliance.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- choosing: pure ---- */

struct retention_take {
	int64_t started_s; /* since 1970, UTC, by its manifest */
	bool keep;
	bool closed; /* nobody records, renders or recovers it, or will */
};

/* The library, newest first. Each is asked for only what a rule needs to know of it, since what these calls
 * cost is a file or a folder read. */
struct retention_view {
	size_t count;
	int64_t (*started_s)(void *data, size_t i); /* by its name, which is what the order goes by */
	bool (*load)(void *data, size_t i, struct retention_take *take); /* false: no take */
	uint64_t (*bytes)(void *data, size_t i);
	void *data;
};

struct retention_now {
	int64_t utc_s;
	uint64_t disk_bytes, free_bytes;
};

struct retention_choice {
	size_t *goes; /* oldest first; to be freed */
	size_t count;
	bool out_of_reach; /* `free` asks for more than all takes could give; nothing goes */
};

void retention_choose(struct retention_choice *choice, const struct retention_config *config,
	const struct retention_view *view, const struct retention_now *now);

/* ---- the clock ---- */

/* A clock that no time server keeps may wake up years ahead. While nobody vouches for it, the present is at
 * most a week past what was believed when the last run ended, plus the time that this one has run. */
struct retention_clock {
	int64_t believed_s; /* at the end of the last run; 0: there was none, and any clock is believed */
	int64_t begun_s;    /* of the time that the machine has been running */
};

/* The present to go by. `sure`: the kernel says that the clock is synchronised. */
int64_t retention_clock_now(const struct retention_clock *clock, int64_t utc_s, int64_t running_s, bool sure);

/* True if a take cannot have started when it says: what was believed is later already. Its age means nothing,
 * so nothing may be concluded from it. */
bool retention_clock_behind(const struct retention_clock *clock, int64_t started_s, bool sure);

/* ---- doing: any thread but control; blocks on the disk ---- */

struct retention {
	const char *takes; /* folder */
	struct retention_config config;
	struct retention_clock clock;
	char *const *busy; /* folders of takes that wait for something, beside those in use */
	size_t busy_count;
	const _Atomic bool *stop; /* set: leave the rest for another time; NULL: never */
};

/* Removes what may go and logs each; the result is how many went. What could not be removed is logged and
 * holds up no other. */
int retention_run(const struct retention *retention, struct error *e) MUST_CHECK;

/* From `<takes>/.clock`, where retention_run leaves what it believes. */
void retention_clock_load(struct retention_clock *clock, const char *takes);

/* Keeps the take in `folder` if the clock was set back when it was recorded. 1: it was. */
int retention_protect(const struct retention_clock *clock, const char *folder, struct error *e) MUST_CHECK;

#endif

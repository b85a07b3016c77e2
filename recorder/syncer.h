/* The one thread that waits for the disk: fdatasync of every file being recorded, once a period, and whole
 * jobs (making a take's folder, replacing its manifest, hashing its files) one after the other. It never
 * holds up a writer while a take runs. */
#ifndef WOODSHED_RECORDER_SYNCER_H
#define WOODSHED_RECORDER_SYNCER_H

#include "audio/flac.h"
#include "common/error.h"

#include <stdbool.h>

struct syncer;

/* Its thread, as the writers' do, raises its priority (common/priority.h): a busy machine shall not cost what
 * a power cut takes.
 *
 * A file whose fdatasync failed is left alone from then on (a failed sync must not be asked again as if it
 * could succeed); flac_writer_sync_failed tells whoever writes it. */
int syncer_create(struct syncer **syncer, double period_s, struct error *e) MUST_CHECK;

/* From now on. Where it is shorter, a round begins at once: what the last one left may be older than that.
 * Any thread. */
void syncer_set_period(struct syncer *syncer, double period_s);

/* The nice value that the thread has. */
int syncer_nice(const struct syncer *syncer);

/* Runs the jobs that are still there, then ends the thread. NULL is fine. */
void syncer_destroy(struct syncer *syncer);

/* From any thread. A file is unwatched before it is destroyed; unwatching waits for a sync that is under way.
 */
void syncer_watch(struct syncer *syncer, struct flac_writer *file);
void syncer_unwatch(struct syncer *syncer, struct flac_writer *file);

/* Whoever writes to the files that are watched, so that a round of syncs begins with everything in the files
 * that there is, and finds the disk undisturbed. `ask` is called at the start of a round, on the syncer's
 * thread and with its lock held, so it only takes note and wakes; syncer_supplied answers, from any thread.
 * The next one is asked when this one has answered, or an eighth of a second divided by how many there are
 * after he was. A round does not wait long for answers: whoever hangs holds up nobody else's promise. An
 * answer that comes later begins the next round at once. */
struct supplier {
	void (*ask)(void *data);
	void *data;
	struct supplier *next; /* the syncer's, as the rest is */
	bool asked;	       /* in this round */
	bool owes;
};
void syncer_add(struct syncer *syncer, struct supplier *supplier);
void syncer_remove(struct syncer *syncer, struct supplier *supplier);
void syncer_supplied(struct syncer *syncer, struct supplier *supplier);

/* Runs fn(data) on the syncer's thread, in the order posted. Any thread. */
void syncer_post(struct syncer *syncer, void (*fn)(void *data), void *data);

#endif

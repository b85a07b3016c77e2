/* The room's interfaces: each with its tape, its capture and its writer; configured ones, or every node that
 * there is. Private to the recorder; control thread only. */
#ifndef WOODSHED_RECORDER_ROOM_H
#define WOODSHED_RECORDER_ROOM_H

#include "recorder/recorder.h"
#include "recorder/syncer.h"
#include "recorder/writer.h"

enum { ROOM_MOST = 32 };

/* A channel's level over the ticks since someone looked. */
struct room_heard {
	double peak_db, power; /* the largest; the sum of mean squares */
	unsigned ticks;
};

struct room_interface {
	char *name, *node;
	uint32_t channels;
	bool shared_clock; /* with the others */
	char **ports;	   /* `channels` names, for tracks without a session */
	struct tape tape;
	struct capture capture;
	bool capturing;
	bool failed; /* cannot be captured, and why; tried again after retry_ns (monotonic) */
	char why[sizeof(struct error)];
	int64_t retry_ns;
	uint32_t rate;	   /* that the tape is long enough for */
	double pre_roll_s; /* that it was made for */
	bool guessed;	   /* `channels` is what a session wanted of a node that was never there */
	uint32_t offered;  /* channels that the node has */
	struct writer *writer;
	uint64_t rounds_seen; /* by recorder_advances */
	bool heard_told;      /* what room_is_heard was when the world was last told of a change */
	double peak_db[SOURCE_MAX_CHANNELS], rms_db[SOURCE_MAX_CHANNELS]; /* of the last tick */
	uint64_t clipped[SOURCE_MAX_CHANNELS];
	bool tracked[SOURCE_MAX_CHANNELS];	      /* by plan_mark_tracked */
	struct room_heard heard[SOURCE_MAX_CHANNELS]; /* for recorder_levels */
	struct recorder *recorder;		      /* for the writer's callbacks */
	size_t index;
};

struct room {
	const struct appliance *appliance;
	const struct source_type *type;
	struct source *source;
	struct syncer *syncer;
	void (*memory_left)(struct budget_left *left); /* NULL: budget_read */
	struct room_interface *interfaces[ROOM_MOST];
	size_t count;
	struct {
		uint64_t gaps, gap_frames, suspected;
	} before; /* found by writers that are gone */
};

/* Makes the configured interfaces (`appliance`), or with none configured those of the nodes that are there
 * now, and starts capturing each whose channels are known. Called again whenever nodes changed. `may_add`:
 * nodes that nobody configured may join now. */
void room_update(struct room *room, struct recorder *recorder, bool may_add);
void room_finish(struct room *room);

/* Makes sure that the interface has a writer, if need be before it was ever there: with `channels` channels.
 */
int room_expect(
	struct room *room, struct room_interface *interface, uint32_t channels, struct error *e) MUST_CHECK;

/* Makes each tape anew whose interface runs at a rate, or has channels, that it was not made for, or that was
 * made for another pre-roll; and tries again, now and then, what there was no memory for. Only while
 * no writer has a part of a take: what the tape held is gone, but for what is on it at a new rate that needs
 * no longer one. */
void room_fit(struct room *room, struct recorder *recorder);

/* Another configuration: what was refused under the last one is tried again at the next room_fit. */
void room_reload(struct room *room, const struct appliance *appliance);

/* Makes the room as the configuration has it now. The same holds. */
void room_remake(struct room *room, struct recorder *recorder);

/* Linked, and its writer has had frames of it: only then is its rate known. */
bool room_is_heard(const struct room_interface *interface);

/* True if that has changed for any since the last call. */
bool room_hears_others(struct room *room);

/* Heard, and with a tape that fits. */
bool room_is_running(const struct room_interface *interface);

struct room_interface *room_find(const struct room *room, const char *name);

/* Reads every channel's level since the last call. */
void room_read_levels(struct room *room);

/* The writers' callbacks, which the recorder gives (on the writer's thread). */
void recorder_on_gap(void *interface, const struct take_gap *gap);
void recorder_on_suspect(void *interface, const struct take_suspect *loss);
void recorder_on_trouble(void *interface, const struct track_trouble *trouble);
void recorder_on_done(void *interface);

#endif

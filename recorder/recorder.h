/* The recorder: captures every interface, listens for a band, and makes takes. All calls and callbacks are on
 * the control thread; none of them waits for the disk. */
#ifndef WOODSHED_RECORDER_RECORDER_H
#define WOODSHED_RECORDER_RECORDER_H

#include "common/loop.h"
#include "config/appliance.h"
#include "config/session.h"
#include "recorder/budget.h"
#include "recorder/source.h"
#include "takes/manifest.h"

struct recorder;

enum recorder_state {
	RECORDER_IDLE,	/* waits for a command */
	RECORDER_ARMED, /* waits for a band */
	RECORDER_RECORDING,
	RECORDER_FINALIZING, /* the last take is being closed, no other has begun */
};

struct recorder_callbacks {
	void (*ready)(void *data);   /* the source has told of every node that is there */
	void (*changed)(void *data); /* the state, or an interface's presence */
	void (*take_started)(void *data, const struct manifest *take);
	/* The take is closed, whole and hashed. `take->error` says what went wrong, if anything. */
	void (*take_stopped)(void *data, const char *folder, const struct manifest *take);
	void (*gap)(void *data, const char *interface, const struct take_gap *gap);
	/* A loss in the take that no clock told of, where nothing was inserted. */
	void (*suspect)(void *data, const char *interface, const struct take_suspect *loss);
	/* A loss in one track of a take, which the disk did not keep (GAP_DISK). */
	void (*loss)(void *data, const char *track, const struct take_gap *gap);
	void (*alert)(void *data, const char *text);
	void *data;
};

struct recorder_config {
	const struct appliance *appliance;
	const struct source_type *source;
	const char *takes;			       /* folder */
	void (*memory_left)(struct budget_left *left); /* NULL: what the system says (recorder/budget.h) */
};

/* Opens the source; `config` and what it points to must outlive the recorder. */
int recorder_create(struct recorder **recorder, struct loop *loop, const struct recorder_config *config,
	const struct recorder_callbacks *callbacks, struct error *e) MUST_CHECK;

/* A take that runs or is being closed (recorder_busy) has its files closed as they are, and stays on the disk
 * as one to be recovered; the loop must not run any more then. NULL is fine. */
void recorder_destroy(struct recorder *recorder);

/* The session of the next take: its tracks, its name, and the text that goes into the take as session.yaml.
 * The recorder copies none of it; it must stand until another is set or the recorder is destroyed. */
void recorder_set_session(struct recorder *recorder, const struct session *session, const char *text);

/* Reads `appliance->recording` and the interfaces again; a take that runs goes on as it began. Other
 * interfaces, or another pre-roll, are a room made anew as soon as no take runs: what its tapes held is gone.
 * The appliance before this one must stand during the call. */
void recorder_reload(struct recorder *recorder, const struct appliance *appliance);

struct recorder_start {
	bool pre_roll;	   /* with what was played before, as far as the tape reaches; else from now */
	bool follow;	   /* with what was played since the last take's end, as far as the tape reaches */
	bool click;	   /* with the session's click, if it has one */
	double seconds;	   /* end by itself after so long; 0: when told, or by silence */
	const char *title; /* NULL: the session's */
};

/* Begins a take. -EBUSY: one runs already; -ENODEV: no interface that the session needs is there; -EINVAL:
 * the session asks for a channel that an interface has not, or the interfaces' rates differ. */
int recorder_begin(struct recorder *recorder, const struct recorder_start *start, struct error *e) MUST_CHECK;

/* Makes a take of what was played until now, as far as the pre-roll reaches and the last take did not: begun
 * and ended at once. -EBUSY: a take runs; -ENODATA: there is nothing that is not in the last take, or no
 * pre-roll; else as recorder_begin. `title` as there. */
int recorder_save(struct recorder *recorder, const char *title, struct error *e) MUST_CHECK;

/* Ends the take that runs; -EALREADY: none runs. */
int recorder_end(struct recorder *recorder, struct error *e) MUST_CHECK;

/* The manifest is written anew with each of them. */
enum { RECORDER_MARKERS_MOST = 1000 };

/* A marker at this moment of the running take; -EALREADY: none runs; -EBUSY: it has RECORDER_MARKERS_MOST. */
int recorder_mark(struct recorder *recorder, const char *label, struct error *e) MUST_CHECK;

/* A take runs, is being closed, or is to follow one that a change of rates ended. */
bool recorder_busy(const struct recorder *recorder);

struct recorder_interface {
	const char *name, *node; /* node: the glob */
	uint32_t channels;	 /* 0: not known yet */
	bool live;
	uint32_t rate; /* 0: no cycle yet */
	double ppm;
};

struct recorder_status {
	enum recorder_state state;
	const char *take;  /* id; NULL: none */
	int64_t since_ns;  /* UTC, of the state */
	int64_t origin_ns; /* monotonic time of the running take's first frame */
	uint32_t rate;
	uint64_t gaps, gap_frames; /* of the interfaces, in takes or not, since the recorder was made */
	uint64_t disk_frames; /* of single tracks, that the disk did not keep, since the recorder was made */
	uint64_t clipped;     /* samples at full scale since the last take began */
	uint64_t suspected;   /* losses that no clock told of, likewise */
	double ring_high_percent;
	double ring_s; /* that the shortest ring holds, pre-roll and stall buffer in one; 0: there is none */
	uint64_t ring_bytes; /* of all of them */
	bool locked;	     /* all of them, in memory */
	bool realtime;
	bool blocked; /* the disk would not have a take, and does not yet */
	int nice;     /* of the threads that write and sync: -11 where the limits allow it */
	double unsafe_s,
		unsafe_most_s; /* what a power cut now would cost of the running take, and has at most */
};
void recorder_status(struct recorder *recorder, struct recorder_status *status);

/* False: a writer has not gone a round since the last call, so what its interface plays comes into no file
 * (the disk hangs, or worse). True without writers. For a watchdog: a writer goes several rounds a second. */
bool recorder_advances(struct recorder *recorder) MUST_CHECK;

/* Up to `most` interfaces; returns how many there are. */
size_t recorder_interfaces(struct recorder *recorder, struct recorder_interface *interfaces, size_t most);

/* What is wrong with the interfaces that the session needs, in one line; false: nothing. */
bool recorder_missing(struct recorder *recorder, struct error *e);

/* A channel's level since the last look, for meters (whoever looks takes it away from the others). */
struct recorder_level {
	const char *interface;
	uint32_t channel; /* from 1 */
	double peak_db, rms_db;
	uint64_t clipped; /* samples at full scale since the last take began */
};

/* Up to `most` channels; returns how many. */
size_t recorder_levels(struct recorder *recorder, struct recorder_level *levels, size_t most);

#endif

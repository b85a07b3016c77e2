/* The recorder's inside, and its ear: what the levels of every tick make it do (listen.c). The calls from
 * outside are in recorder.c and, where they only look, in look.c. Private to the recorder; control thread
 * only. */
#ifndef WOODSHED_RECORDER_LISTEN_H
#define WOODSHED_RECORDER_LISTEN_H

#include "recorder/count.h"
#include "recorder/transport.h"
#include "recorder/trigger.h"

struct recorder {
	struct loop *loop;
	struct recorder_config config;
	struct recording_config recording; /* the running take's; where none runs, the appliance's */
	struct recorder_callbacks callbacks;
	struct room room;
	const struct session *session;
	const char *session_text;
	struct loop_source *tick, *news, *quiet;
	bool ready;
	bool reread; /* there are other settings, which no take has begun with */
	bool stale;  /* the room is another by the configuration: made anew when no take runs */
	struct trigger *trigger;
	size_t trigger_tracks;
	bool wait_for_quiet;	/* stopped by command: what still sounds starts nothing */
	bool blocked;		/* the disk would not have a take: none begins by itself until it would */
	bool looking;		/* at the disk */
	uint64_t disk_frames;	/* of single tracks, that the disk did not keep: ever */
	int64_t look_ns;	/* when to look again */
	int64_t pause_ns;	/* between looks at a disk that would not have a take */
	uint64_t wanted_bytes;	/* for the last take that was begun */
	int64_t tick_ns;	/* of the last tick */
	int64_t post_roll_from; /* when silence was found; 0: not in post-roll */
	struct transport *current;
	char *title;	     /* that somebody gave it, and whatever follows it; NULL: the session's */
	bool click;	     /* the current take is to have one … */
	struct count *count; /* … and has it; NULL */
	struct transport *closing;
	int64_t resume_until_ns; /* a take is to follow one that a change of rates ended; 0: none */
	bool resume_heard;	 /* of the one that ended */
	char resume_why[160];	 /* told once that take has begun; empty: told, or none is to */
	double resume_s;	 /* that it still had to go; 0: until told */
	int64_t last_end_ns;	 /* a take's pre-roll never reaches into the take before */
	enum recorder_state state;
	int64_t since_ns;
};

/* The tick: levels, the trigger, and what begins or ends by them. */
void recorder_listen(void *recorder);

/* Another trigger for the settings as they are now, with what the old one knew. */
void recorder_new_trigger(struct recorder *recorder, size_t tracks);

/* No take could be made, and nobody waits for an answer to hear why. `take` is what there is of it. */
void recorder_tell_none(struct recorder *recorder, struct manifest *take, const char *why);

/* Ends the running take. `by_command`: what still sounds starts no other. */
void recorder_end_take(struct recorder *recorder, bool by_command);

/* Ends it with what was played until `end_ns`, which lies in the past of all that is written. */
void recorder_end_take_at(struct recorder *recorder, int64_t end_ns);

/* rates.c: what an interface's change of rate does to the running take, and the take that follows such a one.
 */
void recorder_watch_rates(struct recorder *recorder, int64_t now);
void recorder_resume(struct recorder *recorder, int64_t now);

/* No writer has a part of a take, or is to have one: tapes and writers may be made anew. */
bool recorder_writers_idle(const struct recorder *recorder);

/* Ends the running take and begins the next with the frame that follows. */
int recorder_continue(struct recorder *recorder, struct error *e) MUST_CHECK;

void recorder_move_to_closing(struct recorder *recorder);

/* What the disk did to a track of one of the takes (trouble.c). */
void recorder_trouble(
	struct recorder *recorder, struct transport *transport, const struct track_trouble *trouble);

/* The disk has ended the take: it is closed whole, with the frames that it has, and says why. */
void recorder_end_by_disk(struct recorder *recorder, struct transport *transport, const char *why);

/* Looks at the disk from time to time (space.c): ends the take that runs while there is room to close it, and
 * finds out when a disk that would not have a take would have one again. */
void recorder_watch_space(struct recorder *recorder, int64_t now_ns);

/* What a power cut now would cost of the take that runs. */
double recorder_unsafe_s(const struct recorder *recorder);

/* Works out the state anew, and tells that something changed. */
void recorder_update_state(struct recorder *recorder);

#endif

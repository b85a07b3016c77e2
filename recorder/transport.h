/* One take from its first frame to its closed folder: the plan of its tracks, the folder, the writers' parts,
 * the manifest, the hashes. Private to the recorder; control thread only. */
#ifndef WOODSHED_RECORDER_TRANSPORT_H
#define WOODSHED_RECORDER_TRANSPORT_H

#include "recorder/kept.h"
#include "recorder/room.h"
#include "recorder/safety.h"

#include <pthread.h>

struct transport {
	struct recorder *recorder;
	struct loop *loop;
	struct syncer *syncer;
	struct manifest manifest;
	char *folder; /* NULL until it is made */
	int lock;     /* on the folder, until the take is closed; negative: none */
	char *takes;
	struct kept kept;
	int64_t origin_ns; /* monotonic */
	int64_t after_ns;  /* end of the take before it */
	uint64_t limit;	   /* frames; 0: none */
	struct songs_config songs;
	bool heard;
	bool ending;
	int64_t end_ns;
	bool begun; /* the writers have their parts */
	int64_t begun_ns;
	size_t given_up;       /* tracks that the disk takes nothing of any more */
	struct safety safety;  /* of what was recorded so far */
	char *trouble;	       /* why the disk ended the take; NULL: it did not */
	uint64_t wanted_bytes; /* without which it does not begin */
	size_t parts_left;
	bool saving, dirty; /* the manifest is on its way to the disk; has changed since */
	bool hashing;
	pthread_t hasher;
	struct room_interface *interfaces[ROOM_MOST]; /* of the manifest's, same order */
	struct take_part parts[ROOM_MOST];
	bool part_done[ROOM_MOST];
	bool strays[ROOM_MOST]; /* runs at another rate than the take */
	size_t count;
	struct transport *next; /* among those being closed */
};

struct transport_request {
	const struct session *session;
	const char *session_text;
	const char *takes;
	int bits;
	int64_t origin_ns;
	int64_t pre_roll_ns; /* how much of it lies before the moment it was asked for */
	double seconds;	     /* that it lasts; 0: until it is ended */
	const struct songs_config *songs;
	const char *title;
	const struct transport *follows; /* whose end is this one's beginning, to the frame; NULL: none */
};

/* Plans the tracks and has the folder made; the writers begin when it is there. -EINVAL, -ENODEV as
 * recorder_begin. The result is the caller's until transport_destroy. */
int transport_begin(struct transport **transport, struct recorder *recorder, struct room *room,
	struct loop *loop, const struct transport_request *request, struct error *e) MUST_CHECK;

/* The take ends with what is played until `end_ns`. */
void transport_end(struct transport *transport, int64_t end_ns);

/* Has the manifest saved as it is; nobody waits for it. */
void transport_save(struct transport *transport);

/* A gap or a suspected loss of one of its interfaces, and the end of a writer's part. */
void transport_gap(
	struct transport *transport, const struct room_interface *interface, const struct take_gap *gap);
void transport_suspect(
	struct transport *transport, const struct room_interface *interface, const struct take_suspect *loss);
void transport_part_done(struct transport *transport, const struct room_interface *interface);

void transport_mark(struct transport *transport, int64_t nsec, const char *label);

/* The frame that is played now, as far as one can say. */
uint64_t transport_frame_at(const struct transport *transport, int64_t nsec);

/* Closes the take once every part is done and no older manifest is under way: figures, songs, hashes, the
 * last manifest. Ends in recorder_on_closed. */
void transport_close(struct transport *transport);

/* Makes the take's folder with what says what it is, locked, if there is room for a take; the syncer's
 * thread. `id` and `folder` are the caller's to free, also on failure where they are not NULL. */
int transport_make_folder(struct transport *transport, char **id, char **folder, struct error *e) MUST_CHECK;

/* Bytes that the take's files grow by in `seconds`, and what is written besides. */
uint64_t transport_bytes(const struct transport *transport, double seconds);

/* Waits for the thread that transport_close started, and gives up the lock on the folder. */
void transport_release(struct transport *transport);

/* Where its timeline, the first interface's, is at a moment near now; false while nobody knows. */
bool transport_line(const struct transport *transport, struct bearing_line *line) MUST_CHECK;

void transport_add_marker(struct manifest *manifest, uint64_t frame, char *label, enum marker_kind kind);

/* NULL is fine. What the syncer and the writers still have of it must be done; a take that was not closed
 * stays on the disk as one to be recovered. */
void transport_destroy(struct transport *transport);

/* What the recorder does when the take is closed (on the control thread). */
void recorder_on_closed(struct recorder *recorder, struct transport *transport);
/* The folder could not be made: nothing is recorded. */
void recorder_on_failed(struct recorder *recorder, struct transport *transport, const char *why);
/* The folder is there; the writers have begun. */
void recorder_on_begun(struct recorder *recorder, struct transport *transport);

#endif

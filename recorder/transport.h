/* One take from its first frame to its closed folder: the plan of its tracks, the folder, the writers' parts,
 * the manifest, the hashes. Private to the recorder; control thread only. */
#ifndef WOODSHED_RECORDER_TRANSPORT_H
#define WOODSHED_RECORDER_TRANSPORT_H

#include "recorder/room.h"

struct transport {
	struct recorder *recorder;
	struct loop *loop;
	struct syncer *syncer;
	struct manifest manifest;
	char *folder; /* NULL until it is made */
	int lock;     /* on the folder, until the take is closed; negative: none */
	char *takes;
	char *session_text;
	int64_t origin_ns; /* monotonic */
	uint64_t limit;	   /* frames; 0: none */
	bool follows;
	struct songs_config songs;
	bool by_command; /* silence ends it only once something was heard */
	bool heard;
	bool ending;
	int64_t end_ns;
	bool begun; /* the writers have their parts */
	size_t parts_left;
	struct room_interface *interfaces[ROOM_MOST]; /* of the manifest's, same order */
	struct take_part parts[ROOM_MOST];
	bool part_done[ROOM_MOST];
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
	uint64_t limit;
	bool follows; /* goes on where the take before ends, without a lost frame */
	const struct songs_config *songs;
	const char *title;
};

/* Plans the tracks and has the folder made; the writers begin when it is there. -EINVAL, -ENODEV as
 * recorder_begin. The result is the caller's until transport_destroy. */
int transport_begin(struct transport **transport, struct recorder *recorder, struct room *room,
	struct loop *loop, const struct transport_request *request, struct error *e) MUST_CHECK;

/* The take ends with what is played until `end_ns`. */
void transport_end(struct transport *transport, int64_t end_ns);

/* A gap of one of its interfaces, and the end of a writer's part. */
void transport_gap(
	struct transport *transport, const struct room_interface *interface, const struct take_gap *gap);
void transport_part_done(struct transport *transport, const struct room_interface *interface);

void transport_mark(struct transport *transport, int64_t nsec, const char *label);

/* The frame that is played now, as far as one can say. */
uint64_t transport_frame_at(const struct transport *transport, int64_t nsec);

void transport_destroy(struct transport *transport);

/* What the recorder does when the take is closed (on the control thread). */
void recorder_on_closed(struct recorder *recorder, struct transport *transport);
/* The folder could not be made: nothing is recorded. */
void recorder_on_failed(struct recorder *recorder, struct transport *transport, const char *why);
/* The folder is there; the writers have begun. */
void recorder_on_begun(struct recorder *recorder, struct transport *transport);

#endif

/* What the world sees of the recorder and what it asks of it: MQTT and HTTP behind one door. The service
 * hands in snapshots and events; requests come back to it as commands on the control loop. The libraries' own
 * threads see only immutable snapshots and the take folders on disk. Control thread only. */
#ifndef WOODSHED_NETWORK_NETWORK_H
#define WOODSHED_NETWORK_NETWORK_H

#include "common/error.h"
#include "common/loop.h"
#include "config/appliance.h"
#include "takes/manifest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What a verb asks for; network/commands.c is the table of names, arguments and where each may come from. */
enum command_verb {
	COMMAND_RECORD_START, /* [session] [title] */
	COMMAND_RECORD_STOP,
	COMMAND_RECORD_SAVE,  /* [title]: what the pre-roll holds becomes a take */
	COMMAND_MARKER_ADD,   /* label */
	COMMAND_TAKE_LIST,    /* [cursor] [limit] */
	COMMAND_TAKE_GET,     /* take */
	COMMAND_TAKE_RENDER,  /* take [session] */
	COMMAND_TAKE_KEEP,    /* take [keep] */
	COMMAND_TAKE_PATCH,   /* take [title] [keep] */
	COMMAND_TAKE_REMOVE,  /* take */
	COMMAND_SESSION_SET,  /* session */
	COMMAND_SESSION_LIST, /* its data: {"sessions": [name, …], "session": the one in use or null} */
	COMMAND_LEVELS,	      /* its data: {"seconds": for how long they are published} */
	COMMAND_LEVELS_WATCH, /* from the network itself: hand in levels while network_watched() */
	COMMAND_CONFIG_RELOAD,
};

/* Where an answer goes that is not there yet: once, on the control loop, and before network_destroy. */
struct network_reply;

/* What a command that was put off came to, as network_command_fn gives it; steals `data`. */
void network_answer(struct network_reply *reply, int result, json_t *data, const struct error *e);

/* A handler returns this when it has put the command off. */
#define NETWORK_LATER 1

/* NETWORK_LIMIT_MOST takes in a list at most, and NETWORK_LIMIT where nobody says. */
enum { NETWORK_LIMIT = 50, NETWORK_LIMIT_MOST = 200 };

enum said { SAID_NOTHING, SAID_NO, SAID_YES };

/* A take is an id that take_id_valid accepts (never a path), a session a name of [a-z0-9-]; labels and titles
 * are 1 to 200 bytes of UTF-8 without control characters. NULL where not given; valid during the call. */
struct command {
	enum command_verb verb;
	const char *take, *session, *label, *title;
	const char *cursor; /* of a list, an id as well */
	size_t limit;	    /* of a list; 0: not given */
	enum said keep;
	struct network_reply *reply; /* for an answer that comes later; NULL: nobody waits for one */
};

/* Does what a command asks. On success 0 and, if there is something to tell, a new reference in `*data`; on
 * failure negative errno (-ENOENT: no such thing; -EINVAL: bad argument; -EBUSY: not now) and the message.
 * Runs on the control loop and does not wait for the command's outcome (a take is being stopped, not
 * stopped); what needs the disk returns NETWORK_LATER and answers through `command->reply`. */
typedef int (*network_command_fn)(
	void *data, const struct command *command, json_t **result, struct error *e);

enum record_state { RECORD_IDLE, RECORD_ARMED, RECORD_RECORDING, RECORD_FINALIZING };

struct network_state {
	enum record_state record;
	const char *take;    /* NULL: none */
	int64_t since_ns;    /* UTC, of the record state */
	int rendering;	     /* takes being rendered */
	const char *session; /* name */
};

struct network_health {
	bool ok;
	const char *const *alerts;
	size_t alert_count;
	uint64_t free_bytes;
	double hours_left;
	uint64_t xruns, gap_frames;
	uint64_t disk_frames; /* of single tracks, lost to the disk */
	uint64_t suspected;   /* losses that no clock told of */
	uint64_t clipped;     /* samples at full scale since the last take began */
	double ring_high_percent;
	double ring_s; /* that the ring holds */
	uint64_t ring_bytes;
	bool ring_locked; /* in memory */
	bool realtime;
	int nice;			/* of the threads that write and sync */
	double unsafe_s, unsafe_most_s; /* what a power cut would cost of the running take, and has at most */
};

struct network;

/* Connects to the broker and opens the HTTP port as `config` says (each only where it is configured); a
 * broker that is not there is tried again for ever, a port that cannot be had is an error. `takes` is the
 * folder of takes. `config` must outlive the network. Makes the HTTP token file on first start (0600). */
int network_create(struct network **network, struct loop *loop, const struct appliance *config,
	const char *takes, network_command_fn on_command, void *data, struct error *e) MUST_CHECK;

/* Publishes `offline`, disconnects and closes. NULL is fine. */
void network_destroy(struct network *network);

/* Each of these replaces a snapshot; MQTT publishes it retained when it differs from the last one and again
 * on every connect, HTTP serves it. The arguments are copied, and no reference is stolen. */
void network_set_info(struct network *network, json_t *info);
void network_set_state(struct network *network, const struct network_state *state);
void network_set_health(struct network *network, const struct network_health *health);
void network_set_latest(struct network *network, const struct manifest *take); /* NULL: there is none */

/* What Home Assistant is to know of the box besides; copied. MQTT only. Without `discovery` it is told once
 * that there is no such device. */
struct network_home {
	bool discovery;
	double pre_roll_s;
	const char *session; /* in use */
	const char *const *sessions;
	size_t session_count;
	const char *const *interfaces;
	size_t interface_count;
};
void network_set_home(struct network *network, const struct network_home *home);

/* A channel's level since the last ones, in the order of the interfaces' channels. */
struct network_level {
	const char *interface;
	double peak_db, rms_db; /* dBFS; -INFINITY for silence */
	uint64_t clipped;	/* samples at full scale since the last take began */
};

/* Gives them to the clients of HTTP's events that want them and, with `on_mqtt`, publishes them at once with
 * QoS 0: no broker keeps them, and where none is connected they are gone. */
void network_set_levels(
	struct network *network, const struct network_level *levels, size_t count, bool on_mqtt);

/* True while a client of HTTP's events wants levels. */
bool network_watched(const struct network *network);

/* How far a render is: `stage` is edit, mix or master, `done` 0 to 1 of the whole. */
void network_set_progress(struct network *network, const char *take, const char *stage, double done);

/* An event: `type` is its event_type, `fields` an object with the rest or NULL; steals the reference. */
void network_event(struct network *network, const char *type, json_t *fields);

/* The TCP port that HTTP listens on; 0: none. */
uint16_t network_http_port(const struct network *network);

#define NETWORK_URL_SIZE 64

/* `http://ADDRESS:PORT` as other machines reach it (a literal address: no name service is needed), empty
 * without HTTP; returns `url`. */
char *network_http_url(const struct network *network, char url[static NETWORK_URL_SIZE]);

#endif

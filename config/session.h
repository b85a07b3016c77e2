/* A session file: the song, the tracks and what is to become of them. */
#ifndef WOODSHED_CONFIG_SESSION_H
#define WOODSHED_CONFIG_SESSION_H

#include "common/key.h"
#include "config/appliance.h"
#include "config/faults.h"

/* The records of the processors that a chain may name; the rooms that own them hand theirs in. */
struct record_table {
	const struct record *const *records;
	size_t count;
};

struct song_config {
	char *title, *artist, *genre, *key, *meter; /* NULL where not given */
	double tempo_bpm;			    /* 0: not given */
};

struct track_config {
	char *name;
	struct key_list input; /* of char *: "xr18/1"; one: mono, two: stereo */
	char *role;	       /* NULL: none */
	struct key_list
		chain; /* of struct key_insert: the role's chain, replaced or added to, as it will run */
	double gain_db;
	double pan; /* -100 (left) to 100 (right) */
	bool mute, solo;
};

struct mix_config {
	char *preset; /* "none": the exact sum */
};

struct edit_config {
	char *preset;
};

enum master_format { MASTER_FLAC, MASTER_FORMATS };

struct master_config {
	char *preset; /* "none": only loudness and true peak if they are given, else a copy of the mix */
	double loudness_lufs;
	double true_peak_dbtp;
	unsigned formats; /* bits of enum master_format */
};

struct session {
	int woodshed;
	char *name; /* the file's name without its ending where it is not given */
	struct song_config song;
	struct key_list tracks; /* of struct track_config; none: one a channel */
	struct edit_config edit;
	struct mix_config mix;
	struct master_config master;
	struct key_list chain_of_mix; /* of struct key_insert: the stereo bus's chain */
};

extern const struct record session_record;

/* Loads `path`, or the defaults alone when it is NULL. Presets and roles are resolved: each track's chain is
 * the one that will run. `appliance`, where not NULL and naming interfaces, is what the inputs are checked
 * against. 0, or -EINVAL with every fault in `faults`; on failure nothing is left to finish. */
int session_load(struct session *session, const char *path, const struct record_table *processors,
	const struct appliance *appliance, struct faults *faults) MUST_CHECK;
void session_finish(struct session *session); /* a zeroed value is fine */

/* True when the file at `path` has the keys of a session rather than of an appliance (for `woodshed check`).
 */
bool session_is_one(const char *path);

/* Splits "xr18/9" into the interface's name (the caller's to free) and the channel from 1. 0 or -EINVAL. */
int session_parse_input(const char *input, char **interface, int *channel) MUST_CHECK;

#endif

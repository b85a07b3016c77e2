/* A session file: the song, the tracks and what is to become of them. */
#ifndef WOODSHED_CONFIG_SESSION_H
#define WOODSHED_CONFIG_SESSION_H

#include "common/key.h"
#include "config/appliance.h"
#include "config/edit.h"
#include "config/faults.h"
#include "config/mastering.h"
#include "config/routing.h"

struct song_config {
	char *title, *artist, *genre, *key, *meter; /* NULL where not given */
	double tempo_bpm;			    /* 0: not given */
	bool listen;				    /* finds of the song what is not given */
	char *melody;				    /* the track that sings it; NULL: the lead vocal */
};

struct section_config {
	char *name;
	int bars;
	char *chords;			/* form_chords; NULL: not given */
	struct key_list lyrics;		/* of char * */
	double tempo_bpm, tempo_to_bpm; /* 0: not given */
	char *meter;			/* NULL: not given */
};

enum arrangement_comp { COMP_OFF, COMP_BEST };

struct arrangement_config {
	int count_in;		  /* bars */
	char *click;		  /* a glob on a sink's node.name; NULL: no click */
	bool guide;		  /* the click plays the chords too */
	int comp;		  /* enum arrangement_comp */
	struct key_list sections; /* of struct section_config, as they are played */
	struct key_list order;	  /* of char *, names of sections; none: as they are played */
};

struct track_config {
	char *name;
	struct key_list input; /* of char *: "xr18/1"; one: mono, two: stereo */
	char *role;	       /* NULL: none */
	struct key_list
		chain; /* of struct key_insert: the role's chain, replaced or added to, as it will run */
	struct key_list chain_added; /* `chain+:`; empty after session_load, which appends it to `chain` */
	struct key_list edit; /* of struct key_insert: what it goes through before the mix, the same way */
	struct key_list edit_added; /* `edit+:`; empty after session_load */
	size_t edit_aligned;	    /* of `edit`, how many come first since the preset aligns sources … */
	size_t edit_preset; /* … and how many after those are the preset's; the rest the session's */
	bool adopted;	    /* one of the take's, that the session does not name */
	double gain_db;	    /* the session's, else the role's, else 0; NAN: automatic balance is to find it */
	double pan;	    /* the same; -100 (left) to 100 (right) */
	double trim_db;	    /* on top of the gain, whoever found that */
	bool mute, solo;
	char *bus;	       /* the group it goes to; NULL: the mix */
	struct key_list sends; /* of struct send_config */
	struct key_list vca;   /* of char *: names in `vcas` */
	struct automation_config automation;
	struct place_config place;
	bool sends_of_role; /* the session has not given them */
	double balance_lu;  /* the role's, against the lead vocal: what automatic balance makes of it */
};

enum mix_balance { MIX_BALANCE_OFF, MIX_BALANCE_AUTO };

struct mix_config {
	char *preset;	   /* "none": the exact sum */
	int balance;	   /* enum mix_balance; off with a preset without strips */
	double pan_law_db; /* of a mono track in the centre, to each side: -3 or -4.5 */
	double unmask_db;  /* the preset's */
};

enum master_format { MASTER_FLAC, MASTER_WAV, MASTER_MP3, MASTER_VORBIS, MASTER_OPUS, MASTER_FORMATS };

struct master_config {
	char *preset; /* "none": only loudness and true peak if they are given, else a copy of the mix */
	double loudness_lufs;  /* the session's, else the preset's; NAN: neither asks for one */
	double true_peak_dbtp; /* the same */
	unsigned formats;      /* bits of enum master_format */
	double album_lufs;     /* of the loudest of several titles; NAN: `loudness_lufs` of them all */
	double bits, rate_hz;  /* the session's, else the preset's; NAN: 24, the recording's own */
	struct master_chain chain; /* settled */
	char *curve;		   /* the preset's that tone goes for; NULL: the genre's, else `default` */
	char *reference;	   /* a sound file that tone goes for instead; NULL: none */
	struct master_curve target; /* that curve, without its name; slope NAN: there is none */
};

struct session {
	int woodshed;
	char *name; /* the file's name without its ending where it is not given */
	struct song_config song;
	struct arrangement_config arrangement;
	struct key_list tracks; /* of struct track_config; none: one a channel */
	struct edit_config edit;
	struct mix_config mix;
	struct master_config master;
	struct key_list buses;	      /* of struct bus_config, the preset's last; no circles */
	struct key_list vcas;	      /* of struct vca_config */
	struct key_list chain_of_mix; /* of struct key_insert: the stereo bus's chain, from the mix preset */
	struct key_list
		presets; /* of struct preset_file: those that were found on disk, to be kept with a take */
};

#define SESSION_MOST_TRACKS 512

extern const struct record session_record;

/* Loads `path`, or the defaults alone when it is NULL. Presets and roles are resolved, those on disk by
 * preset_search_init: each track's chain is the one that will run. A session that says nothing has the
 * presets `none` (edit), `rock` (mix) and `streaming` (master). `appliance`, where not NULL and naming
 * interfaces, is what the inputs are checked against. 0, or -EINVAL with every fault in `faults`, which may
 * hold warnings all the same; on failure nothing is left to finish. */
int session_load(struct session *session, const char *path, const struct record_table *processors,
	const struct appliance *appliance, struct faults *faults) MUST_CHECK;
void session_finish(struct session *session); /* a zeroed value is fine */

/* True when the file at `path` has the keys of a session rather than of an appliance (for `woodshed check`).
 */
bool session_is_one(const char *path);

/* Splits "xr18/9" into the interface's name (the caller's to free) and the channel from 1. 0 or -EINVAL. */
int session_parse_input(const char *input, char **interface, int *channel) MUST_CHECK;

#endif

/* What a session says of editing: the preset, what it says instead of it, and passages from other takes. */
#ifndef WOODSHED_CONFIG_EDIT_H
#define WOODSHED_CONFIG_EDIT_H

#include "common/key.h"

enum edit_align { EDIT_ALIGN_PRESET, EDIT_ALIGN_NONE, EDIT_ALIGN_SOURCES };
enum edit_trim { EDIT_TRIM_PRESET, EDIT_TRIM_NONE, EDIT_TRIM_SONGS };

/* A passage that is taken from another take. Moments are those of automation (config/routing.h): a time, or a
 * marker's label. */
struct punch_config {
	char *from;		/* the other take's id, in the same folder of takes */
	char *start;		/* in this take */
	char *end;		/* in this take */
	char *source;		/* in the other take, what is heard at `start`; NULL: what `start` is there */
	double fade_s;		/* of both joins, each around its moment */
	struct key_list tracks; /* of char *: names of the session's; none: all */
};

struct edit_config {
	char *preset;
	int align;		      /* enum edit_align; never _PRESET after session_load */
	int trim;		      /* enum edit_trim; the same */
	double lead_in_s, lead_out_s; /* kept before the first song and after the last */
	double fade_in_s, fade_out_s; /* of the mix, at both ends */
	struct key_list punch;	      /* of struct punch_config */
	struct key_list chain;	      /* of struct key_insert: a track's that the session does not name */
};

enum { EDIT_MOST_PUNCHES = 256 };

/* The session's `edit`. */
extern const struct record edit_record;

/* The keys that the session's `edit` and a preset have in common, for tables of both: `type` has the members.
 * Numbers that are not given are NAN where `number` is "". */
#define EDIT_KEYS(type, aligns, trims, in, out, none) \
	{"align", KEY_CHOICE, offsetof(type, align), .choices = (aligns), \
		.help = "sources brings microphones of one source into step."}, \
		{"trim", KEY_CHOICE, offsetof(type, trim), .choices = (trims), \
			.help = "songs lets a render begin with the first song and end with the last."}, \
		{"lead_in", KEY_NUMBER, offsetof(type, lead_in_s), .unit = UNIT_SECONDS, .most = 600, \
			.fallback = (in), .help = "How much is kept before the first song."}, \
		{"lead_out", KEY_NUMBER, offsetof(type, lead_out_s), .unit = UNIT_SECONDS, .most = 600, \
			.fallback = (out), .help = "How much is kept after the last song."}, \
		{"fade_in", KEY_NUMBER, offsetof(type, fade_in_s), .unit = UNIT_SECONDS, .most = 60, \
			.fallback = (none), .help = "How long the mix takes to be there."}, \
	{ \
		"fade_out", KEY_NUMBER, offsetof(type, fade_out_s), \
			.unit = UNIT_SECONDS, .most = 60, .fallback = (none), \
			.help = "How long the mix takes to be gone." \
	}

#endif

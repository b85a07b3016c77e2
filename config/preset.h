/* What presets hold, a kind each: the strips of roles, a mix's own strips and bus chain, where a master is to
 * land. Any thread; reads the disk. */
#ifndef WOODSHED_CONFIG_PRESET_H
#define WOODSHED_CONFIG_PRESET_H

#include "config/mastering.h"
#include "config/preset_search.h"
#include "config/preset_tree.h"

/* The table of keys of a kind's files. */
const struct record *preset_record(enum preset_kind kind);

/* The one line of help of an opened preset; NULL: it has none. Lasts as long as the tree. */
const char *preset_help(const struct preset_tree *tree);

/* What a track of a role goes through: the mix preset's strip of that role upon the role's own. */
struct role_strip {
	char *role, *help, *extends;
	struct key_list chain, chain_added; /* of struct key_insert; `chain_added` is empty once loaded */
	double gain_db, pan;
	double balance_lu;     /* against the lead vocal, for automatic balance */
	double spread;	       /* of several mono tracks: the pan of the first, the last stands across */
	struct key_list sends; /* of struct send_config, to returns of the mix preset or of the session */
};

void role_strip_finish(struct role_strip *strip); /* a zeroed value is fine */

/* A mix preset, opened and checked as a whole; strips are then made of it, one a track. */
struct mix_preset {
	struct preset_request request;
	struct preset_tree tree;
	bool strips;	  /* false: a role does nothing */
	double unmask_db; /* the most that automatic balance cuts where tracks share a band; 0: nothing */
	struct key_list chain; /* the stereo bus's, of struct key_insert; the caller may take it over */
	struct key_list buses; /* of struct bus_config; the same */
	struct key_list roles; /* those opened so far */
};

/* 0, or -EINVAL with what is wrong in request->faults, at `place` or in the preset's own file. What `request`
 * points to has to last as long as the preset and what is made of it. On failure nothing is left to finish.
 */
int mix_preset_open(struct mix_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place) MUST_CHECK;
void mix_preset_finish(struct mix_preset *preset); /* a zeroed value is fine */

/* Makes `strip` the one for `role`, the caller's to finish; one that changes nothing where the preset has
 * `strips: false`. 0, or -EINVAL with what is wrong in the request's faults and an empty strip. */
int mix_preset_strip(struct mix_preset *preset, const char *role, const struct preset_place *place,
	struct role_strip *strip) MUST_CHECK;

struct master_preset {
	char *help, *extends;
	double loudness_lufs, true_peak_dbtp; /* NAN: none asked for */
	double album_lufs;		      /* of the loudest title of several; NAN: the whole is asked for */
	double bits, rate_hz;		      /* NAN: none asked for */
	struct master_chain chain;	      /* not settled */
	struct key_list curves;		      /* of struct master_curve */
};

/* The same for a master preset. */
int master_preset_open(struct master_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place) MUST_CHECK;
void master_preset_finish(struct master_preset *preset); /* a zeroed value is fine */

#endif

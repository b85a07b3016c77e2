/* The render of one take: its tracks through editing and the mixer into mix.flac, that through mastering into
 * master.* in the session's formats, and report.json about all; or only the edited tracks, as files of their
 * own. Owns the files; the stages themselves are pure. Blocks; runs in a process of its own. */
#ifndef WOODSHED_APPLIANCE_RENDER_H
#define WOODSHED_APPLIANCE_RENDER_H

#include "appliance/arrangement.h"
#include "appliance/balancing.h"
#include "appliance/renditions.h"
#include "appliance/sessions.h"
#include "appliance/song-told.h"
#include "mastering/master.h"
#include "takes/manifest.h"

#include <jansson.h>

enum render_stage { RENDER_EDIT, RENDER_MIX, RENDER_MASTER };

struct render_job {
	const char *folder;  /* of the take */
	const char *session; /* NULL: the take's own */
	const char *order; /* another arrangement: words as in appliance/arrangement.h; NULL: the session's */
	const char *out;   /* NULL: the take's folder, and its manifest tells of the renders */
	enum render_stage stage;
	unsigned jobs; /* threads; 0: one a core */
	/* Now and then: what is being done, and how much of it (0 to 1). */
	void (*progress)(void *data, const char *what, double done);
	void *data;
};

/* What was made, for who reports it. */
struct render_result {
	struct manifest take;
	struct master_plan master;		/* of RENDER_MASTER */
	struct translation_reading translation; /* the same */
	struct renditions renditions;		/* the same: the files of the master */
	struct arrangement arrangement;		/* zeroed: as it was played */
	json_t *comp;				/* appliance/comping.h; NULL: not asked for */
	char *unarranged;			/* why, though the session has an order; NULL */
	const struct cue *cues; /* sections and songs in the mix; the labels are the markers' */
	size_t cue_count;
	struct meter_reading mix;
	struct track_balance *balance; /* one a track of the session; NULL: nothing was balanced */
	struct song_told song;	       /* of RENDER_MASTER: what was heard of it */
	double *corrected_ppm;	       /* one an interface of the take; NAN: not known */
	bool wrong_session;	       /* why it failed: the session has faults, or does not fit the take */
	char *missing_marker; /* the first one that automation named and the take does not have; NULL */
	uint64_t
		mix_clipped; /* samples of mix.flac at full scale: the mix was louder than its file can say */
	size_t edited;	     /* tracks written; of RENDER_EDIT */
	double seconds;	     /* taken */
};

/* 0, or negative errno with the message: -EBUSY when the take is being rendered or recorded; -EINVAL for a
 * session that is wrong (its faults are printed on standard error) or does not fit the take. On failure the
 * take's files are as they were, and the manifest says why, if it was the take that failed. */
int render_take(const struct render_job *job, struct render_result *result, struct error *e) MUST_CHECK;
void render_result_finish(struct render_result *result); /* a zeroed value is fine */

#endif

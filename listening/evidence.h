/* What speaks for a beat or a bar line at each frame of a song, in standard deviations from what is usual,
 * held within 3. Owned by the struct. Pure. */
#ifndef WOODSHED_LISTENING_EVIDENCE_H
#define WOODSHED_LISTENING_EVIDENCE_H

#include "listening/harmony.h"
#include "listening/together.h"

enum evidence_kind {
	EVIDENCE_ONSET,
	EVIDENCE_KICK,
	EVIDENCE_SNARE,
	EVIDENCE_HAT,
	EVIDENCE_BASS,
	EVIDENCE_NOTES,
	EVIDENCE_CHANGE, /* of the harmony */
	EVIDENCE_KINDS,
};

struct evidence {
	double rate; /* frames a second */
	size_t frames;
	float *row[EVIDENCE_KINDS];
};

void evidence_make(struct evidence *evidence, const struct together *together, const struct harmony *harmony);
void evidence_finish(struct evidence *evidence); /* a zeroed value is fine */

/* At a moment in frames; the nearest where it lies outside. */
float evidence_at(const struct evidence *evidence, enum evidence_kind kind, double frame);

#endif

/* The tracks of a take as WAV files for other programs: as they were recorded, all on the take's timeline and
 * of its length. Blocks. */
#ifndef WOODSHED_APPLIANCE_EXPORTED_STEMS_H
#define WOODSHED_APPLIANCE_EXPORTED_STEMS_H

#include "appliance/stems.h"

/* "01-kick.wav": the name of stem `index` (from 0); the caller's to free. */
char *exported_stem_name(const struct session *session, size_t index);

/* Writes every stem into `folder`, 24 bit, with a bext chunk whose time reference is the take's first frame
 * in UTC. All files appear, each whole, once all are done. A track of the first interface is bit for bit what
 * was recorded. `progress` as in struct mixdown. */
int exported_stems_write(struct stems *stems, const char *folder, unsigned jobs,
	void (*progress)(void *data, double done), void *data, struct error *e) MUST_CHECK;

#endif

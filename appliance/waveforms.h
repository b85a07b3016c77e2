/* What a take looks like: peaks/<name>.json (audio/peaks.h) of its raw tracks, mix and master. A track's
 * <name> is its file's without folder, number and ending (raw/01-kick.flac: kick), with the number where
 * another track, the mix or the master would have the same. Blocks. */
#ifndef WOODSHED_APPLIANCE_WAVEFORMS_H
#define WOODSHED_APPLIANCE_WAVEFORMS_H

#include "appliance/delivery.h"
#include "takes/manifest.h"

struct waveforms_job {
	const struct manifest *take;
	const char *folder;	  /* the take's */
	uint64_t mix_frames;	  /* of its mix.flac */
	struct scratch *mastered; /* NULL: there is no master */
	uint32_t mastered_rate;
	unsigned jobs; /* threads; 0: one a core */
};

/* Each file appears whole or not at all. Raw tracks never change, so what there is of them stays. */
int waveforms_make(const struct waveforms_job *job, struct error *e) MUST_CHECK;

/* peaks/<name>.json of track `index` of the manifest's, from 0; the caller's to free. */
char *waveforms_name(const struct manifest *take, size_t index);

#endif

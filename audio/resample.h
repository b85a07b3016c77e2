/* Reads audio at positions between its samples: a track of one interface on the timeline of another, whose
 * crystal runs a few parts in a million faster or slower. A windowed sinc of 96 taps (Kaiser, 136 dB) in 2048
 * phases with straight lines between them: each output frame is taken at exactly the position that the warp
 * says, whatever came before it, so no error ever adds up. Flat to 0.45 of the rate. The same warp and input
 * give the same samples, however they are asked for. One thread at a time. */
#ifndef WOODSHED_AUDIO_RESAMPLE_H
#define WOODSHED_AUDIO_RESAMPLE_H

#include "audio/block.h"
#include "audio/warp.h"
#include "common/error.h"

struct resample_source {
	/* The next `frames` frames (at most BLOCK_FRAMES) of every channel, silence past the end. 0 or
	 * negative errno. */
	int (*read)(void *data, double *const *channels, uint32_t frames, struct error *e);
	void *data;
};

struct resample;

/* `warp` is used until the end. -ENOMEM. */
int resample_create(struct resample **resample, const struct warp *warp, uint32_t channels,
	const struct resample_source *source, struct error *e) MUST_CHECK;
void resample_destroy(struct resample *resample); /* NULL is fine */

/* The next `frames` frames of the warp's timeline into `block` (its channels and storage are the caller's),
 * beginning with frame 0. What lies before the input's first frame is silence. 0, or what the source said. */
int resample_read(
	struct resample *resample, struct block *block, uint32_t frames, struct error *e) MUST_CHECK;

#endif

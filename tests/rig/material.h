/* What a simulated interface hears: files, a ramp, a tone, a noise floor. All of it is a function of the
 * frame number, so that a test can compute what should have been recorded; but for the clicks, which are of
 * the room: each interface's crystal samples them when they sound. */
#ifndef WOODSHED_RIG_MATERIAL_H
#define WOODSHED_RIG_MATERIAL_H

#include "tests/rig/crystal.h"
#include "tests/rig/options.h"

struct material;

/* Loads the files of `options` into memory; `options` is used until material_destroy. */
int material_create(struct material **material, const struct options *options, struct error *e) MUST_CHECK;
void material_destroy(struct material *material);

/* How long the files are; 0 when there are none. */
int64_t material_frames(const struct material *material);

/* Writes `frames` mono samples of `channel` (0-based), beginning with the interface's frame `frame`. The
 * material begins to sound at frame `begin`; before it there is silence (INT64_MAX: it has not been started).
 * RT safe. */
void material_fill(const struct material *material, unsigned channel, int64_t frame, int64_t begin,
	uint32_t frames, const struct crystal *crystal, float *out);

#endif

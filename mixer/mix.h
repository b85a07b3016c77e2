/* The stereo mix: one strip a track (chain, then gain, then pan), summed in 64 bit on one stereo bus with a
 * chain of its own. Every strip is delayed to the latency of the slowest, so tracks stay together. Pure: no
 * files, no clock. */
#ifndef WOODSHED_MIXER_MIX_H
#define WOODSHED_MIXER_MIX_H

#include "audio/processor.h"
#include "config/session.h"

/* The processors that a strip or bus may hold. */
extern const struct processor_table mixer_processors;

struct mix;

/* One strip for each of `session`'s tracks, in their order; a track with one input is mono, with two stereo.
 * Muted tracks, and those not soloed while another is, are silent. A mono track is panned at −3 dB in the
 * centre (constant power), a stereo track is balanced; with the mix preset `none` and pan C, a mono track
 * goes to both sides at exactly 1.0 and a stereo track straight through. */
int mix_create(struct mix **mix, const struct session *session, uint32_t rate, struct error *e) MUST_CHECK;
void mix_destroy(struct mix *mix); /* NULL is fine */

/* Mixes one block: `tracks` holds one block a track with the same number of frames each (they are worked on
 * in place); of `out` the caller gives the samples' room, the rest is filled in. */
void mix_process(struct mix *mix, struct block *tracks, struct block *out);

/* Frames by which `out` comes later than `tracks`: the caller feeds that much silence at the end and drops
 * that much from the start. */
uint32_t mix_latency(const struct mix *mix);

#endif

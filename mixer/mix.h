/* The stereo mix: a strip a track (chain, then gain, then pan) that feeds a bus or the master, and returns by
 * its sends; a strip a bus; the master with the mix's own chain. Sums in 64 bit, always in the session's
 * order. Every way is delayed so that what was played at one moment meets at one moment, keys included. Pure:
 * no files, no clock, no threads, but cut so that threads can share the work (see mix_run). */
#ifndef WOODSHED_MIXER_MIX_H
#define WOODSHED_MIXER_MIX_H

#include "audio/processor.h"
#include "config/session.h"
#include "mixer/automation.h"
#include "mixer/place.h"

/* The processors that the mixer itself has. */
extern const struct processor_table mixer_processors;

struct mix_setup {
	const struct session *session;		  /* used until the mix is destroyed */
	const struct processor_table *processors; /* those of all rooms: any may stand in any chain */
	struct mix_markers markers;		  /* of the take; only used by mix_create */
	uint32_t rate;				  /* Hz */
	uint64_t first;				  /* frame of the take with which the tracks begin */
};

struct mix;

/* One strip for each of the session's tracks, in their order; a track with one input is mono, with two
 * stereo. A mono track is panned by the session's pan law, a stereo track and a bus are balanced; with the
 * mix preset `none` and pan C, a mono track goes to both sides at exactly 1.0 and a stereo track straight
 * through. A send after the fader is what its strip gives on, pan included; one before it is the strip's
 * sound at pan C. What is muted and soloed is said in mixer/graph.h. A detector's key is a track as it comes
 * in: before its chain, fader, mute and solo. */
int mix_create(struct mix **mix, const struct mix_setup *setup, struct error *e) MUST_CHECK;
void mix_destroy(struct mix *mix); /* NULL is fine */

/* Frames by which the mix comes later than the tracks: the caller feeds that much silence at the end and
 * drops that much from the start. */
uint32_t mix_latency(const struct mix *mix);

/* The first moment of an automation that names a marker the take does not have, and is left out; NULL. */
const char *mix_missing_moment(const struct mix *mix);

/* Mixes one block: `tracks` holds one block a track with the same number of frames each; of `out` the caller
 * gives the samples' room, the rest is filled in. */
void mix_process(struct mix *mix, const struct block *tracks, struct block *out);

/* True while processors in the mix have yet to hear the whole programme before they touch it
 * (audio/processor.h, analyse). Then the tracks are run through the mix from the first frame to the last,
 * what comes out is thrown away, and mix_conclude puts the mix back to the first frame; again, until nobody
 * listens any more. One pass serves all chains; those behind one another take a pass each. Without it such
 * processors leave the sound as it is. */
bool mix_listens(const struct mix *mix);
void mix_conclude(struct mix *mix);

/* ---- for who balances: between two passes ---- */

/* Amplifies a track before everything else, keys included, and moves its fader (without its trim and VCA
 * groups) to `gain_db`. */
void mix_set_input(struct mix *mix, size_t track, double gain_db);
void mix_set_fader(struct mix *mix, size_t track, double gain_db);

/* Cuts a bell out of a track behind its chain; at most two. */
void mix_cut(struct mix *mix, size_t track, double frequency_hz, double q, double gain_db);

/* Frames by which what comes out of a track's chain is late. */
uint32_t mix_chain_latency(const struct mix *mix, size_t track);

/* Back to the programme's first frame; what was concluded stays. */
void mix_rewind(struct mix *mix);

/* ---- for threads, and for who measures between chain and fader ----
 *
 * The mix holds MIX_SLOTS slots of MIX_CHUNK frames a strip. To mix a chunk: fill mix_samples of every track
 * that mix_needs, run mix_take_in for it, then the stages in their order, each of mix_width parts; the
 * chunk is then in mix_output. Stage 0 is the tracks' strips: after it, mix_samples is what has come out of
 * the chain. Parts of one stage may run at the same time, and so may stages of chunks in different slots, but
 * every part sees the chunks in their order, and stage n of a chunk ends before its stage n + 1 begins. */

enum { MIX_SLOTS = 4, MIX_CHUNK = 4 * BLOCK_FRAMES };

/* False where nobody hears the track. */
bool mix_needs(const struct mix *mix, size_t track);

/* The room of a track's channels, MIX_CHUNK samples each; as many as the track has inputs. */
double *const *mix_samples(struct mix *mix, size_t track, size_t slot);

void mix_take_in(struct mix *mix, size_t track, size_t slot, uint32_t frames);

size_t mix_stages(const struct mix *mix);
size_t mix_width(const struct mix *mix, size_t stage);
void mix_run(struct mix *mix, size_t stage, size_t part, size_t slot, uint32_t frames);

/* Left and right. */
double *const *mix_output(struct mix *mix, size_t slot);

#endif

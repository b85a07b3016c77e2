/* One track's way to the mix: its chain, a delay that brings it level with the slowest strip, its gain and
 * its place in the stereo picture. */
#ifndef WOODSHED_MIXER_STRIP_H
#define WOODSHED_MIXER_STRIP_H

#include "audio/block.h"
#include "audio/delay.h"
#include "audio/processor.h"
#include "common/key.h"
#include "config/session.h"

/* Processors after one another. */
struct chain {
	struct processor **processors;
	size_t count;
};

/* Makes the processors of `inserts` (of struct key_insert), without the bypassed ones. On failure nothing is
 * left to finish; the message names the processor and its line in the session. */
int chain_init(struct chain *chain, const struct key_list *inserts, const struct processor_format *format,
	struct error *e) MUST_CHECK;
void chain_finish(struct chain *chain); /* a zeroed value is fine */
void chain_process(struct chain *chain, struct block *block);
uint32_t chain_latency(const struct chain *chain);

/* How a track's place becomes two gains. */
enum pan_law {
	PAN_CONSTANT_POWER, /* mono: -3 dB to each side in the centre */
	PAN_UNITY_CENTRE,   /* mono of the preset "none": the same, but exactly 1.0 in the centre */
	PAN_BALANCE,	    /* stereo: the far side falls, the near one stays at 1.0 */
};

/* `pan` is -100 (left) to 100 (right). */
void pan_gains(enum pan_law law, double pan, double gains[static BLOCK_CHANNELS]);

struct strip {
	struct chain chain;
	uint32_t channels; /* 1 or 2 */
	bool silent;
	double gains[BLOCK_CHANNELS]; /* gain and pan, to the left and to the right */
	struct delay delays[BLOCK_CHANNELS];
};

/* `exact` is for the mix preset "none". On failure nothing is left to finish. */
int strip_init(struct strip *strip, const struct track_config *track, bool exact, uint32_t rate,
	struct error *e) MUST_CHECK;
void strip_finish(struct strip *strip); /* a zeroed value is fine */

/* Delays the strip by `frames`; once, before the first block. */
int strip_delay(struct strip *strip, uint32_t frames) MUST_CHECK;

/* Runs `track` (worked on in place) through the strip and adds it to the stereo block `out`. */
void strip_process(struct strip *strip, struct block *track, struct block *out);

#endif

/* A take's tracks through the mix into everything that wants it: the mix file, the meter and the master's
 * scratch, on as many threads as asked for. Blocks. */
#ifndef WOODSHED_APPLIANCE_MIXDOWN_H
#define WOODSHED_APPLIANCE_MIXDOWN_H

#include "appliance/delivery.h"
#include "appliance/edits.h"
#include "audio/meter.h"
#include "audio/r128.h"
#include "mixer/mix.h"
#include "mixer/survey.h"

struct mixdown {
	struct edits *edits; /* whose extent is what is mixed, with its fades */
	struct mix *mix;     /* of the same session, not run yet */
	struct meter *meter;
	struct delivery *file;
	struct scratch *scratch;       /* NULL: nobody masters it */
	unsigned jobs;		       /* threads; 0: one a core that this process may use */
	struct survey *const *surveys; /* of mixdown_survey and mixdown_measure, for its own use */
	struct r128 *const *meters;
	/* Now and then, on any of the threads, but one at a time: how much is done (0 to 1). NULL: never. */
	void (*progress)(void *data, double done);
	void *data;
};

/* Everyone gets as many frames as the extent has, whatever the latency of the mix. Bit by bit the same for
 * any number of threads. Memory is bounded by the number of tracks, not by their length. */
int mixdown_run(struct mixdown *mixdown, struct error *e) MUST_CHECK;

/* Before mixdown_run, for who balances; everything stands at the take's first frame again in the end. One a
 * track each: `surveys` hear the tracks as they were recorded, `meters` as they come out of their chains,
 * once all processors that listen have heard the take. */
int mixdown_survey(struct mixdown *mixdown, struct survey *const *surveys, struct error *e) MUST_CHECK;
int mixdown_measure(struct mixdown *mixdown, struct r128 *const *meters, struct error *e) MUST_CHECK;

#endif

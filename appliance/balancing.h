/* The automatic balance of one render: what is measured of a take's tracks, and what their faders become. */
#ifndef WOODSHED_APPLIANCE_BALANCING_H
#define WOODSHED_APPLIANCE_BALANCING_H

#include "appliance/mixdown.h"
#include "mixer/unmask.h"

/* Of one track, for report.json. */
struct track_balance {
	double lufs;	    /* after its chain, without `input_db`; −INFINITY: nothing was heard */
	double target_lufs; /* NAN: none */
	double gain_db;	    /* what it was given in all: input and fader */
	double input_db;    /* the part of it that comes before the chain */
	struct unmask unmask;
	bool plays; /* false: its microphone only hears the others or the room */
};

/* Listens to the tracks as they were recorded, then as they come out of their chains, and sets the inputs and
 * faders of `mixdown`'s mix, which is at the first frame again in the end, as are the stems. The same for any
 * number of threads. `tracks` is one a track of the session. Blocks. */
int balancing_run(struct mixdown *mixdown, const struct session *session, uint32_t rate,
	struct track_balance *tracks, struct error *e) MUST_CHECK;

#endif

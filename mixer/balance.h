/* Automatic balance: from how loud each track is to one static gain each. Pure.
 *
 * 1. Gain staging: each track's level before its chain is brought to what the presets' thresholds are meant
 *    for, peaks around −12 dBFS, so that nothing behind depends on the preamplifiers' gains.
 * 2. Its loudness after its chain is that of BS.1770-5, of those gating blocks in which it is played
 *    (mixer/activity.h).
 * 3. The fader brings that to its role's offset from the lead vocal; how loud that is follows from all of
 * them together, so that the mix lands near −21 LUFS.
 *
 * Tracks whose gain a person gave keep it and are not staged. One that never plays is not turned up, and kept
 * 40 LU below the reference, as good as muted. */
#ifndef WOODSHED_MIXER_BALANCE_H
#define WOODSHED_MIXER_BALANCE_H

#include "mixer/activity.h"

struct balance_track {
	const struct activity_track *activity;
	double offset_lu; /* against the lead vocal */
	double given_db;  /* the fader that a person set; NAN: it is to be found */
	double lufs;	  /* after the chain, as staged; −INFINITY or NAN: nothing was heard */

	double input_db;    /* filled in by balance_stage */
	double target_lufs; /* filled in by balance_solve; NAN: none */
	double fader_db;    /* the same */
};

/* Fills in the gains before the chains. */
void balance_stage(struct balance_track *tracks, size_t count);

/* The loudness of the gating blocks in which a track is played; of all where it never is. `energies` are
 * those of r128_blocks, `late` steps of 100 ms behind the activity's windows. */
double balance_loudness(const struct activity_track *activity, size_t windows, const double *energies,
	size_t count, size_t late);

/* Fills in the faders, by the loudnesses. */
void balance_solve(struct balance_track *tracks, size_t count, size_t windows);

#endif

/* Decides from levels alone when a band starts and stops. Pure: fed with the peak level of every track over a
 * window of time, it answers.
 *
 * A track starts it when it has sounded above its threshold for most of `for`, or struck four times in a row
 * (a count-in, a drum) over at least `for`. What only decays, as a slammed door does, is not sounding. It
 * stops when all have been below their thresholds for `for`.
 *
 * `auto` is 15 dB over the track's own noise floor, within −45 and −30 dBFS: what hums below that is nobody
 * playing, and what starts a little late loses nothing, for there is the pre-roll. To stop, 6 dB lower. */
#ifndef WOODSHED_RECORDER_TRIGGER_H
#define WOODSHED_RECORDER_TRIGGER_H

#include "config/appliance.h"

#include <stddef.h>

struct trigger;

/* `before`, where not NULL, is the trigger that this one takes over from (other settings, more tracks): what
 * it knew of its tracks and whether they play goes on. It stays the caller's. */
struct trigger *trigger_create(
	const struct recording_config *config, size_t tracks, const struct trigger *before);
void trigger_destroy(struct trigger *trigger); /* NULL is fine */

/* One window of `seconds`; peak_db[i] is track i's peak in dBFS (-INFINITY for silence). */
void trigger_feed(struct trigger *trigger, const double *peak_db, double seconds);

bool trigger_playing(const struct trigger *trigger);   /* a band is heard */
double trigger_quiet_s(const struct trigger *trigger); /* since when none was above its stop threshold */

/* The noise floor of a track as it is known now, dBFS. */
double trigger_floor_db(const struct trigger *trigger, size_t track);

#endif

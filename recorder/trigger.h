/* Decides from levels alone when a band starts and stops. Pure: fed with the peak level of every track over a
 * window of time, it answers. Signal starts when a track has stood above its threshold for most of `for`, and
 * stops when all have been below theirs for `for`. `auto` is 15 dB over the track's own noise floor, but at
 * least −60 dBFS; to stop, 6 dB lower (hysteresis). */
#ifndef WOODSHED_RECORDER_TRIGGER_H
#define WOODSHED_RECORDER_TRIGGER_H

#include "config/appliance.h"

#include <stddef.h>

struct trigger;

struct trigger *trigger_create(const struct recording_config *config, size_t tracks);
void trigger_destroy(struct trigger *trigger); /* NULL is fine */

/* One window of `seconds`; peak_db[i] is track i's peak in dBFS (-INFINITY for silence). */
void trigger_feed(struct trigger *trigger, const double *peak_db, double seconds);

bool trigger_playing(const struct trigger *trigger);   /* a band is heard */
double trigger_quiet_s(const struct trigger *trigger); /* since when none was above its stop threshold */

/* The noise floor of a track as it is known now, dBFS. */
double trigger_floor_db(const struct trigger *trigger, size_t track);

#endif

/* When a track is played, and when its microphone only hears the others and the room. Pure.
 *
 * Whatever the gains of the preamplifiers are: a track's powers are only ever compared with its own and with
 * multiples of the others'. In each octave the track's power is fitted by non-negative multiples of the
 * others' and a constant (coordinate descent on the relative error, so that the quiet windows decide, which
 * are those of bleed alone). A window that the fit explains to within 2 dB is bleed. Of the rest, what lies
 * more than 10 LU below their mean does not count either (the relative gate of BS.1770-5).
 *
 * Two tracks of different roles with nothing but a gain between them may be two microphones of one source, or
 * one of them the other's bleed: only there levels decide, at 12 dB. */
#ifndef WOODSHED_MIXER_ACTIVITY_H
#define WOODSHED_MIXER_ACTIVITY_H

#include "mixer/survey.h"

#include <stdbool.h>

struct activity_track {
	const struct survey_window *windows;
	const char *role; /* NULL: none; tracks of one role may be microphones of one source */
	bool *active;	  /* one a window; filled in */
	bool plays;	  /* filled in: in enough windows to be more than an accident of the fit */
	double peak_db; /* filled in: reached in one of twenty active windows, −INFINITY where there is none
			 */
};

/* `count` tracks of `windows` windows each; fills in what the tracks say. */
void activity_find(struct activity_track *tracks, size_t count, size_t windows);

#endif

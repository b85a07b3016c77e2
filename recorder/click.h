/* The click of a song: which sound is when on a take's timeline, and what it sounds like. Made on the control
 * thread, rendered on a real-time one. */
#ifndef WOODSHED_RECORDER_CLICK_H
#define WOODSHED_RECORDER_CLICK_H

#include "config/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct click_sound {
	double at; /* frame of the take; whole for bar lines only by chance */
	float hz, level, decay_s;
};

struct click {
	struct click_sound *sounds; /* in their order */
	size_t count;
	uint32_t rate;	/* of the take */
	double longest; /* that a sound is heard, frames */
};

/* The count-in, then every beat of the sections as they are played, from bar 1 at frame `bar_1` of a take at
 * `rate` Hz; with `guide`, the tones of the chords too. Beats one, in metres of three eighths and their
 * multiples every third, and the others differ in pitch and level. A song without a tempo has no click, one
 * without sections has its beats for four hours. */
void click_make(struct click *click, const struct session *session, uint64_t bar_1, uint32_t rate);
/* All of it later, before anything is rendered. */
void click_move(struct click *click, double frames);
void click_finish(struct click *click); /* a zeroed value is fine */

/* The session asks for a click, and has a tempo for it. */
bool click_is_wanted(const struct session *session);

/* How long the count-in lasts, seconds. */
double click_count_in_s(const struct session *session);

/* Fills `out` with what is heard from frame `frame` of the take on, where each of its samples is `step`
 * frames after the one before. Every sound begins with the sample nearest to its frame, at full level.
 * RT safe. */
void click_render(const struct click *click, double frame, double step, float *out, uint32_t frames);

#endif

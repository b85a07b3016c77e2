/* The song's grid: which bar and beat of a session's arrangement is when. Pure; any thread.
 *
 * A beat is what the metre's lower number says, and the tempo counts those. A ramp changes the tempo evenly
 * in time, so a section of N beats from tempo a to b lasts 120 N / (a + b) seconds. Seconds count from bar 1,
 * beat 1. */
#ifndef WOODSHED_TAKES_GRID_H
#define WOODSHED_TAKES_GRID_H

#include "config/session.h"

#include <stdint.h>

struct grid_section {
	const struct section_config *section;
	int first_bar; /* from 1 */
	int bars;
	int beats, note;		/* of a bar: 6 and 8 of 6/8 */
	double tempo_bpm, tempo_to_bpm; /* 0: not known */
	double start_s, length_s;	/* 0 where the grid is not timed */
};

struct grid {
	struct grid_section *sections; /* as they are played */
	size_t count;
	int bars;
	double length_s;
	bool timed; /* every section has a tempo */
};

/* The sections of `session`, which must stand as long as the grid does; `arranged`: in `order`. A session
 * that was loaded has no others, and one without sections gives an empty grid. */
void grid_make(struct grid *grid, const struct session *session, bool arranged);
void grid_finish(struct grid *grid); /* a zeroed value is fine */

/* "6/8" into 6 and 8; 4 and 4 where `meter` is NULL. */
void grid_meter(const char *meter, int *beats, int *note);

/* When beat `beat` (from 0, up to all of its bars) of a section begins, from the section's start. */
double grid_beat_s(const struct grid_section *section, int beat);

/* ---- chords ---- */

/* One bar of a row of chords, as written: "C G". */
struct grid_bar {
	const char *text; /* not terminated */
	size_t length;
};

/* Bar `bar` (from 0) of a section's chords, which start over when they end; length 0 where it has none. */
struct grid_bar grid_chords(const struct section_config *section, int bar);

#endif

/* A take for other programs: the texts of project files, label tracks and cue sheets. Pure; the caller owns
 * what comes back. Times in the texts are of the take's own timeline, whose frame 0 is every stem's first.
 *
 * Tempo: Woodshed counts the beats that a metre's lower number says; Reaper and DAWproject count quarter
 * notes, whatever the metre is, and so do these texts. */
#ifndef WOODSHED_TAKES_EXPORT_H
#define WOODSHED_TAKES_EXPORT_H

#include "takes/grid.h"
#include "takes/manifest.h"

#include <stdio.h>

struct export_track {
	const char *name, *role; /* role: NULL: none */
	char *file;		 /* of the stem, relative to the project's */
	uint32_t channels;
	double gain_db, pan; /* pan: -100 to 100 */
	bool mute;
};

/* From `frame` on; bpm of quarter notes. */
struct export_tempo {
	uint64_t frame, frames;
	double bpm, to_bpm;
	int beats, note;
};

/* A marker of the take, and where what begins there ends. A place alone has `end` equal to `frame`. */
struct export_marker {
	uint64_t frame, end;
	const char *label;
	enum marker_kind kind;
};

struct export_project {
	const char *title, *artist, *genre; /* artist, genre: NULL */
	const char *date;		    /* 2026-11-22 */
	uint32_t rate;
	uint64_t frames;
	struct export_track *tracks;
	size_t track_count;
	struct export_tempo *tempos; /* none: nobody knows */
	size_t tempo_count;
	struct export_marker *markers;
	size_t marker_count;
};

/* The markers of `take` and the tempo map of `grid` (the session's as it is played; one that is not timed
 * gives none). Sections of the take that follow one another as the grid's do begin where their marker is, so
 * a take played freely keeps its own time. Labels stay the take's. export_finish frees the lists, and the
 * tracks' `file`. */
void export_add_times(struct export_project *project, const struct manifest *take, const struct grid *grid);
void export_finish(struct export_project *project); /* a zeroed value is fine */

/* 0xRRGGBB of a role; grey for none. */
uint32_t export_colour(const char *role);

/* A Reaper project (.RPP): names, colours, gains, pans, mutes, tempo map, sections as regions, other markers
 * as markers. */
char *export_reaper(const struct export_project *project);

/* Audacity: a label track to import (start, end, label), and a list of files (.lof). */
char *export_labels(const struct export_project *project);
char *export_list(const struct export_project *project);

/* DAWproject 1.0 (https://github.com/bitwig/dawproject): project.xml and metadata.xml of its container. */
char *export_dawproject(const struct export_project *project);
char *export_dawproject_metadata(const struct export_project *project);

/* A line of a cue sheet: KEY "TEXT"END; none where `text` is NULL. A cue sheet knows no way to write a
 * quotation mark. */
void export_cue_line(FILE *to, const char *key, const char *text, const char *end);

/* A cue sheet of one file: a track a cue, from the first on; the whole file as one where there are none. */
struct export_cue {
	uint64_t frame;
	const char *label;
};
char *export_cue(const char *file, const char *title, const char *artist, uint32_t rate,
	const struct export_cue *cues, size_t count);

#endif

/* The song sheet: a session's song and arrangement as a chart that a band reads. Writes only; the session and
 * the grids stand as long as the sheet. */
#ifndef WOODSHED_APPLIANCE_SONG_SHEET_H
#define WOODSHED_APPLIANCE_SONG_SHEET_H

#include "takes/grid.h"

#include <stdio.h>

struct song_sheet {
	const struct session *session;
	struct grid played, arranged; /* the same where the session gives no order */
};

void song_sheet_make(struct song_sheet *sheet, const struct session *session);
void song_sheet_finish(struct song_sheet *sheet);

/* The song's title, else the session's name. */
const char *song_sheet_title(const struct song_sheet *sheet);

/* "92 to 110", "92"; "" where the section has no tempo of its own. Returns `out`. */
char *song_sheet_tempo(const struct grid_section *section, char *out, size_t size);

/* "3:07". */
char *song_sheet_time(double seconds, char *out, size_t size);

/* How many lines of lyrics come before row `row` of `rows`, so that they spread over the rows evenly. */
size_t song_sheet_lyrics_before(size_t row, size_t rows, size_t lines);

/* Text, no line wider than `columns` (at least 20) but for words that are; HTML as one file without scripts
 * or anything to be fetched; JSON. */
void song_sheet_text(const struct song_sheet *sheet, int columns, FILE *out);
void song_sheet_html(const struct song_sheet *sheet, FILE *out);
void song_sheet_json(const struct song_sheet *sheet, FILE *out);

#endif

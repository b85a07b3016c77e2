/* The song sheet as text. */
#include "appliance/song-sheet.h"

#include "common/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { BARS_A_ROW = 4, COLUMNS_LEAST = 20, INDENT = 2 };

/* How many columns a text takes on a terminal. Names and words are UTF-8 whatever the locale is. */
static int width_of(const char *text, size_t length)
{
	int width = 0;
	for (size_t at = 0; at < length;) {
		unsigned char first = (unsigned char)text[at];
		size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
		wchar_t c = (wchar_t)(bytes == 1 ? first : first & (0x7f >> bytes));
		for (size_t i = 1; i < bytes && at + i < length; i++)
			c = (wchar_t)(c << 6 | (text[at + i] & 0x3f));
		int columns = wcwidth(c);
		width += columns < 0 ? 1 : columns;
		at += bytes;
	}
	return width;
}

/* How many bytes of `text` go onto a line of `columns`: whole words, but at least one. */
static size_t line_of(const char *text, size_t length, int columns)
{
	size_t fits = 0;
	for (size_t at = 0; at < length;) {
		size_t word = at;
		while (word < length && text[word] == ' ')
			word++;
		while (word < length && text[word] != ' ')
			word++;
		if (fits > 0 && width_of(text, word) > columns)
			break;
		fits = at = word;
	}
	return fits;
}

static size_t skip_blanks(const char *text, size_t length)
{
	size_t blanks = 0;
	while (blanks < length && text[blanks] == ' ')
		blanks++;
	return blanks;
}

/* What comes from a file never steers a terminal. */
static void put(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		fputc(iscntrl((unsigned char)text[i]) ? ' ' : text[i], out);
}

/* Lines of whole words; all but the first are set in twice as far. */
static void put_wrapped(FILE *out, int columns, int indent, const char *text)
{
	size_t length = strlen(text), at = 0;
	int in = indent;
	do {
		size_t line = line_of(text + at, length - at, columns - in);
		fprintf(out, "%*s", in, "");
		put(out, text + at, line);
		fputc('\n', out);
		at += line;
		at += skip_blanks(text + at, length - at);
		in = indent * 2;
	} while (at < length);
}

/* ---- the bars ---- */

/* As wide as the widest bar of the song, so that all of it stands in columns. */
static int cell_width(const struct song_sheet *sheet, int columns)
{
	int widest = 1;
	for (size_t i = 0; i < sheet->played.count; i++) {
		const struct grid_section *section = &sheet->played.sections[i];
		for (int bar = 0; bar < section->bars && section->section->chords; bar++) {
			struct grid_bar chords = grid_chords(section->section, bar);
			int width = width_of(chords.text, chords.length);
			widest = width > widest ? width : widest;
		}
	}
	int most = columns - INDENT - 4;
	return widest < most ? widest : most;
}

static int bars_a_row(int columns, int cell)
{
	int fit = (columns - INDENT - 1) / (cell + 3);
	return fit >= BARS_A_ROW ? BARS_A_ROW : fit >= 2 ? 2 : 1;
}

/* One line of a row; true while bars of it have more to say than their cell is wide. */
static bool put_line(FILE *out, struct grid_bar *bars, int count, int cell)
{
	bool more = false;
	fprintf(out, "%*s|", INDENT, "");
	for (int i = 0; i < count; i++) {
		size_t line = line_of(bars[i].text, bars[i].length, cell);
		int width = width_of(bars[i].text, line);
		fputc(' ', out);
		put(out, bars[i].text, line);
		fprintf(out, "%*s |", cell > width ? cell - width : 0, "");
		line += skip_blanks(bars[i].text + line, bars[i].length - line);
		bars[i].text += line;
		bars[i].length -= line;
		more = more || bars[i].length > 0;
	}
	return more;
}

static void put_row(FILE *out, const struct grid_section *section, int first, int count, int cell, int times)
{
	struct grid_bar bars[BARS_A_ROW] = {0};
	for (int i = 0; i < count; i++)
		bars[i] = grid_chords(section->section, first + i);
	bool more = put_line(out, bars, count, cell);
	if (times > 1)
		fprintf(out, "  x%d", times);
	fputc('\n', out);
	while (more) {
		more = put_line(out, bars, count, cell);
		fputc('\n', out);
	}
}

static bool same_row(const struct grid_section *section, int a, int b, int count)
{
	for (int i = 0; i < count; i++) {
		struct grid_bar x = grid_chords(section->section, a + i);
		struct grid_bar y = grid_chords(section->section, b + i);
		if (x.length != y.length || memcmp(x.text, y.text, x.length) != 0)
			return false;
	}
	return true;
}

/* How many whole rows from `first` on are the same: who sings nothing over them reads them once. */
static int times_played(const struct grid_section *section, int first, int count)
{
	int times = 1;
	while (first + (times + 1) * count <= section->bars &&
		same_row(section, first, first + times * count, count))
		times++;
	return times;
}

static void put_lyrics(FILE *out, const struct section_config *section, size_t from, size_t to, int columns)
{
	char *const *lines = section->lyrics.items;
	for (size_t i = from; i < to; i++)
		put_wrapped(out, columns, INDENT * 2, lines[i]);
}

static void put_bars(FILE *out, const struct grid_section *section, int columns, int cell)
{
	int a_row = bars_a_row(columns, cell);
	size_t lines = section->section->lyrics.count;
	size_t rows = section->section->chords ? (size_t)((section->bars + a_row - 1) / a_row) : 0;
	for (size_t row = 0; row < rows;) {
		int first = (int)row * a_row, left = section->bars - first;
		int count = left < a_row ? left : a_row;
		int times = lines == 0 ? times_played(section, first, count) : 1;
		put_row(out, section, first, count, cell, times);
		size_t next = row + (size_t)times;
		put_lyrics(out, section->section, song_sheet_lyrics_before(row, rows, lines),
			song_sheet_lyrics_before(next, rows, lines), columns);
		row = next;
	}
	if (rows == 0)
		put_lyrics(out, section->section, 0, lines, columns);
}

/* ---- the sheet ---- */

static void put_section(
	FILE *out, const struct song_sheet *sheet, const struct grid_section *section, int columns, int cell)
{
	char tempo[64], time[32], *heading;
	const char *own = song_sheet_tempo(section, tempo, sizeof(tempo));
	heading = memory_format("[%s]  %d bar%s, from bar %d%s%s%s%s%s%s", section->section->name,
		section->bars, section->bars == 1 ? "" : "s", section->first_bar,
		sheet->played.timed ? " at " : "",
		sheet->played.timed ? song_sheet_time(section->start_s, time, sizeof(time)) : "",
		own[0] ? ", tempo " : "", own, section->section->meter ? ", metre " : "",
		section->section->meter ? section->section->meter : "");
	fputc('\n', out);
	put_wrapped(out, columns, 0, heading);
	put_bars(out, section, columns, cell);
	free(heading);
}

/* Appends "  NAME VALUE" where there is a value. */
static char *with(char *line, const char *name, const char *value)
{
	if (!value || !value[0])
		return line;
	char *longer = memory_format("%s%s%s %s", line, line[0] ? "   " : "", name, value);
	free(line);
	return longer;
}

static void put_facts(FILE *out, const struct song_sheet *sheet, int columns)
{
	const struct song_config *song = &sheet->session->song;
	const struct arrangement_config *arrangement = &sheet->session->arrangement;
	char number[32] = "", time[32];
	if (song->tempo_bpm > 0)
		snprintf(number, sizeof(number), "%.10g", song->tempo_bpm);
	char *line = with(with(memory_text(""), "Key", song->key), "Tempo", number);
	line = with(with(line, "Metre", song->meter ? song->meter : "4/4"), "Genre", song->genre);
	if (sheet->played.bars > 0) {
		snprintf(number, sizeof(number), "%d", sheet->played.bars);
		line = with(line, "Bars", number);
	}
	if (sheet->played.timed)
		line = with(line, "Length", song_sheet_time(sheet->played.length_s, time, sizeof(time)));
	if (arrangement->click) {
		snprintf(number, sizeof(number), "%d", arrangement->count_in);
		line = with(line, "Count-in", number);
	}
	put_wrapped(out, columns, 0, line);
	free(line);
}

static void put_order(FILE *out, const struct song_sheet *sheet, int columns)
{
	const struct key_list *order = &sheet->session->arrangement.order;
	char *const *words = order->items, time[32];
	char *line = memory_text("Order:");
	for (size_t i = 0; i < order->count; i++) {
		char *longer = memory_format("%s %s", line, words[i]);
		free(line);
		line = longer;
	}
	char *whole = sheet->arranged.timed
			      ? memory_format("%s (%d bars, %s)", line, sheet->arranged.bars,
					song_sheet_time(sheet->arranged.length_s, time, sizeof(time)))
			      : memory_format("%s (%d bars)", line, sheet->arranged.bars);
	fputc('\n', out);
	put_wrapped(out, columns, 0, whole);
	free(line);
	free(whole);
}

void song_sheet_text(const struct song_sheet *sheet, int columns, FILE *out)
{
	const char *title = song_sheet_title(sheet), *artist = sheet->session->song.artist;
	if (columns < COLUMNS_LEAST)
		columns = COLUMNS_LEAST;
	char *head = artist ? memory_format("%s - %s", title, artist) : memory_text(title);
	put_wrapped(out, columns, 0, head);
	free(head);
	put_facts(out, sheet, columns);
	int cell = cell_width(sheet, columns);
	for (size_t i = 0; i < sheet->played.count; i++)
		put_section(out, sheet, &sheet->played.sections[i], columns, cell);
	if (sheet->session->arrangement.order.count > 0)
		put_order(out, sheet, columns);
}

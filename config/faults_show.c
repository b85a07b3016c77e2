/* How faults are told: a line each for programs, with the line of the file and a caret for people. */
#include "common/memory.h"
#include "config/faults.h"
#include "config/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A line that goes on for longer is no one's handwriting. */
enum { LINE_MOST = 20000 };

enum { INDENT = 4, TAB = 8, COLUMNS = 80, COLUMNS_LEAST = 20 };

/* Faults come in the order of their lines, so the text is gone through once. */
struct cursor {
	const char *at; /* the start of `line`; NULL: there is no text */
	int line;
};

/* YAML 1.1's line breaks, which libyaml counts by: LF, CR, CR LF, NEL, LS and PS. 0 where there is none. */
static size_t break_length(const char *text)
{
	static const char *const breaks[] = {"\r\n", "\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
		if (strncmp(text, breaks[i], strlen(breaks[i])) == 0)
			return strlen(breaks[i]);
	return 0;
}

static size_t line_length(const char *text)
{
	size_t length = 0;
	while (text[length] && break_length(text + length) == 0)
		length++;
	return length;
}

static void seek(struct cursor *cursor, int line)
{
	while (cursor->at && cursor->line < line) {
		const char *end = cursor->at + line_length(cursor->at);
		cursor->at = *end ? end + break_length(end) : NULL;
		cursor->line++;
	}
}

/* One character at cell `from`: how many bytes it has, and in `width` how many cells it takes. */
static size_t measure(const char *text, size_t size, int from, int *width)
{
	uint32_t character = 0;
	size_t length = utf8_read(text, size, &character);
	if (length == 0 || (character != '\t' && utf8_is_control(character)))
		*width = 1; /* a ? stands for it */
	else
		*width = character == '\t' ? TAB - from % TAB : utf8_width(character);
	return length ? length : 1;
}

/* The cell of a column that counts characters from 1; past the end of the line, the cell after it. */
static int cell_of(const char *text, size_t size, int column)
{
	int cell = 0, width;
	for (size_t at = 0; at < size && column > 1; column--) {
		at += measure(text + at, size - at, cell, &width);
		cell += width;
	}
	return cell;
}

static void put(const char *text, size_t length, int width, FILE *stream)
{
	uint32_t character = 0;
	if (text[0] == '\t')
		fprintf(stream, "%*s", width, "");
	else if (utf8_read(text, length, &character) == 0 || utf8_is_control(character))
		putc('?', stream);
	else
		fwrite(text, 1, length, stream);
}

/* The cells from `from` on to before `to`. */
static void put_cells(const char *text, size_t size, int from, int to, FILE *stream)
{
	int cell = 0, width;
	for (size_t at = 0, length; at < size && cell < to; at += length, cell += width) {
		length = measure(text + at, size - at, cell, &width);
		if (cell >= from && cell + width <= to)
			put(text + at, length, width, stream);
		else if (cell + width > from)
			fprintf(stream, "%*s",
				(cell + width < to ? cell + width : to) - (cell > from ? cell : from), "");
	}
}

/* A line that does not fit is cut to what is around the caret, with … where it goes on. */
static void show_line(const char *text, size_t size, int column, const char *on, const char *off,
	const struct faults_style *style, FILE *stream)
{
	int room = (style->columns > COLUMNS_LEAST ? style->columns : COLUMNS_LEAST) - INDENT - 1;
	int caret = cell_of(text, size, column), end = cell_of(text, size, LINE_MOST + 1);
	int from = 0, to = end;
	if (end > room) {
		from = caret - room * 2 / 3;
		from = from > end + 1 - room ? end + 1 - room : from;
		from = from < 0 ? 0 : from;
		to = from + room < end ? from + room : end;
	}
	bool cut_before = from > 0, cut_after = to < end;
	fprintf(stream, "%*s%s", INDENT, "", cut_before ? "…" : "");
	put_cells(text, size, from + cut_before, to - cut_after, stream);
	fprintf(stream, "%s\n%*s%s^%s\n", cut_after ? "…" : "", INDENT + caret - from, "", on, off);
}

static void show_source(
	struct cursor *cursor, const struct fault *fault, const struct faults_style *style, FILE *stream)
{
	seek(cursor, fault->line);
	size_t size = cursor->at && fault->line > 0 ? line_length(cursor->at) : 0;
	if (size == 0 || size > LINE_MOST)
		return;
	const char *on = !style->colour ? "" : fault->warning ? "\033[1;33m" : "\033[1;31m";
	show_line(cursor->at, size, fault->column, on, style->colour ? "\033[0m" : "", style, stream);
}

static void print_fault(const struct faults *faults, const struct fault *fault,
	const struct faults_style *style, FILE *stream)
{
	int line = fault->line > 0 ? fault->line : 1, column = fault->line > 0 ? fault->column : 1;
	const char *kind = fault->warning ? "warning" : "error";
	const char *on = fault->warning ? "\033[1;33m" : "\033[1;31m";
	if (style->colour)
		fprintf(stream, "\033[1m%s:%d:%d: %s%s:\033[0m %s\n", faults->file, line, column, on, kind,
			fault->text);
	else
		fprintf(stream, "%s:%d:%d: %s: %s\n", faults->file, line, column, kind, fault->text);
}

void faults_print_as(const struct faults *faults, const struct faults_style *style, FILE *stream)
{
	const char *text = faults->source;
	bool marked = text && strncmp(text, "\xEF\xBB\xBF", 3) == 0;
	struct cursor cursor = {text && marked ? text + 3 : text, 1};
	const struct fault **list = faults_sorted(faults);
	for (size_t i = 0; i < faults->count; i++) {
		print_fault(faults, list[i], style, stream);
		if (style->source)
			show_source(&cursor, list[i], style, stream);
	}
	free(list);
	if (faults->more > 0)
		fprintf(stream, "%s:1:1: error: %zu more faults are not shown\n", faults->file, faults->more);
	for (size_t i = 0; i < faults->other_count; i++)
		faults_print_as(&faults->others[i], style, stream);
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	return !(no && *no) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void faults_print(const struct faults *faults, FILE *stream)
{
	struct faults_style style = {.columns = COLUMNS};
	struct winsize size;
	if (isatty(fileno(stream))) {
		style.source = true;
		style.colour = wants_colour();
		if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
			style.columns = size.ws_col;
	}
	faults_print_as(faults, &style, stream);
}

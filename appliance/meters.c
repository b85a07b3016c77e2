#include "appliance/meters.h"

#include "common/memory.h"
#include "common/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LEVELS_MOST = 512, NAME_COLUMNS = 12, GROUP = 8, INPUT_SIZE = 128 };

#define RED "\033[31m"
#define PLAIN "\033[0m"

struct meters {
	FILE *stream;
	bool terminal, colour;
	bool drawn;
	struct name {
		char *input, *name; /* "xr18/9", "vox" */
	} * names;
	size_t name_count;
	uint32_t rate;
	uint64_t gaps, gap_frames, suspected;
	char loss[160]; /* the last one; empty: none */
};

/* One frame of the display, written to the terminal in one go so that nothing flickers. */
struct frame {
	FILE *text;
	int columns, rows; /* of the terminal */
	int column, row;   /* where the next thing goes */
	bool colour;
};

struct meters *meters_create(FILE *stream)
{
	struct meters *meters = memory_new(sizeof(*meters));
	meters->stream = stream;
	meters->terminal = isatty(fileno(stream));
	meters->colour = !getenv("NO_COLOR");
	return meters;
}

static void forget_names(struct meters *meters)
{
	for (size_t i = 0; i < meters->name_count; i++) {
		free(meters->names[i].input);
		free(meters->names[i].name);
	}
	free(meters->names);
	meters->names = NULL;
	meters->name_count = 0;
}

void meters_destroy(struct meters *meters)
{
	if (!meters)
		return;
	forget_names(meters);
	free(meters);
}

void meters_begin(struct meters *meters, const struct manifest *take)
{
	forget_names(meters);
	meters->rate = take->rate;
	meters->gaps = meters->gap_frames = meters->suspected = 0;
	meters->loss[0] = '\0';
	for (size_t i = 0; i < take->track_count; i++) {
		const struct take_track *track = &take->tracks[i];
		meters->names = memory_grow(
			meters->names, meters->name_count + track->input_count, sizeof(*meters->names));
		for (size_t k = 0; k < track->input_count; k++)
			meters->names[meters->name_count++] =
				(struct name){memory_text(track->inputs[k]), memory_text(track->name)};
	}
}

/* ---- losses ---- */

static void note_loss(
	struct meters *meters, const char *of, uint64_t frame, const char *what, const char *why)
{
	double seconds = meters->rate ? (double)frame / meters->rate : 0;
	snprintf(meters->loss, sizeof(meters->loss), "%3d:%04.1f  %s: %s (%s)", (int)(seconds / 60),
		fmod(seconds, 60), of, what, why);
}

void meters_gap(struct meters *meters, const char *of, const struct take_gap *gap)
{
	char what[64];
	meters->gaps++;
	meters->gap_frames += gap->frames;
	snprintf(what, sizeof(what), "%llu frames lost", (unsigned long long)gap->frames);
	note_loss(meters, of, gap->frame, what, gap_cause_name(gap->cause));
}

void meters_suspect(struct meters *meters, const char *interface, const struct take_suspect *loss)
{
	meters->suspected++;
	note_loss(meters, interface, loss->frame, "a loss is suspected", suspect_kind_name(loss->kind));
}

/* ---- drawing ---- */

/* Columns that a text takes: its characters, of which UTF-8 has one for each byte that continues none. A
 * track's name in letters of double width may cost the end of a line. */
static int columns_of(const char *text)
{
	int columns = 0;
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* Puts a text where there is room for all of it; the last column stays empty, since terminals wrap there. */
static bool put(struct frame *frame, bool red, const char *text)
{
	int columns = columns_of(text);
	if (frame->column + columns >= frame->columns)
		return false;
	bool coloured = red && frame->colour;
	fprintf(frame->text, "%s%s%s", coloured ? RED : "", text, coloured ? PLAIN : "");
	frame->column += columns;
	return true;
}

PRINTF(3, 4) static bool putf(struct frame *frame, bool red, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return put(frame, red, text);
}

/* False when the screen is full. */
static bool new_row(struct frame *frame)
{
	if (frame->row + 2 >= frame->rows)
		return false;
	fputs("\033[K\n", frame->text);
	frame->row++;
	frame->column = 0;
	return true;
}

/* −60 dBFS to full scale in eight steps. */
static const char *bar(double peak_db)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	int step = (int)floor((fmax(peak_db, -60) + 60) / 60 * 8);
	return peak_db > -60 ? bars[step > 7 ? 7 : step] : "·";
}

/* The track that records the channel, else its input. */
static const char *name_of(
	const struct meters *meters, const struct recorder_level *level, char input[static INPUT_SIZE])
{
	snprintf(input, INPUT_SIZE, "%s/%u", level->interface, level->channel);
	for (size_t i = 0; i < meters->name_count; i++)
		if (strcmp(meters->names[i].input, input) == 0)
			return meters->names[i].name;
	return input;
}

static void draw_sum(struct frame *frame, const struct meters *meters, const struct recorder_level *levels,
	size_t count, double seconds)
{
	char input[INPUT_SIZE];
	size_t loudest = 0;
	for (size_t i = 1; i < count; i++)
		if (levels[i].peak_db > levels[loudest].peak_db)
			loudest = i;
	putf(frame, false, "%3d:%04.1f", (int)(seconds / 60), fmod(seconds, 60));
	if (meters->gaps)
		putf(frame, true, "  %llu gap%s, %llu frames", (unsigned long long)meters->gaps,
			meters->gaps > 1 ? "s" : "", (unsigned long long)meters->gap_frames);
	if (meters->suspected)
		putf(frame, true, "  %llu suspected", (unsigned long long)meters->suspected);
	if (count > 0 && levels[loudest].peak_db > -99)
		putf(frame, false, "  %5.1f dBFS %s", levels[loudest].peak_db,
			name_of(meters, &levels[loudest], input));
}

/* Bars stand in groups of eight, so that one finds a channel's number. */
static void draw_bars(struct frame *frame, const struct recorder_level *levels, size_t count)
{
	const int indent = NAME_COLUMNS + 1;
	for (size_t i = 0; i < count; i++) {
		bool first = i == 0 || strcmp(levels[i].interface, levels[i - 1].interface) != 0;
		bool group = !first && (levels[i].channel - 1) % GROUP == 0;
		if (first && (!new_row(frame) || !putf(frame, false, "%-*.*s ", NAME_COLUMNS, NAME_COLUMNS,
							 levels[i].interface)))
			return;
		/* A row ends with a whole group. */
		if (group && frame->column + GROUP + 1 >= frame->columns &&
			(!new_row(frame) || !putf(frame, false, "%*s", indent, "")))
			return;
		if (group && frame->column > indent)
			put(frame, false, " ");
		put(frame, levels[i].clipped > 0, bar(levels[i].peak_db));
	}
}

static void draw_clips(
	struct frame *frame, const struct meters *meters, const struct recorder_level *levels, size_t count)
{
	char input[INPUT_SIZE];
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (levels[i].clipped == 0)
			continue;
		if (!any && (!new_row(frame) || !putf(frame, false, "%-*s", NAME_COLUMNS, "clipped")))
			return;
		any = true;
		bool last =
			frame->column + columns_of(name_of(meters, &levels[i], input)) + 14 > frame->columns;
		if (last || !putf(frame, true, " %s %llu", name_of(meters, &levels[i], input),
				    (unsigned long long)levels[i].clipped)) {
			put(frame, true, " …");
			return;
		}
	}
}

static void draw_loss(struct frame *frame, const struct meters *meters)
{
	if (meters->loss[0] && new_row(frame) && !put(frame, true, meters->loss))
		putf(frame, true, "%.*s", frame->columns - 2, meters->loss);
}

bool meters_are_seen(const struct meters *meters)
{
	return meters->terminal;
}

/* The cursor rests on an empty row above the meters: a line that someone else prints, the log say, lands
 * there, and the next frame is drawn below it. */
void meters_draw(struct meters *meters, struct recorder *recorder, double seconds)
{
	if (!meters->terminal || !meters->rate)
		return;
	struct winsize size = {0};
	bool known = ioctl(fileno(meters->stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
	struct text text;
	struct frame frame = {.text = text_open(&text),
		.columns = known ? size.ws_col : 80,
		.rows = known && size.ws_row > 0 ? size.ws_row : 24,
		.colour = meters->colour};
	struct recorder_level levels[LEVELS_MOST];
	size_t count = recorder_levels(recorder, levels, LEVELS_MOST);
	fputs("\r", frame.text);
	new_row(&frame);
	draw_sum(&frame, meters, levels, count, seconds);
	draw_bars(&frame, levels, count);
	draw_clips(&frame, meters, levels, count);
	draw_loss(&frame, meters);
	fputs("\033[J\r", frame.text); /* the rest of this row, and what was higher before */
	if (frame.row > 0)
		fprintf(frame.text, "\033[%dA", frame.row);
	char *drawn = text_close(&text);
	fwrite(drawn, 1, text.size, meters->stream);
	fflush(meters->stream);
	free(drawn);
	meters->drawn = true;
}

void meters_clear(struct meters *meters)
{
	if (!meters->drawn)
		return;
	fputs("\r\033[J", meters->stream);
	fflush(meters->stream);
	meters->drawn = false;
}

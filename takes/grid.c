#include "takes/grid.h"

#include "common/memory.h"
#include "config/choice.h"
#include "config/forms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_A_MINUTE 60.0
#define BLANKS " \t\n"

void grid_meter(const char *meter, int *beats, int *note)
{
	*beats = 4;
	*note = 4;
	if (meter)
		sscanf(meter, "%d/%d", beats, note);
}

static struct grid_section section_made(const struct song_config *song, const struct section_config *config)
{
	struct grid_section made = {.section = config, .bars = config->bars};
	made.tempo_bpm = config->tempo_bpm > 0 ? config->tempo_bpm : song->tempo_bpm;
	made.tempo_to_bpm = config->tempo_to_bpm > 0 ? config->tempo_to_bpm : made.tempo_bpm;
	grid_meter(config->meter ? config->meter : song->meter, &made.beats, &made.note);
	if (made.tempo_bpm > 0)
		made.length_s =
			2 * SECONDS_A_MINUTE * made.bars * made.beats / (made.tempo_bpm + made.tempo_to_bpm);
	return made;
}

/* Bars `from` to `to` of a section, with the tempo that the ramp has there. */
static void shorten(struct grid_section *section, const struct section_choice *choice)
{
	if (choice->from == 0 || choice->from > section->bars)
		return;
	int to = choice->to < section->bars ? choice->to : section->bars;
	double from_s = grid_beat_s(section, (choice->from - 1) * section->beats);
	double to_s = grid_beat_s(section, to * section->beats);
	double slope =
		section->length_s > 0 ? (section->tempo_to_bpm - section->tempo_bpm) / section->length_s : 0;
	section->tempo_to_bpm = section->tempo_bpm + slope * to_s;
	section->tempo_bpm += slope * from_s;
	section->length_s = to_s - from_s;
	section->bars = to - choice->from + 1;
}

static const struct section_config *find(const struct arrangement_config *arrangement, const char *name)
{
	const struct section_config *sections = arrangement->sections.items;
	for (size_t i = 0; i < arrangement->sections.count; i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	return NULL;
}

static void add(struct grid *grid, struct grid_section section)
{
	section.first_bar = grid->bars + 1;
	section.start_s = grid->length_s;
	grid->bars += section.bars;
	grid->length_s += section.length_s;
	grid->timed = grid->timed && section.tempo_bpm > 0;
	grid->sections[grid->count++] = section;
}

static void add_chosen(struct grid *grid, const struct session *session, const char *word)
{
	struct section_choice choice = {0};
	const struct section_config *config = find(&session->arrangement, word);
	if (!config && section_parse_choice(word, &choice) == 0)
		config = find(&session->arrangement, choice.name);
	if (!config)
		return;
	struct grid_section section = section_made(&session->song, config);
	shorten(&section, &choice);
	add(grid, section);
}

void grid_make(struct grid *grid, const struct session *session, bool arranged)
{
	const struct arrangement_config *arrangement = &session->arrangement;
	const struct section_config *sections = arrangement->sections.items;
	char *const *order = arrangement->order.items;
	size_t count = arrangement->sections.count > arrangement->order.count ? arrangement->sections.count
									      : arrangement->order.count;
	*grid = (struct grid){.timed = arrangement->sections.count > 0};
	grid->sections = memory_array(count, sizeof(*grid->sections));
	if (arranged && arrangement->order.count > 0)
		for (size_t i = 0; i < arrangement->order.count; i++)
			add_chosen(grid, session, order[i]);
	else
		for (size_t i = 0; i < arrangement->sections.count; i++)
			add(grid, section_made(&session->song, &sections[i]));
	if (!grid->timed)
		for (size_t i = 0; i < grid->count; i++)
			grid->sections[i].start_s = 0;
}

void grid_finish(struct grid *grid)
{
	free(grid->sections);
	*grid = (struct grid){0};
}

/* The tempo a + (b - a) t / D has gone through a t + (b - a) t² / 2D minutes' beats after t; solved for t in
 * the form that a small slope does no harm. */
double grid_beat_s(const struct grid_section *section, int beat)
{
	double a = section->tempo_bpm / SECONDS_A_MINUTE, b = section->tempo_to_bpm / SECONDS_A_MINUTE;
	if (section->length_s <= 0)
		return 0;
	double slope = (b - a) / section->length_s;
	double root = sqrt(fmax(0, a * a + 2 * slope * beat));
	return 2 * beat / (a + root);
}

/* ---- chords ---- */

struct grid_bar grid_chords(const struct section_config *section, int bar)
{
	size_t bars = section->chords ? form_chord_bars(section->chords) : 0;
	size_t wanted = bars > 0 ? (size_t)bar % bars : 0;
	for (const char *at = section->chords; bars > 0 && *at;) {
		at += strspn(at, BLANKS);
		size_t length = strcspn(at, "|");
		if (length > 0 && wanted-- == 0) {
			while (length > 0 && strchr(BLANKS, at[length - 1]))
				length--;
			return (struct grid_bar){at, length};
		}
		at += length + (at[length] == '|');
	}
	return (struct grid_bar){0};
}

#include "appliance/song-sheet.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

void song_sheet_make(struct song_sheet *sheet, const struct session *session)
{
	*sheet = (struct song_sheet){.session = session};
	grid_make(&sheet->played, session, false);
	grid_make(&sheet->arranged, session, true);
}

void song_sheet_finish(struct song_sheet *sheet)
{
	grid_finish(&sheet->played);
	grid_finish(&sheet->arranged);
	*sheet = (struct song_sheet){0};
}

const char *song_sheet_title(const struct song_sheet *sheet)
{
	const char *title = sheet->session->song.title;
	return title && title[0] ? title : sheet->session->name;
}

char *song_sheet_tempo(const struct grid_section *section, char *out, size_t size)
{
	out[0] = '\0';
	if (section->section->tempo_bpm <= 0 && section->section->tempo_to_bpm <= 0)
		return out;
	if (section->tempo_to_bpm == section->tempo_bpm)
		snprintf(out, size, "%.10g", section->tempo_bpm);
	else
		snprintf(out, size, "%.10g to %.10g", section->tempo_bpm, section->tempo_to_bpm);
	return out;
}

char *song_sheet_time(double seconds, char *out, size_t size)
{
	long whole = lround(seconds);
	snprintf(out, size, "%ld:%02ld", whole / 60, whole % 60);
	return out;
}

size_t song_sheet_lyrics_before(size_t row, size_t rows, size_t lines)
{
	return rows > 0 ? (row * lines + rows - 1) / rows : lines;
}

/* ---- JSON ---- */

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, text ? json_string(text) : json_null());
}

static void set_number(json_t *object, const char *name, double value, bool known)
{
	json_object_set_new(object, name, known ? json_real(value) : json_null());
}

static json_t *texts(const struct key_list *list)
{
	json_t *array = json_array();
	char *const *items = list->items;
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

static json_t *chords_of(const struct grid_section *section)
{
	json_t *bars = json_array();
	for (int bar = 0; bar < section->bars && section->section->chords; bar++) {
		struct grid_bar chords = grid_chords(section->section, bar);
		json_array_append_new(bars, json_stringn(chords.text, chords.length));
	}
	return bars;
}

static json_t *section_json(const struct grid_section *section)
{
	json_t *object = json_object();
	char meter[32];
	snprintf(meter, sizeof(meter), "%d/%d", section->beats, section->note);
	set_text(object, "name", section->section->name);
	json_object_set_new(object, "first_bar", json_integer(section->first_bar));
	json_object_set_new(object, "bars", json_integer(section->bars));
	set_text(object, "meter", meter);
	set_number(object, "tempo_bpm", section->tempo_bpm, section->tempo_bpm > 0);
	set_number(object, "tempo_to_bpm", section->tempo_to_bpm, section->tempo_bpm > 0);
	set_number(object, "start_s", section->start_s, section->tempo_bpm > 0);
	set_number(object, "length_s", section->length_s, section->tempo_bpm > 0);
	json_object_set_new(object, "chords", chords_of(section));
	json_object_set_new(object, "lyrics", texts(&section->section->lyrics));
	return object;
}

static json_t *arranged_json(const struct song_sheet *sheet)
{
	json_t *object = json_object();
	json_object_set_new(object, "order", texts(&sheet->session->arrangement.order));
	json_object_set_new(object, "bars", json_integer(sheet->arranged.bars));
	set_number(object, "seconds", sheet->arranged.length_s, sheet->arranged.timed);
	return object;
}

void song_sheet_json(const struct song_sheet *sheet, FILE *out)
{
	const struct song_config *song = &sheet->session->song;
	const struct arrangement_config *arrangement = &sheet->session->arrangement;
	json_t *object = json_object(), *sections = json_array();
	set_text(object, "title", song_sheet_title(sheet));
	set_text(object, "artist", song->artist);
	set_text(object, "genre", song->genre);
	set_text(object, "key", song->key);
	set_number(object, "tempo_bpm", song->tempo_bpm, song->tempo_bpm > 0);
	set_text(object, "meter", song->meter ? song->meter : "4/4");
	json_object_set_new(object, "count_in", json_integer(arrangement->count_in));
	set_text(object, "click", arrangement->click);
	json_object_set_new(object, "bars", json_integer(sheet->played.bars));
	set_number(object, "seconds", sheet->played.length_s, sheet->played.timed);
	for (size_t i = 0; i < sheet->played.count; i++)
		json_array_append_new(sections, section_json(&sheet->played.sections[i]));
	json_object_set_new(object, "sections", sections);
	json_object_set_new(object, "arranged", arranged_json(sheet));
	json_dumpf(object, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(object);
}

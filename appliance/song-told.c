#include "appliance/song-told.h"

#include "common/file.h"
#include "common/memory.h"
#include "listening/midi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct song *first_song(const struct song_told *told)
{
	return told->listened && told->hearing.count > 0 ? &told->hearing.songs[0].song : NULL;
}

/* ---- the song as MIDI ---- */

/* What is not sure enough stays out, as it does in the report. */
static int write_midi(const struct song_told *told, const char *title, const char *out, struct error *e)
{
	const struct heard_song *heard = &told->hearing.songs[0];
	const struct song *song = &heard->song;
	bool beats = song->rhythmic && song->beats_confidence >= SONG_SURE;
	size_t count = beats ? song->bars.beats.count : 0, sections = beats ? song->form.count : 0, size = 0;
	double *moments = memory_array(count + 1, sizeof(*moments));
	struct midi_marker *markers = memory_array(sections + 1, sizeof(*markers));
	char(*letters)[3] = memory_array(sections + 1, sizeof(*letters));
	for (size_t i = 0; i < count; i++)
		moments[i] = song_beat(song, i);
	for (size_t i = 0; i < sections; i++) {
		form_letter(song->form.sections[i].letter, letters[i]);
		markers[i] = (struct midi_marker){
			song->chords.bars[song->form.sections[i].bar].from_s, letters[i]};
	}
	const struct midi_song midi = {.title = title,
		.beats = moments,
		.places = song->bars.place,
		.beat_count = count,
		.meter = song->bars.meter,
		.chords = song->chords.spans,
		.chord_count = beats ? song->chords.span_count : 0,
		.notes = heard->melody.notes,
		.note_count = heard->melody.confidence >= SONG_SURE ? heard->melody.count : 0,
		.markers = markers,
		.marker_count = sections,
		.key_known = song->tonal && song->key.confidence >= SONG_SURE,
		.minor = song->key.minor,
		.tonic = song->key.tonic};
	uint8_t *data = midi_write(&midi, &size);
	char *path = file_join(out, SONG_MIDI_FILE);
	int result = file_replace(path, data, size, e);
	free(path);
	free(data);
	free(letters);
	free(markers);
	free(moments);
	return result;
}

int song_told_make(struct song_told *told, const struct hearing_job *job, const char *folder, const char *out,
	struct error *e)
{
	*told = (struct song_told){0};
	int result = hearing_run(&told->hearing, job, e);
	if (result < 0)
		return result;
	told->listened = true;
	told->matches = song_matches(&told->hearing, folder);
	/* A render to somewhere else is not what later takes are compared with. */
	if (strcmp(folder, out) == 0)
		result = song_fingerprints_save(&told->hearing, out, e);
	if (result == 0)
		result = write_midi(told, job->stems->take->title, out, e);
	return result;
}

void song_told_finish(struct song_told *told)
{
	song_matches_finish(told->matches, told->hearing.count);
	hearing_finish(&told->hearing);
	*told = (struct song_told){0};
}

/* ---- markers and titles ---- */

static bool has_sections(const struct manifest *take)
{
	for (size_t i = 0; i < take->marker_count; i++)
		if (take->markers[i].kind == MARKER_SECTION)
			return true;
	return false;
}

static int by_frame(const void *a, const void *b)
{
	const struct take_marker *one = a, *two = b;
	if (one->frame != two->frame)
		return one->frame < two->frame ? -1 : 1;
	return (two->kind == MARKER_SONG) - (one->kind == MARKER_SONG);
}

static uint64_t frame_of(const struct heard_song *heard, double at_s, uint32_t rate)
{
	uint64_t frame = (uint64_t)llround(fmax(0, at_s) * rate);
	return heard->frame + (frame < heard->frames ? frame : heard->frames - 1);
}

/* One section alone is no form, and what is so short is part of a song. */
static const double least_song_s = 45;

static void add_sections(const struct heard_song *heard, struct manifest *take)
{
	const struct song *song = &heard->song;
	if ((double)heard->frames < least_song_s * take->rate || !song->rhythmic ||
		song->beats_confidence < SONG_SURE || song->form.count < 2)
		return;
	for (size_t i = 0; i < song->form.count; i++) {
		char letter[3];
		form_letter(song->form.sections[i].letter, letter);
		take->markers = memory_grow(take->markers, take->marker_count + 1, sizeof(*take->markers));
		take->markers[take->marker_count++] = (struct take_marker){
			frame_of(heard, song->chords.bars[song->form.sections[i].bar].from_s, take->rate),
			memory_text(letter), MARKER_SECTION};
	}
}

static void name_song(const struct heard_song *heard, const char *title, struct manifest *take)
{
	for (size_t i = 0; i < take->marker_count; i++) {
		struct take_marker *marker = &take->markers[i];
		if (marker->kind != MARKER_SONG || marker->frame != heard->frame ||
			!song_unnamed(marker->label))
			continue;
		free(marker->label);
		marker->label = memory_text(title);
	}
}

bool song_told_apply(const struct song_told *told, const struct session *session, struct manifest *take)
{
	bool titled = false;
	if (!told->listened)
		return false;
	if (!has_sections(take) && session->arrangement.sections.count == 0) {
		for (size_t i = 0; i < told->hearing.count; i++)
			add_sections(&told->hearing.songs[i], take);
		if (take->marker_count > 0)
			qsort(take->markers, take->marker_count, sizeof(*take->markers), by_frame);
	}
	for (size_t i = 0; i < told->hearing.count; i++) {
		const char *title = told->matches[i].title;
		if (!title || session->song.title)
			continue;
		if (told->hearing.songs[i].label)
			name_song(&told->hearing.songs[i], title, take);
		if (told->hearing.count == 1 && !take->title) {
			take->title = memory_text(title);
			titled = true;
		}
	}
	return titled;
}

/* ---- tags ---- */

double song_told_tempo(const struct song_told *told, const struct song_config *config)
{
	const struct song *song = first_song(told);
	if (config->tempo_bpm > 0)
		return config->tempo_bpm;
	bool sure = song && told->hearing.count == 1 && song->rhythmic && song->tempo_confidence >= SONG_SURE;
	return sure ? round(song->tempo_bpm * 10) / 10 : 0;
}

const char *song_told_key(const struct song_told *told, const struct song_config *config)
{
	const struct song *song = first_song(told);
	if (config->key)
		return config->key;
	bool sure = song && told->hearing.count == 1 && song->tonal && song->key.confidence >= SONG_SURE;
	return sure ? key_name(song->key.tonic, song->key.minor) : NULL;
}

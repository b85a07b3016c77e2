/* What was found of a song, as the report has it (docs/listening.md). */
#include "appliance/song-told.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *rounded(double value, double steps)
{
	return isfinite(value) ? json_real(round(value * steps) / steps) : json_null();
}

static json_t *sureness(double confidence)
{
	return rounded(confidence, 100);
}

/* What the session states is the value, and what was found stands beside it. Both are the caller's to give.
 */
static json_t *fact(json_t *stated, json_t *found, double confidence)
{
	bool sure = found && confidence >= SONG_SURE;
	json_t *value = stated ? json_incref(stated) : sure ? json_incref(found) : json_null();
	json_t *fact = json_pack("{s:o, s:s?, s:o, s:o}", "value", value, "from",
		stated ? "session"
		: sure ? "found"
		       : NULL,
		"found", sure ? json_incref(found) : json_null(), "confidence",
		sureness(found ? confidence : 0));
	json_decref(stated);
	json_decref(found);
	return fact;
}

static void disagree(json_t *list, char *text)
{
	json_array_append_new(list, json_string(text));
	free(text);
}

static json_t *tempo(const struct song *song, const struct song_config *config, json_t *disagreements)
{
	bool sure = song->rhythmic && song->tempo_confidence >= SONG_SURE;
	if (sure && config->tempo_bpm > 0 && fabs(song->tempo_bpm / config->tempo_bpm - 1) > 0.02)
		disagree(disagreements, memory_format("tempo: the session says %.4g, it was played at %.4g",
						config->tempo_bpm, song->tempo_bpm));
	return fact(config->tempo_bpm > 0 ? json_real(config->tempo_bpm) : NULL,
		song->rhythmic ? rounded(song->tempo_bpm, 100) : NULL, song->tempo_confidence);
}

static json_t *meter(const struct song *song, const struct song_config *config)
{
	char text[16];
	snprintf(text, sizeof(text), "%d/4", song->bars.meter);
	return fact(config->meter ? json_string(config->meter) : NULL,
		song->rhythmic ? json_string(text) : NULL, song->meter_confidence);
}

static json_t *key(const struct song *song, const struct song_config *config, json_t *disagreements)
{
	int tonic;
	bool minor;
	const char *found = song->tonal ? key_name(song->key.tonic, song->key.minor) : NULL;
	if (found && song->key.confidence >= SONG_SURE && key_parse(config->key, &tonic, &minor) &&
		(tonic != song->key.tonic || minor != song->key.minor))
		disagree(disagreements,
			memory_format("key: the session says %s, it sounds like %s", config->key, found));
	return fact(config->key ? json_string(config->key) : NULL, found ? json_string(found) : NULL,
		song->key.confidence);
}

static double offset_of(const struct heard_song *heard, const struct manifest *take)
{
	return (double)heard->frame / take->rate;
}

/* Seconds of the take. */
static json_t *beats(const struct heard_song *heard, double offset_s)
{
	const struct song *song = &heard->song;
	if (!song->rhythmic || song->beats_confidence < SONG_SURE)
		return json_null();
	json_t *moments = json_array(), *lines = json_array();
	for (size_t i = 0; i < song->bars.beats.count; i++) {
		json_array_append_new(moments, rounded(offset_s + song_beat(song, i), 1000));
		if (song->bars.place[i] == 0)
			json_array_append_new(lines, rounded(offset_s + song_beat(song, i), 1000));
	}
	return json_pack("{s:o, s:o, s:o}", "confidence", sureness(song->beats_confidence), "beats_s",
		moments, "bars_s", lines);
}

/* A point a bar: the tempo of that bar. */
static json_t *tempo_curve(const struct heard_song *heard, double offset_s)
{
	const struct song *song = &heard->song;
	if (!song->rhythmic || song->beats_confidence < SONG_SURE)
		return json_null();
	json_t *list = json_array();
	const size_t meter = (size_t)song->bars.meter;
	for (size_t i = 0; i + meter < song->bars.beats.count; i++) {
		if (song->bars.place[i] != 0)
			continue;
		double span = song_beat(song, i + meter) - song_beat(song, i);
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "at_s", rounded(offset_s + song_beat(song, i), 1000),
				      "bpm", rounded(60 * (double)meter / span, 10)));
	}
	return list;
}

/* A bar, or a part of one in which the chord changes; null where it is not sure. */
static json_t *chords(const struct heard_song *heard, double offset_s)
{
	const struct song *song = &heard->song;
	if (!song->rhythmic || song->beats_confidence < SONG_SURE)
		return json_null();
	json_t *list = json_array();
	for (size_t i = 0; i < song->chords.span_count; i++) {
		const struct chord_span *chord = &song->chords.spans[i];
		bool told = chord->root >= 0 && chord->confidence >= SONG_SURE;
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:s?, s:o}", "from_s", rounded(offset_s + chord->from_s, 1000),
				"to_s", rounded(offset_s + chord->to_s, 1000), "chord",
				told ? key_name(chord->root, chord->minor) : NULL, "confidence",
				sureness(chord->confidence)));
	}
	return list;
}

static json_t *sections(const struct heard_song *heard, double offset_s)
{
	const struct song *song = &heard->song;
	if (!song->rhythmic || song->beats_confidence < SONG_SURE || song->form.count < 2)
		return json_null();
	json_t *list = json_array();
	for (size_t i = 0; i < song->form.count; i++) {
		const struct section *section = &song->form.sections[i];
		char label[3];
		const struct chord_span *bars = song->chords.bars + section->bar;
		form_letter(section->letter, label);
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:i, s:o, s:o}", "label", label, "from_s",
				      rounded(offset_s + bars[0].from_s, 1000), "to_s",
				      rounded(offset_s + bars[section->bars - 1].to_s, 1000), "bars",
				      (int)section->bars, "confidence", sureness(section->confidence),
				      "likeness", sureness(section->likeness)));
	}
	return list;
}

static json_t *melody(const struct heard_song *heard, const char *track)
{
	if (!heard->has_melody || heard->melody.confidence < SONG_SURE)
		return json_null();
	return json_pack("{s:s, s:i, s:s, s:o}", "track", track, "notes", (int)heard->melody.count, "file",
		SONG_MIDI_FILE, "confidence", sureness(heard->melody.confidence));
}

static json_t *match(const struct song_match *match)
{
	if (!match->take)
		return json_null();
	return json_pack("{s:s, s:I, s:s?, s:o, s:i}", "take", match->take, "frame", (json_int_t)match->frame,
		"title", match->title, "confidence", sureness(match->confidence), "semitones",
		match->semitones);
}

static json_t *title(const struct song_match *match, const struct session *session,
	const struct manifest *take, bool alone, json_t *disagreements)
{
	const char *stated = session->song.title ? session->song.title : NULL;
	if (stated && match->title && strcmp(stated, match->title) != 0)
		disagree(disagreements,
			memory_format("title: the session says %.200s, it sounds like %.200s of take %s",
				stated, match->title, match->take));
	const char *own = stated ? stated : alone ? take->title : NULL;
	bool given = own && (!match->title || strcmp(own, match->title) != 0 || stated);
	const char *value = own ? own : match->title;
	return json_pack("{s:s?, s:s?, s:o}", "value", value, "from",
		!value	 ? NULL
		: stated ? "session"
		: given	 ? "take"
			 : "match",
		"confidence", value && !given ? sureness(match->confidence) : json_null());
}

static json_t *bars_stated(const struct session *session, const struct song *song, json_t *disagreements)
{
	const struct section_config *stated = session->arrangement.sections.items;
	size_t bars = 0;
	for (size_t i = 0; i < session->arrangement.sections.count; i++)
		bars += (size_t)stated[i].bars;
	bool sure = song->rhythmic && song->beats_confidence >= SONG_SURE;
	if (sure && bars > 0 && bars != song->chords.count)
		disagree(
			disagreements, memory_format("arrangement: the session has %zu bars, %zu were played",
					       bars, song->chords.count));
	return sure ? json_integer((json_int_t)song->chords.count) : json_null();
}

static json_t *report_song(const struct song_told *told, size_t index, const struct session *session,
	const struct manifest *take)
{
	const struct heard_song *heard = &told->hearing.songs[index];
	const struct song *song = &heard->song;
	const double offset_s = offset_of(heard, take);
	json_t *disagreements = json_array(), *told_of = json_object();
	json_object_set_new(told_of, "frame", json_integer((json_int_t)heard->frame));
	json_object_set_new(told_of, "frames", json_integer((json_int_t)heard->frames));
	json_object_set_new(told_of, "title",
		title(&told->matches[index], session, take, told->hearing.count == 1, disagreements));
	json_object_set_new(told_of, "match", match(&told->matches[index]));
	json_object_set_new(told_of, "tempo_bpm", tempo(song, &session->song, disagreements));
	json_object_set_new(told_of, "meter", meter(song, &session->song));
	json_object_set_new(told_of, "key", key(song, &session->song, disagreements));
	json_object_set_new(
		told_of, "tuning_hz", song->tonal ? rounded(440 * exp2(song->tuning / 12), 10) : json_null());
	json_object_set_new(told_of, "bars", bars_stated(session, song, disagreements));
	json_object_set_new(told_of, "beats", beats(heard, offset_s));
	json_object_set_new(told_of, "tempo_curve", tempo_curve(heard, offset_s));
	json_object_set_new(told_of, "chords", chords(heard, offset_s));
	json_object_set_new(told_of, "sections", sections(heard, offset_s));
	json_object_set_new(told_of, "melody", melody(heard, told->hearing.melody_track));
	json_object_set_new(told_of, "disagreements", disagreements);
	return told_of;
}

void song_told_report(const struct song_told *told, const struct session *session,
	const struct manifest *take, json_t *report)
{
	json_t *songs = json_array();
	for (size_t i = 0; told->listened && i < told->hearing.count; i++)
		json_array_append_new(songs, report_song(told, i, session, take));
	bool alone = json_array_size(songs) == 1;
	json_object_set_new(report, "song", alone ? json_incref(json_array_get(songs, 0)) : json_null());
	if (json_array_size(songs) > 1)
		json_object_set(report, "songs", songs);
	json_decref(songs);
}

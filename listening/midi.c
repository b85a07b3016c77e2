#include "listening/midi.h"

#include "common/memory.h"
#include "listening/key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS = 480, USUAL_US = 500000, CHORD_OCTAVE = 48, CHORD_VELOCITY = 72, CHORD_CHANNEL = 1 };

struct bytes {
	uint8_t *data;
	size_t count, room;
};

static void put(struct bytes *bytes, const void *data, size_t count)
{
	if (bytes->count + count > bytes->room) {
		bytes->room = 2 * (bytes->count + count) + 256;
		bytes->data = memory_grow(bytes->data, bytes->room, 1);
	}
	memcpy(bytes->data + bytes->count, data, count);
	bytes->count += count;
}

static void put_big(struct bytes *bytes, uint32_t value, int size)
{
	for (int i = size - 1; i >= 0; i--) {
		uint8_t byte = (uint8_t)(value >> (8 * i));
		put(bytes, &byte, 1);
	}
}

static void put_varied(struct bytes *bytes, uint32_t value)
{
	for (int shift = 21; shift > 0; shift -= 7)
		if (value >> shift)
			put_big(bytes, (value >> shift & 127) | 128, 1);
	put_big(bytes, value & 127, 1);
}

/* ---- events ---- */

struct event {
	uint32_t tick;
	size_t order; /* among those of one tick */
	uint8_t data[80];
	size_t size;
};

struct track {
	struct event *events;
	size_t count;
};

static struct event *add(struct track *track, uint32_t tick, int rank)
{
	track->events = memory_grow(track->events, track->count + 1, sizeof(*track->events));
	struct event *event = &track->events[track->count];
	*event = (struct event){.tick = tick, .order = (size_t)rank << 32 | track->count};
	track->count++;
	return event;
}

enum { RANK_FIRST, RANK_OFF, RANK_ON };

static void add_meta(struct track *track, uint32_t tick, uint8_t kind, const void *data, size_t size)
{
	struct event *event = add(track, tick, RANK_FIRST);
	size = size < sizeof(event->data) - 3 ? size : sizeof(event->data) - 3;
	event->data[0] = 0xff;
	event->data[1] = kind;
	event->data[2] = (uint8_t)size;
	memcpy(event->data + 3, data, size);
	event->size = size + 3;
}

static void add_text(struct track *track, uint32_t tick, uint8_t kind, const char *text)
{
	add_meta(track, tick, kind, text, strlen(text));
}

static void add_note(struct track *track, uint32_t from, uint32_t to, uint8_t channel, int note, int velocity)
{
	if (note < 0 || note > 127)
		return;
	const uint8_t on[] = {(uint8_t)(0x90 | channel), (uint8_t)note, (uint8_t)velocity};
	const uint8_t off[] = {(uint8_t)(0x80 | channel), (uint8_t)note, 64};
	struct event *event = add(track, from, RANK_ON);
	memcpy(event->data, on, event->size = sizeof(on));
	event = add(track, to > from ? to : from + 1, RANK_OFF);
	memcpy(event->data, off, event->size = sizeof(off));
}

static int by_time(const void *a, const void *b)
{
	const struct event *one = a, *two = b;
	if (one->tick != two->tick)
		return one->tick < two->tick ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

static void put_track(struct bytes *file, struct track *track)
{
	struct bytes body = {0};
	uint32_t last = 0;
	if (track->count > 0)
		qsort(track->events, track->count, sizeof(*track->events), by_time);
	for (size_t i = 0; i < track->count; i++) {
		put_varied(&body, track->events[i].tick - last);
		put(&body, track->events[i].data, track->events[i].size);
		last = track->events[i].tick;
	}
	put(&body, "\0\xff\x2f\0", 4);
	put(file, "MTrk", 4);
	put_big(file, (uint32_t)body.count, 4);
	put(file, body.data, body.count);
	free(body.data);
	free(track->events);
}

/* ---- the song ---- */

/* Whole beats in front of the first one, so that the file begins with the recording. */
static uint32_t lead_beats(const struct midi_song *song)
{
	if (song->beat_count < 2 || song->beats[0] < 0.02)
		return 0;
	return (uint32_t)fmax(1, round(song->beats[0] / (song->beats[1] - song->beats[0])));
}

static uint32_t tick_of(const struct midi_song *song, double at_s)
{
	const double *beats = song->beats;
	const size_t count = song->beat_count;
	if (at_s <= 0)
		return 0;
	if (count < 2)
		return (uint32_t)lround(at_s * 1e6 / USUAL_US * TICKS);
	double lead = lead_beats(song);
	if (at_s < beats[0])
		return (uint32_t)lround(at_s / beats[0] * lead * TICKS);
	size_t low = 0, high = count - 1;
	while (high - low > 1)
		*(beats[(low + high) / 2] <= at_s ? &low : &high) = (low + high) / 2;
	double part = (at_s - beats[low]) / (beats[low + 1] - beats[low]);
	return (uint32_t)lround((lead + (double)low + part) * TICKS);
}

static void add_tempo(struct track *track, uint32_t tick, double seconds)
{
	uint32_t us = (uint32_t)fmax(1, fmin(0xffffff, seconds * 1e6 + 0.5));
	const uint8_t data[] = {(uint8_t)(us >> 16), (uint8_t)(us >> 8), (uint8_t)us};
	add_meta(track, tick, 0x51, data, sizeof(data));
}

static void add_meter(struct track *track, uint32_t tick, uint32_t beats)
{
	const uint8_t data[] = {(uint8_t)beats, 2, 24, 8};
	add_meta(track, tick, 0x58, data, sizeof(data));
}

/* What lies before the first bar line is a bar of its own. */
static void add_beats(struct track *track, const struct midi_song *song)
{
	const uint32_t lead = lead_beats(song);
	if (lead > 0)
		add_tempo(track, 0, song->beats[0] / lead);
	for (size_t i = 0; i + 1 < song->beat_count; i++)
		add_tempo(track, (lead + (uint32_t)i) * TICKS, song->beats[i + 1] - song->beats[i]);
	size_t line = 0;
	while (line < song->beat_count && song->places[line] != 0)
		line++;
	if (lead + line > 0 && lead + line < 256)
		add_meter(track, 0, lead + (uint32_t)line);
	if (song->beat_count > 0 && song->meter > 0)
		add_meter(track, (lead + (uint32_t)line) * TICKS, (uint32_t)song->meter);
	if (song->beat_count < 2)
		add_tempo(track, 0, USUAL_US / 1e6);
}

static void add_key(struct track *track, const struct midi_song *song)
{
	if (!song->key_known)
		return;
	/* Fifths from C, -5 to 6, of the major key with the same signature. */
	int major = (song->tonic + (song->minor ? 3 : 0)) % CLASSES, fifths = major * 7 % CLASSES;
	const uint8_t data[] = {(uint8_t)(int8_t)(fifths > 6 ? fifths - CLASSES : fifths), song->minor};
	add_meta(track, 0, 0x59, data, sizeof(data));
}

static void add_chords(struct track *track, const struct midi_song *song)
{
	for (size_t i = 0; i < song->chord_count; i++) {
		const struct chord_span *chord = &song->chords[i];
		if (chord->root < 0)
			continue;
		uint32_t from = tick_of(song, chord->from_s), to = tick_of(song, chord->to_s);
		const int steps[] = {0, chord->minor ? 3 : 4, 7};
		add_text(track, from, 0x01, key_name(chord->root, chord->minor));
		for (size_t k = 0; k < 3; k++)
			add_note(track, from, to, CHORD_CHANNEL, CHORD_OCTAVE + chord->root + steps[k],
				CHORD_VELOCITY);
	}
}

uint8_t *midi_write(const struct midi_song *song, size_t *size)
{
	struct track tracks[3] = {0};
	struct bytes file = {0};
	add_text(&tracks[0], 0, 0x03, song->title ? song->title : "song");
	add_beats(&tracks[0], song);
	add_key(&tracks[0], song);
	for (size_t i = 0; i < song->marker_count; i++)
		add_text(&tracks[0], tick_of(song, song->markers[i].at_s), 0x06, song->markers[i].text);
	add_text(&tracks[1], 0, 0x03, "chords");
	add_chords(&tracks[1], song);
	add_text(&tracks[2], 0, 0x03, "melody");
	for (size_t i = 0; i < song->note_count; i++)
		add_note(&tracks[2], tick_of(song, song->notes[i].from_s), tick_of(song, song->notes[i].to_s),
			0, song->notes[i].note, song->notes[i].velocity);
	put(&file, "MThd\0\0\0\6\0\1\0\3", 12);
	put_big(&file, TICKS, 2);
	for (size_t i = 0; i < 3; i++)
		put_track(&file, &tracks[i]);
	*size = file.count;
	return file.data;
}

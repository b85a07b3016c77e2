/* What one voice plays, note by note, and the file that it is written into. */
#include "listening/melody.h"
#include "listening/midi.h"
#include "tests/unit/harness.h"
#include "tests/unit/sounds.h"

#include <errno.h>

static void follow(struct melody *melody, const double *samples, size_t frames)
{
	struct pitch *pitch;
	struct error e;
	size_t count;
	assert_int_equal(pitch_create(&pitch, SOUNDS_RATE, &e), 0);
	pitch_add(pitch, samples, frames);
	const struct pitch_frame *heard = pitch_frames(pitch, &count);
	melody_find(melody, heard, count, pitch_rate(pitch), 0);
	pitch_destroy(pitch);
}

static void notes_are_found(void **state)
{
	static const int tune[] = {60, 62, 64, 65, 67, 55, 48, 40, 72, 84, 71, 60, 28, 23};
	const double length = 0.4;
	const size_t frames = (size_t)((TABLE_SIZE(tune) * length + 0.5) * SOUNDS_RATE);
	double *samples = memory_array(frames, sizeof(*samples));
	struct melody melody;
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(tune); i++)
		sounds_note(samples, frames, 0.2 + (double)i * length, length * 0.9, tune[i], 0.2);
	follow(&melody, samples, frames);
	assert_int_equal(melody.count, TABLE_SIZE(tune));
	for (size_t i = 0; i < TABLE_SIZE(tune); i++) {
		assert_int_equal(melody.notes[i].note, tune[i]);
		assert_true(fabs(melody.notes[i].from_s - 0.2 - (double)i * length) < 0.06);
		assert_true(fabs(melody.notes[i].to_s - melody.notes[i].from_s - 0.9 * length) < 0.1);
	}
	assert_true(melody.confidence > 0.8);
	melody_finish(&melody);
	free(samples);
}

static void noise_has_no_melody(void **state)
{
	const size_t frames = 5 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	struct melody melody;
	uint32_t seed = 5;
	(void)state;
	follow(&melody, samples, frames);
	assert_int_equal(melody.count, 0);
	melody_finish(&melody);
	for (size_t i = 0; i < frames; i++)
		samples[i] = 0.1 * sounds_noise(&seed);
	follow(&melody, samples, frames);
	assert_true(melody.confidence < 0.5);
	melody_finish(&melody);
	melody_find(&melody, NULL, 0, 47, 0);
	assert_int_equal(melody.count, 0);
	melody_finish(&melody);
	free(samples);
}

/* A tenth of a second each. */
static void fast_notes_are_found(void **state)
{
	static const int tune[] = {60, 62, 64, 65, 67, 69, 71, 72};
	const size_t count = 40, frames = 5 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	struct melody melody;
	(void)state;
	for (size_t i = 0; i < count; i++)
		sounds_note(samples, frames, 0.2 + 0.1 * (double)i, 0.095, tune[i % TABLE_SIZE(tune)], 0.2);
	follow(&melody, samples, frames);
	assert_int_equal(melody.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(melody.notes[i].note, tune[i % TABLE_SIZE(tune)]);
	melody_finish(&melody);
	free(samples);
}

static double pitch_at(const struct melody *melody, double at_s)
{
	const double place = round((at_s - melody->from_s) / melody->step_s);
	assert_true(place >= 0 && place < (double)melody->pitch_count);
	return melody->pitches[(size_t)place];
}

/* A tone with a vibrato of half a semitone, from 1 to 3 s; and its last pitch while nothing sounds. */
static void pitches_follow_a_vibrato(void **state)
{
	const size_t frames = 4 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples)), phase = 0;
	struct melody melody;
	(void)state;
	for (size_t i = SOUNDS_RATE; i < 3 * SOUNDS_RATE; i++) {
		const double t = (double)i / SOUNDS_RATE;
		phase += 2 * M_PI * 440 * exp2(0.5 * sin(2 * M_PI * 5 * t) / 12) / SOUNDS_RATE;
		samples[i] = 0.2 * sin(phase) + 0.1 * sin(2 * phase);
	}
	follow(&melody, samples, frames);
	for (double t = 1.1; t < 2.9; t += 0.01)
		assert_true(fabs(pitch_at(&melody, t) - 69 - 0.5 * sin(2 * M_PI * 5 * t)) < 0.4);
	assert_true(fabs(pitch_at(&melody, 3.8) - 69) < 0.6);
	melody_finish(&melody);
	free(samples);
}

/* Plucked hard: 140 ms of noise, louder than the note that comes of it. */
static void attacks_belong_to_their_notes(void **state)
{
	const size_t notes = 6, frames = 4 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	struct melody melody;
	uint32_t seed = 3;
	(void)state;
	for (size_t i = 0; i < notes; i++) {
		const size_t struck = (size_t)((0.3 + 0.6 * (double)i) * SOUNDS_RATE);
		sounds_note(samples, frames, 0.44 + 0.6 * (double)i, 0.4, 40 + (int)(i % 3), 0.2);
		for (size_t k = 0; k < SOUNDS_RATE * 14 / 100; k++)
			samples[struck + k] += 0.6 * sounds_noise(&seed);
	}
	follow(&melody, samples, frames);
	assert_int_equal(melody.count, notes);
	for (size_t i = 0; i < notes; i++) {
		assert_int_equal(melody.notes[i].note, 40 + (int)(i % 3));
		assert_true(fabs(melody.notes[i].from_s - 0.3 - 0.6 * (double)i) < 0.045);
		/* While it has none of its own. */
		assert_true(fabs(pitch_at(&melody, 0.4 + 0.6 * (double)i) - melody.notes[i].note) < 0.5);
	}
	melody_finish(&melody);
	free(samples);
}

/* What the microphone hears of another player, at -20 dB and two octaves away, while the voice rests. */
static void others_are_not_written(void **state)
{
	const size_t frames = 12 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	struct melody melody;
	(void)state;
	for (size_t i = 0; i < 12; i++) {
		const bool own = i % 4 < 2;
		sounds_note(samples, frames, 0.1 + (double)i, 0.6, own ? 62 + (int)i : 88, own ? 0.2 : 0.02);
	}
	follow(&melody, samples, frames);
	assert_int_equal(melody.count, 6);
	size_t unsure = 0;
	for (size_t i = 0; i < melody.guess_count; i++)
		unsure += melody.guesses[i].note.note == 88 && melody.guesses[i].note.confidence < 0.5;
	assert_int_equal(unsure, 6);
	for (size_t i = 0; i < melody.count; i++) {
		assert_true(melody.notes[i].note < 80);
		assert_true(melody.notes[i].confidence >= 0.5);
	}
	assert_true(melody.confidence > 0.7);
	melody_finish(&melody);
	free(samples);
}

static void bad_rates(void **state)
{
	static const uint32_t rates[] = {0, 7999, 384001};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rates); i++) {
		struct pitch *pitch = NULL;
		struct error e = {""};
		assert_int_equal(pitch_create(&pitch, rates[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, "8 to 384 kHz"));
	}
	pitch_destroy(NULL);
}

static bool holds(const uint8_t *file, size_t size, const void *bytes, size_t count)
{
	for (size_t i = 0; i + count <= size; i++)
		if (memcmp(file + i, bytes, count) == 0)
			return true;
	return false;
}

/* As many bytes as its chunks say. */
static void check_chunks(const uint8_t *file, size_t size, size_t tracks)
{
	size_t at = 14, found = 0;
	assert_memory_equal(file, "MThd\0\0\0\6\0\1", 10);
	while (at + 8 <= size) {
		assert_memory_equal(file + at, "MTrk", 4);
		size_t body = (size_t)file[at + 4] << 24 | (size_t)file[at + 5] << 16 |
			      (size_t)file[at + 6] << 8 | file[at + 7];
		at += 8 + body;
		assert_memory_equal(file + at - 3, "\xff\x2f\0", 3);
		found++;
	}
	assert_int_equal(at, size);
	assert_int_equal(found, tracks);
}

static void a_song_as_midi(void **state)
{
	const double beats[] = {1.0, 1.5, 2.0, 2.5, 3.0};
	const uint8_t places[] = {2, 0, 1, 2, 0};
	const struct chord_span chords[] = {{1.5, 3, 4, true, 1}, {3, 4, -1, false, 1}};
	const struct melody_note notes[] = {{1.5, 2.0, 71, 90, 1}, {2.0, 2.0, 200, 90, 1}};
	const struct midi_marker markers[] = {{1.5, "A"}};
	const struct midi_song song = {
		"Night Bus", beats, places, 5, 3, chords, 2, notes, 2, markers, 1, true, true, 4};
	size_t size;
	uint8_t *file = midi_write(&song, &size);
	(void)state;
	check_chunks(file, size, 3);
	/* 120 beats a minute, a bar of three behind a pickup of three, one sharp and minor, E minor, B4. */
	assert_true(holds(file, size, "\xff\x51\3\x07\xa1\x20", 6));
	assert_true(holds(file, size, "\xff\x58\4\3\2\x18\x08", 7));
	assert_true(holds(file, size, "\xff\x59\2\1\1", 5));
	assert_true(holds(file, size, "\xff\1\2Em", 5));
	assert_true(holds(file, size, "\xff\6\1A", 4));
	assert_true(holds(file, size, "\x90\x47\x5a", 3));
	free(file);
	const struct midi_song nothing = {0};
	file = midi_write(&nothing, &size);
	check_chunks(file, size, 3);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_are_found),
		cmocka_unit_test(fast_notes_are_found),
		cmocka_unit_test(pitches_follow_a_vibrato),
		cmocka_unit_test(noise_has_no_melody),
		cmocka_unit_test(attacks_belong_to_their_notes),
		cmocka_unit_test(others_are_not_written),
		cmocka_unit_test(bad_rates),
		cmocka_unit_test(a_song_as_midi),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

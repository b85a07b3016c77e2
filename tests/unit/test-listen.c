/* A small band whose music is known, and things that are no music. */
#include "listening/ear.h"
#include "listening/song.h"
#include "tests/unit/harness.h"
#include "tests/unit/sounds.h"

enum { DRUMS, CHORDS, BASS, TRACKS };

struct piece {
	double bpm;
	int meter, bars, tonic;
	double begin_s;
};

/* I V vi IV, a chord a bar; pieces end with I. */
static const struct {
	int step;
	bool minor;
} progression[4] = {{0, false}, {7, false}, {9, true}, {5, false}};

static struct listened hear(const double *samples, size_t frames)
{
	struct ear *ear;
	struct error e;
	struct listened track = {0};
	assert_int_equal(ear_create(&ear, SOUNDS_RATE, 1, &e), 0);
	ear_add(ear, samples, frames);
	ear_end(ear, &track.heard);
	ear_destroy(ear);
	return track;
}

static void play_bar(double *const *tracks, size_t frames, const struct piece *piece, int bar, uint32_t *seed)
{
	const double beat = 60 / piece->bpm, at = piece->begin_s + bar * piece->meter * beat;
	const int root = piece->tonic + progression[bar % 4].step, third = progression[bar % 4].minor ? 3 : 4;
	for (int i = 0; i < piece->meter; i++) {
		bool strong = i == 0 || (piece->meter == 4 && i == 2);
		sounds_drum(tracks[DRUMS], frames, at + i * beat, strong ? 0.5 : 0, strong ? 0.1 : 0.4, seed);
		sounds_drum(tracks[DRUMS], frames, at + (i + 0.5) * beat, 0, 0.1, seed);
		sounds_note(
			tracks[BASS], frames, at + i * beat, 0.9 * beat, 36 + root % 12, i == 0 ? 0.3 : 0.2);
	}
	const int steps[] = {0, third, 7};
	for (int k = 0; k < 3; k++)
		sounds_note(
			tracks[CHORDS], frames, at, piece->meter * beat, 60 + (root + steps[k]) % 12, 0.1);
}

static void listen(struct song *song, const struct piece *piece, const struct bars_known *known)
{
	const double seconds = piece->begin_s + piece->bars * piece->meter * 60 / piece->bpm + 1;
	const size_t frames = (size_t)(seconds * SOUNDS_RATE);
	struct listened heard[TRACKS];
	double *tracks[TRACKS];
	uint32_t seed = 7;
	for (int t = 0; t < TRACKS; t++)
		tracks[t] = memory_array(frames, sizeof(double));
	for (int bar = 0; bar < piece->bars; bar++)
		play_bar(tracks, frames, piece, bar, &seed);
	for (int t = 0; t < TRACKS; t++)
		heard[t] = hear(tracks[t], frames);
	song_find(song, heard, TRACKS, known);
	for (int t = 0; t < TRACKS; t++) {
		heard_finish(&heard[t].heard);
		free(tracks[t]);
	}
}

static size_t beats_met(const struct song *song, const struct piece *piece)
{
	size_t met = 0;
	for (size_t i = 0; i < song->bars.beats.count; i++) {
		double beat = (song_beat(song, i) - piece->begin_s) * piece->bpm / 60,
		       off = beat - round(beat);
		bool line = (long)round(beat) % piece->meter == 0;
		met += fabs(off) * 60 / piece->bpm < 0.05 && line == (song->bars.place[i] == 0);
	}
	return met;
}

static size_t chords_met(const struct song *song, const struct piece *piece)
{
	size_t met = 0;
	for (size_t i = 0; i < song->chords.count; i++) {
		const struct chord_span *chord = &song->chords.bars[i];
		double bar =
			((chord->from_s + chord->to_s) / 2 - piece->begin_s) * piece->bpm / 60 / piece->meter;
		int root = (piece->tonic + progression[(int)bar % 4].step) % 12;
		met += chord->root == root && chord->minor == progression[(int)bar % 4].minor;
	}
	return met;
}

static void a_band_is_understood(void **state)
{
	static const struct piece pieces[] = {{120, 4, 21, 0, 0.7}, {140, 3, 29, 2, 1.3}};
	const struct bars_known nothing = {0};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(pieces); i++) {
		const struct piece *piece = &pieces[i];
		struct song song;
		listen(&song, piece, &nothing);
		assert_true(song.rhythmic && song.tonal);
		assert_true(fabs(song.tempo_bpm / piece->bpm - 1) < 0.02);
		assert_true(song.tempo_confidence >= SONG_SURE && song.beats_confidence >= SONG_SURE);
		assert_int_equal(song.bars.meter, piece->meter);
		assert_true(beats_met(&song, piece) >= song.bars.beats.count * 9 / 10);
		assert_true(chords_met(&song, piece) >= song.chords.count * 8 / 10);
		assert_string_equal(key_name(song.key.tonic, song.key.minor), key_name(piece->tonic, false));
		song_finish(&song);
	}
}

/* Half or double of what would be found. */
static void the_session_knows_better(void **state)
{
	static const struct bars_known rows[] = {{60, 4}, {120, 0}};
	const struct piece piece = {120, 4, 17, 0, 0.5};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct song song;
		listen(&song, &piece, &rows[i]);
		assert_true(fabs(song.tempo_bpm / rows[i].tempo_bpm - 1) < 0.02);
		song_finish(&song);
	}
}

/* Eight bars, eight with the bass's notes in another order, and the first again: the same onsets, loudness
 * and chords throughout. */
static void sections_are_told_by_their_notes(void **state)
{
	static const int figures[2][4] = {{60, 72, 60, 72}, {72, 60, 72, 60}};
	const size_t bars = 24, frames = 25 * 2 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	struct chord_span *spans = memory_array(bars, sizeof(*spans));
	(void)state;
	for (size_t bar = 0; bar < bars; bar++) {
		const int *figure = figures[bar / 8 % 2];
		spans[bar] = (struct chord_span){2 * (double)bar, 2 * (double)(bar + 1), 0, false, 1};
		for (size_t k = 0; k < 4; k++)
			sounds_note(samples, frames, 2 * (double)bar + 0.5 * (double)k, 0.45, figure[k], 0.2);
	}
	struct listened track = hear(samples, frames);
	const struct chords chords = {.bars = spans, .count = bars};
	struct together together;
	struct harmony harmony;
	struct form form;
	together_make(&together, &track, 1);
	harmony_make(&harmony, &together);
	form_find(&form, &track, 1, &harmony, &chords);
	assert_int_equal(form.count, 3);
	assert_int_equal(form.sections[1].bar, 8);
	assert_int_equal(form.sections[2].bar, 16);
	assert_int_equal(form.sections[0].letter, form.sections[2].letter);
	assert_int_not_equal(form.sections[0].letter, form.sections[1].letter);
	form_finish(&form);
	harmony_finish(&harmony);
	together_finish(&together);
	heard_finish(&track.heard);
	free(spans);
	free(samples);
}

static void no_music_is_not_sure(void **state)
{
	static const double seconds[] = {0, 0.3, 5, 20};
	(void)state;
	for (size_t i = 0; i < 2 * TABLE_SIZE(seconds); i++) {
		const bool noise = i % 2;
		const size_t frames = (size_t)(seconds[i / 2] * SOUNDS_RATE);
		double *samples = memory_array(frames + 1, sizeof(*samples));
		uint32_t seed = 3;
		for (size_t n = 0; n < frames && noise; n++)
			samples[n] = 0.1 * sounds_noise(&seed);
		struct listened track = hear(samples, frames);
		struct song song;
		const struct bars_known nothing = {0};
		song_find(&song, &track, 1, &nothing);
		assert_true(!song.rhythmic || song.tempo_confidence < SONG_SURE);
		assert_true(!song.rhythmic || song.beats_confidence < SONG_SURE);
		assert_true(!song.tonal || song.key.confidence < SONG_SURE);
		song_finish(&song);
		heard_finish(&track.heard);
		free(samples);
	}
}

static void no_tracks_are_no_song(void **state)
{
	struct song song;
	const struct bars_known nothing = {0};
	(void)state;
	song_find(&song, NULL, 0, &nothing);
	assert_false(song.rhythmic || song.tonal);
	song_finish(&song);
	song_finish(&song);
}

static void keys_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int tonic;
		bool minor;
	} rows[] = {{"C", true, 0, false}, {"Em", true, 4, true}, {"F#", true, 6, false},
		{"Bb", true, 10, false}, {"C# minor", true, 1, true}, {"Ab major", true, 8, false},
		{"Cb", true, 11, false}, {NULL, false, 0, false}, {"", false, 0, false},
		{"H", false, 0, false}, {"c", false, 0, false}, {"D dorian", false, 0, false},
		{"Ax", false, 0, false}, {"#", false, 0, false}, {"7", false, 0, false}};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		int tonic = -1;
		bool minor = false;
		assert_int_equal(key_parse(rows[i].text, &tonic, &minor), rows[i].good);
		if (rows[i].good)
			assert_true(tonic == rows[i].tonic && minor == rows[i].minor);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_band_is_understood),
		cmocka_unit_test(the_session_knows_better),
		cmocka_unit_test(sections_are_told_by_their_notes),
		cmocka_unit_test(no_music_is_not_sure),
		cmocka_unit_test(no_tracks_are_no_song),
		cmocka_unit_test(keys_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

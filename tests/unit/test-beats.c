/* Beats, bars and tempo of patterns that are known: played by drums, a bass and chords. */
#include "listening/ear.h"
#include "listening/phase.h"
#include "listening/song.h"
#include "listening/tempo.h"
#include "tests/unit/harness.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/sounds.h"

enum { DRUMS, BASS, CHORDS, TRACKS, PATTERN_MOST = 32, PHASE_RATE = 100 };

/* A bar of `meter` beats in `parts` each; x: played, o: played softly, anything else: not. */
struct pattern {
	const char *name;
	double bpm, bpm_at_end;
	int meter, parts, bars;
	const char *kick, *snare, *hat, *bass;
	int fill_every;		       /* bars; the last half of such a bar is snares */
	int silent_from, silent_until; /* bars */
	double begin_s;
	bool octave; /* its half or double is as good */
	struct bars_known known;
};

static const struct pattern patterns[] = {
	{"straight", 112, 112, 4, 2, 24, "x...x...", "..x...x.", "xxxxxxxx", "x.x.x.x.", 0, 0, 0, 0.4, false,
		{0, 0}},
	{"sixteenths", 92, 92, 4, 4, 18, "x.....x.x.......", "....x.......x...", "xoxoxoxoxoxoxoxo",
		"x...x.x.x...x.x.", 0, 0, 0, 0.9, false, {0, 0}},
	{"swing", 138, 138, 4, 3, 28, "x...........", "...x.....x..", "x..x.xx..x.x", "x..x..x..x..", 0, 0, 0,
		0.2, false, {0, 0}},
	{"waltz", 144, 144, 3, 2, 32, "x.....", "..x.x.", "x.x.x.", "x.....", 0, 0, 0, 0.3, false, {0, 0}},
	{"six eighths", 76, 76, 4, 3, 16, "x.....x.....", "...x.....x..", "xxxxxxxxxxxx", "x..x..x..x..", 0,
		0, 0, 0.5, false, {76, 0}},
	{"half time", 140, 140, 4, 2, 28, "x.......", "....x...", "xxxxxxxx", "x.......", 0, 0, 0, 0.1, true,
		{0, 0}},
	{"faster and faster", 100, 128, 4, 2, 30, "x...x...", "..x...x.", "xxxxxxxx", "x.x.x.x.", 0, 0, 0,
		0.6, false, {0, 0}},
	{"fills", 124, 124, 4, 4, 26, "x.......x.......", "....x.......x...", "x.x.x.x.x.x.x.x.",
		"x...x...x...x...", 4, 0, 0, 0.7, false, {0, 0}},
	{"silence", 118, 118, 4, 2, 26, "x...x...", "..x...x.", "xxxxxxxx", "x.x.x.x.", 0, 12, 16, 0, false,
		{0, 0}},
	{"ahead of the beat", 104, 104, 4, 2, 24, "x..x.x..", "..x...x.", "xxxxxxxx", "x..x.x.x", 0, 0, 0,
		1.7, false, {0, 0}},
};

struct score {
	double beats[256];
	bool lines[256];
	size_t count;
};

/* The tempo grows evenly from beat to beat. */
static void write_score(struct score *score, const struct pattern *pattern)
{
	const int beats = pattern->bars * pattern->meter;
	double at = pattern->begin_s;
	assert_true(beats <= (int)TABLE_SIZE(score->beats));
	for (int i = 0; i < beats; i++) {
		score->beats[i] = at;
		score->lines[i] = i % pattern->meter == 0;
		at += 60 / (pattern->bpm + (pattern->bpm_at_end - pattern->bpm) * i / beats);
	}
	score->count = (size_t)beats;
}

static double strength(const char *row, int step)
{
	return row[step] == 'x' ? 1 : row[step] == 'o' ? 0.35 : 0;
}

static void play_step(double *const *tracks, size_t frames, const struct pattern *pattern, int bar, int step,
	double at, double beat, uint32_t *seed)
{
	static const int roots[] = {0, 7, 9, 5};
	const int root = roots[bar % 4], steps = pattern->meter * pattern->parts;
	const bool fill = pattern->fill_every && bar % pattern->fill_every == pattern->fill_every - 1 &&
			  step >= steps / 2;
	const double kick = strength(pattern->kick, step), hat = strength(pattern->hat, step),
		     snare = fill ? 0.8 : strength(pattern->snare, step);
	if (kick > 0)
		sounds_drum(tracks[DRUMS], frames, at, 0.5 * kick, 0.05, seed);
	if (snare > 0) {
		sounds_drum(tracks[DRUMS], frames, at, 0, 0.4 * snare, seed);
		sounds_note(tracks[DRUMS], frames, at, 0.06, 55, 0.2 * snare);
	}
	if (hat > 0)
		sounds_drum(tracks[DRUMS], frames, at, 0, 0.08 * hat, seed);
	if (strength(pattern->bass, step) > 0)
		sounds_note(tracks[BASS], frames, at, 0.8 * beat, 36 + root, 0.3);
	for (int k = 0; k < 3 && step == 0; k++)
		sounds_note(tracks[CHORDS], frames, at, pattern->meter * beat,
			60 + (root + (int[]){0, root == 9 ? 3 : 4, 7}[k]) % 12, 0.1);
}

static void play(
	double *const *tracks, size_t frames, const struct pattern *pattern, const struct score *score)
{
	uint32_t seed = 11;
	for (size_t i = 0; i < score->count; i++) {
		const int bar = (int)i / pattern->meter, beat = (int)i % pattern->meter;
		const double length = i + 1 < score->count ? score->beats[i + 1] - score->beats[i]
							   : score->beats[i] - score->beats[i - 1];
		for (int part = 0; part < pattern->parts; part++)
			if (bar < pattern->silent_from || bar >= pattern->silent_until)
				play_step(tracks, frames, pattern, bar, beat * pattern->parts + part,
					score->beats[i] + part * length / pattern->parts, length, &seed);
	}
}

static void listen(struct song *song, const struct pattern *pattern, const struct score *score)
{
	const size_t frames = (size_t)((score->beats[score->count - 1] + 2) * SOUNDS_RATE);
	struct listened heard[TRACKS] = {[DRUMS] = {.as = LISTENED_DRUMS},
		[BASS] = {.as = LISTENED_NOTES},
		[CHORDS] = {.as = LISTENED_NOTES}};
	double *tracks[TRACKS];
	for (int t = 0; t < TRACKS; t++)
		tracks[t] = memory_array(frames, sizeof(double));
	play(tracks, frames, pattern, score);
	for (int t = 0; t < TRACKS; t++) {
		struct ear *ear;
		struct error e;
		assert_int_equal(ear_create(&ear, SOUNDS_RATE, 1, &e), 0);
		ear_add(ear, tracks[t], frames);
		ear_end(ear, &heard[t].heard);
		ear_destroy(ear);
		free(tracks[t]);
	}
	song_find(song, heard, TRACKS, &pattern->known);
	for (int t = 0; t < TRACKS; t++)
		heard_finish(&heard[t].heard);
}

/* The F-measure of beats, or of bar lines alone, within 70 ms; every `stride`th of the score's beats counts.
 */
static double agreement(const struct song *song, const struct score *score, bool lines)
{
	size_t met = 0, wanted = 0, found = 0, next = 0;
	for (size_t i = 0; i < song->bars.beats.count; i++)
		found += !lines || song->bars.place[i] == 0;
	for (size_t i = 0; i < score->count; i++) {
		if (lines && !score->lines[i])
			continue;
		wanted++;
		for (size_t k = next; k < song->bars.beats.count; k++) {
			if (lines && song->bars.place[k] != 0)
				continue;
			if (fabs(song_beat(song, k) - score->beats[i]) > 0.07)
				continue;
			met++;
			next = k + 1;
			break;
		}
	}
	return found + wanted > 0 ? 2.0 * (double)met / (double)(found + wanted) : 0;
}

/* The tempo of most beats. */
static double written_bpm(const struct pattern *pattern)
{
	return (pattern->bpm + pattern->bpm_at_end) / 2;
}

static void judge(const struct pattern *pattern, const struct song *song, const struct score *score)
{
	const double ratio = song->tempo_bpm / written_bpm(pattern), beats = agreement(song, score, false),
		     lines = agreement(song, score, true);
	const double within = pattern->bpm == pattern->bpm_at_end ? 0.02 : 0.06;
	print_message("%-18s %.1f bpm, beats %.2f, lines %.2f, meter %d; sure %.2f %.2f %.2f\n",
		pattern->name, song->tempo_bpm, beats, lines, song->bars.meter, song->tempo_confidence,
		song->beats_confidence, song->meter_confidence);
	if (pattern->octave && fabs(ratio - 1) > 0.02) {
		assert_true(fabs(ratio * 2 - 1) < 0.02 || fabs(ratio / 2 - 1) < 0.02);
		assert_true(beats > 0.64);
		return;
	}
	assert_true(fabs(ratio - 1) < within);
	assert_true(beats >= 0.9);
	assert_true(lines >= 0.85);
	assert_int_equal(song->bars.meter, pattern->meter);
}

static void patterns_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(patterns); i += SANITIZED ? 3 : 1) {
		struct score score = {0};
		struct song song;
		write_score(&score, &patterns[i]);
		listen(&song, &patterns[i], &score);
		assert_true(song.rhythmic);
		judge(&patterns[i], &song, &score);
		song_finish(&song);
	}
}

/* Even clicks are the beat; where they are so fast that they may be twice that, nobody can tell. */
static void a_doubtful_octave_is_not_sure(void **state)
{
	static const struct {
		double bpm, found; /* 0: not sure */
	} tempi[] = {{130, 130}, {200, 200}, {240, 0}};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(tempi); i++) {
		const struct pattern clicks = {"clicks", tempi[i].bpm, tempi[i].bpm, 4, 1, 24, "....", "....",
			"xxxx", "....", 0, 0, 0, 0.5, true, {0, 0}};
		struct score score = {0};
		struct song song;
		write_score(&score, &clicks);
		listen(&song, &clicks, &score);
		print_message("%.1f bpm, sure %.2f\n", song.tempo_bpm, song.tempo_confidence);
		assert_true(song.rhythmic);
		if (tempi[i].found > 0)
			assert_true(fabs(song.tempo_bpm / tempi[i].found - 1) < 0.02);
		assert_int_equal(song.tempo_confidence >= SONG_SURE, tempi[i].found > 0);
		song_finish(&song);
	}
}

/* Beats a second long, from `first` on. */
static struct steps beats_from(double first)
{
	enum { BEATS = 32 };
	struct steps beats = {memory_array(BEATS, sizeof(*beats.frame)), BEATS};
	for (size_t i = 0; i < beats.count; i++)
		beats.frame[i] = first + (double)(i * PHASE_RATE);
	return beats;
}

/* As much begins halfway between beats as on them; the harmony changes with every fourth beat. */
static void offbeats_are_told_by_the_harmony(void **state)
{
	static const struct {
		double first, begin,
			chosen; /* the first beat found, the song's beginning, the first beat then */
	} found[] = {{100, 100, 100}, {100, 150, 100}, {50, 50, 100}, {150, 100, 200}, {150, 150, 200}};
	struct evidence evidence = {.rate = PHASE_RATE, .frames = 40 * PHASE_RATE};
	(void)state;
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		evidence.row[kind] = memory_array(evidence.frames, sizeof(float));
	for (size_t n = PHASE_RATE; n < evidence.frames; n += PHASE_RATE / 2)
		evidence.row[EVIDENCE_ONSET][n] = 2;
	for (size_t n = PHASE_RATE; n < evidence.frames; n += (size_t)4 * PHASE_RATE)
		evidence.row[EVIDENCE_CHANGE][n] = 3;
	for (size_t i = 0; i < TABLE_SIZE(found); i++) {
		struct steps beats = beats_from(found[i].first);
		const size_t count = beats.count;
		phase_choose(&beats, &evidence, found[i].begin);
		assert_true(fabs(beats.frame[0] - found[i].chosen) < 1e-6);
		assert_int_equal(beats.count, count - (found[i].chosen > found[i].first));
		assert_true(fabs(beats.frame[1] - beats.frame[0] - PHASE_RATE) < 1e-6);
		steps_finish(&beats);
	}
	evidence_finish(&evidence);
}

/* Something begins twice a second, and the song repeats every two seconds: so bars of four beats at 120 a
 * minute are like each other, and those of half the tempo too, but not those of three beats or of 160. */
static void bars_are_like_each_other_at_the_right_tempo(void **state)
{
	enum { SECONDS = 60, ONE_BEAT = 1, FOUR_BEATS = 4 };
	static const float strengths[] = {3, 1.5F, 2, 1.5F};
	struct evidence evidence = {.rate = PHASE_RATE, .frames = SECONDS * PHASE_RATE};
	struct tempo_song heard;
	(void)state;
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		evidence.row[kind] = memory_array(evidence.frames, sizeof(float));
	for (size_t i = 1; i < 2 * SECONDS; i++)
		evidence.row[EVIDENCE_ONSET][i * PHASE_RATE / 2] =
			evidence.row[EVIDENCE_KICK][i * PHASE_RATE / 2] = strengths[i % 4];
	tempo_hear(&heard, &evidence, 0, evidence.frames);
	assert_true(fabs(heard.often[EVIDENCE_KICK - 1] - log2(1.1 - 1.0 / SECONDS / 4)) < 0.02);
	assert_true(heard.often[EVIDENCE_SNARE - 1] == 0);
	double slow[TEMPO_SIGNS], right[TEMPO_SIGNS], other[TEMPO_SIGNS], stated[TEMPO_SIGNS];
	tempo_see(slow, &(struct tempo_way){.bpm = 60, .period = 100, .likely = 1}, &heard);
	tempo_see(right, &(struct tempo_way){.bpm = 120, .period = 50, .likely = 1}, &heard);
	tempo_see(other, &(struct tempo_way){.bpm = 160, .period = 37.5, .likely = 1}, &heard);
	tempo_see(
		stated, &(struct tempo_way){.bpm = 160, .period = 37.5, .likely = 1, .stated = true}, &heard);
	assert_true(right[TEMPO_AGAIN + FOUR_BEATS] > 0.95 && slow[TEMPO_AGAIN + FOUR_BEATS] > 0.95);
	assert_true(right[TEMPO_AGAIN + ONE_BEAT] < 0.9 && other[TEMPO_AGAIN + FOUR_BEATS] < 0.9);
	assert_true(right[TEMPO_FAST] == 0 && slow[TEMPO_FAST] == -1 && slow[TEMPO_USUAL] == -1);
	assert_true(other[TEMPO_OFTEN] != 0 && stated[TEMPO_OFTEN] == 0 && stated[TEMPO_USUAL] == 0);
	evidence_finish(&evidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_counted),
		cmocka_unit_test(offbeats_are_told_by_the_harmony),
		cmocka_unit_test(a_doubtful_octave_is_not_sure),
		cmocka_unit_test(bars_are_like_each_other_at_the_right_tempo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

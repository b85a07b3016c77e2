/* The song's grid: bars and beats in time, chords, and the words of an order. */
#include "tests/unit/harness.h"

#include "config/choice.h"
#include "takes/grid.h"

#include <errno.h>
#include <math.h>

static const char song[] = "song: {tempo: 120, meter: 4/4}\n"
			   "arrangement:\n"
			   "  sections:\n"
			   "    - {name: a, bars: 4, chords: \"Em | C  G | % |\"}\n"
			   "    - {name: b, bars: 2, tempo: 60, tempo_to: 120, meter: 6/8}\n"
			   "    - {name: c@2, bars: 1}\n"
			   "  order: [b@2, a, c@2, a@2-3]\n";

static void assert_near(double value, double wanted, double within)
{
	if (!(fabs(value - wanted) <= within))
		fail_msg("%.17g is not %.17g", value, wanted);
}

static void load(struct session *session, const char *folder, const char *text)
{
	struct faults faults;
	char *path = file_join(folder, "s.yaml");
	char *whole = memory_format("mix: {preset: none}\n%s", text);
	harness_put(path, whole, strlen(whole));
	free(whole);
	faults_init(&faults, path);
	assert_int_equal(session_load(session, path, NULL, NULL, &faults), 0);
	faults_finish(&faults);
	free(path);
}

static void test_played(void **state)
{
	struct session session;
	struct grid grid;
	load(&session, *state, song);
	grid_make(&grid, &session, false);
	assert_true(grid.timed);
	assert_int_equal(grid.count, 3);
	assert_int_equal(grid.bars, 7);
	/* 16 beats at 120: 8 s; 12 beats from 60 to 120: 120 * 12 / 180 = 8 s; 4 beats at 120: 2 s. */
	static const double starts[] = {0, 8, 16};
	static const int first[] = {1, 5, 7}, beats[] = {4, 6, 4}, notes[] = {4, 8, 4};
	for (size_t i = 0; i < grid.count; i++) {
		assert_near(grid.sections[i].start_s, starts[i], 1e-9);
		assert_int_equal(grid.sections[i].first_bar, first[i]);
		assert_int_equal(grid.sections[i].beats, beats[i]);
		assert_int_equal(grid.sections[i].note, notes[i]);
	}
	assert_near(grid.length_s, 18, 1e-9);
	grid_finish(&grid);
	session_finish(&session);
}

/* The beats of a ramp against what a numerical integration of the tempo says. */
static void test_ramp(void **state)
{
	(void)state;
	static const double tempos[][2] = {{60, 120}, {180, 90}, {100, 100}, {20, 400}, {100, 100.0000001}};
	for (size_t i = 0; i < TABLE_SIZE(tempos); i++) {
		double a = tempos[i][0], b = tempos[i][1], length = 120.0 * 32 / (a + b), beats = 0, t = 0;
		struct grid_section section = {
			.bars = 8, .beats = 4, .tempo_bpm = a, .tempo_to_bpm = b, .length_s = length};
		const double step = length / 200000;
		for (int beat = 0; beat <= 32; beat++) {
			for (; beats < beat && t < length; t += step)
				beats += (a + (b - a) * (t + step / 2) / length) / 60 * step;
			assert_near(grid_beat_s(&section, beat), t, 3 * step);
		}
		assert_near(grid_beat_s(&section, 32), length, 1e-9);
	}
}

static void test_arranged(void **state)
{
	struct session session;
	struct grid grid;
	load(&session, *state, song);
	grid_make(&grid, &session, true);
	assert_int_equal(grid.count, 4);
	assert_string_equal(grid.sections[2].section->name, "c@2");
	static const int bars[] = {1, 4, 1, 2};
	for (size_t i = 0; i < grid.count; i++)
		assert_int_equal(grid.sections[i].bars, bars[i]);
	/* The second bar of the ramp: its tempo goes on where the first one's ended. */
	const struct grid_section *b2 = &grid.sections[0];
	assert_near(b2->tempo_to_bpm, 120, 1e-9);
	assert_near(b2->tempo_bpm, 60 * sqrt(2.5), 1e-9); /* v² grows evenly with the beats */
	assert_near(b2->length_s, 120 * 6 / (b2->tempo_bpm + 120), 1e-9);
	assert_near(grid.sections[3].length_s, 4, 1e-9);
	assert_near(grid.length_s, b2->length_s + 8 + 2 + 4, 1e-9);
	grid_finish(&grid);
	session_finish(&session);
}

static void test_untimed(void **state)
{
	struct session session;
	struct grid grid;
	load(&session, *state,
		"arrangement: {sections: [{name: a, bars: 4}, {name: b, bars: 2, tempo: 90}]}\n");
	grid_make(&grid, &session, false);
	assert_false(grid.timed);
	assert_int_equal(grid.bars, 6);
	assert_near(grid_beat_s(&grid.sections[0], 8), 0, 0);
	grid_finish(&grid);
	session_finish(&session);
	load(&session, *state, "song: {tempo: 90}\n");
	grid_make(&grid, &session, true);
	assert_false(grid.timed);
	assert_int_equal(grid.count, 0);
	grid_finish(&grid);
	session_finish(&session);
}

static void test_chords(void **state)
{
	struct session session;
	static const char *const bars[] = {"Em", "C  G", "%", "Em"};
	load(&session, *state, song);
	const struct section_config *sections = session.arrangement.sections.items;
	for (int i = 0; i < 4; i++) {
		struct grid_bar bar = grid_chords(&sections[0], i);
		assert_int_equal(bar.length, strlen(bars[i]));
		assert_memory_equal(bar.text, bars[i], bar.length);
	}
	assert_int_equal(grid_chords(&sections[1], 0).length, 0);
	session_finish(&session);
}

static void test_choices(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		struct section_choice choice;
	} good[] = {
		{"verse", {"verse", 1, 0, 0}},
		{"verse#2", {"verse", 2, 0, 0}},
		{"verse@5-8", {"verse", 1, 5, 8}},
		{"verse@3", {"verse", 1, 3, 3}},
		{"verse#12@1-999", {"verse", 12, 1, 999}},
		{"Strophe-ü", {"Strophe-ü", 1, 0, 0}},
	};
	for (size_t i = 0; i < TABLE_SIZE(good); i++) {
		struct section_choice choice;
		assert_int_equal(section_parse_choice(good[i].word, &choice), 0);
		assert_string_equal(choice.name, good[i].choice.name);
		assert_int_equal(choice.occurrence, good[i].choice.occurrence);
		assert_int_equal(choice.from, good[i].choice.from);
		assert_int_equal(choice.to, good[i].choice.to);
	}
	static const char *const bad[] = {"", "#2", "@1", "a#", "a@", "a#0", "a@0", "a@1-", "a@2-1", "a@1-0",
		"a#1000", "a@1-2x", "a@1#2", "a@-2", "a# 2", "a@1--2",
		"12345678901234567890123456789012345678901234567890123456789012345"};
	for (size_t i = 0; i < TABLE_SIZE(bad); i++) {
		struct section_choice choice;
		assert_int_equal(section_parse_choice(bad[i], &choice), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_played),
		cmocka_unit_test(test_ramp),
		harness_in_folder(test_arranged),
		harness_in_folder(test_untimed),
		harness_in_folder(test_chords),
		cmocka_unit_test(test_choices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The click: which sounds are made of a song, and that each begins where it is said to; and the line that it
 * keeps to a take by. */
#include "tests/unit/harness.h"

#include "common/clock.h"
#include "recorder/bearing.h"
#include "recorder/click.h"

#include <math.h>

enum { RATE = 48000, BAR_1 = 100000 };

static void load(struct session *session, const char *folder, const char *text)
{
	struct faults faults;
	char *path = file_join(folder, "s.yaml"), *whole = memory_format("mix: {preset: none}\n%s", text);
	harness_put(path, whole, strlen(whole));
	faults_init(&faults, path);
	assert_int_equal(session_load(session, path, NULL, NULL, &faults), 0);
	faults_finish(&faults);
	free(whole);
	free(path);
}

static void make(struct click *click, const char *folder, const char *text)
{
	struct session session;
	load(&session, folder, text);
	click_make(click, &session, BAR_1, RATE);
	session_finish(&session);
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-3;
}

static void test_beats(void **state)
{
	struct click click;
	make(&click, *state,
		"song: {tempo: 120, meter: 2/4}\n"
		"arrangement: {count_in: 1, sections: [{name: a, bars: 2}, {name: b, bars: 1, meter: 6/8, "
		"tempo: 240}]}");
	/* Two of the count-in, four, six. */
	static const double at[] = {
		-48000, -24000, 0, 24000, 48000, 72000, 96000, 108000, 120000, 132000, 144000, 156000};
	static const int kind[] = {0, 2, 0, 2, 0, 2, 0, 2, 2, 1, 2, 2};
	static const float levels[] = {0.5F, 0.35F, 0.25F};
	assert_int_equal(click.count, TABLE_SIZE(at));
	for (size_t i = 0; i < TABLE_SIZE(at); i++) {
		assert_true(near(click.sounds[i].at, BAR_1 + at[i]));
		assert_true(click.sounds[i].level == levels[kind[i]]);
	}
	click_move(&click, 0.25);
	assert_true(near(click.sounds[0].at, BAR_1 - 48000 + 0.25));
	click_finish(&click);
}

/* Nothing to click, and nothing that breaks. */
static void test_none(void **state)
{
	static const char *const sessions[] = {"", "song: {meter: 3/4}\n",
		"arrangement: {sections: [{name: a, bars: 2}]}",
		"arrangement: {sections: [{name: a, bars: 2, tempo: 90}, {name: b, bars: 1}]}"};
	for (size_t i = 0; i < TABLE_SIZE(sessions); i++) {
		struct click click;
		float out[64] = {1, 1};
		make(&click, *state, sessions[i]);
		assert_int_equal(click.count, 0);
		click_render(&click, 0, 1, out, 64);
		assert_true(out[0] == 0 && out[1] == 0);
		click_finish(&click);
	}
}

/* A tempo is enough for a click. */
static void test_endless(void **state)
{
	struct session session;
	struct click click;
	load(&session, *state, "song: {tempo: 120, meter: 3/4}\narrangement: {click: phones}\n");
	assert_true(click_is_wanted(&session));
	assert_true(near(click_count_in_s(&session), 3));
	click_make(&click, &session, BAR_1, RATE);
	assert_in_range(click.count, 4 * 3600 * 2 - 3, 4 * 3600 * 2 + 6);
	for (size_t i = 0; i < click.count; i += 1000)
		assert_true(near(click.sounds[i].at, BAR_1 + ((double)i - 6) * RATE / 2));
	click_finish(&click);
	session_finish(&session);
	load(&session, *state, "song: {tempo: 120}\n");
	assert_false(click_is_wanted(&session));
	session_finish(&session);
	load(&session, *state, "arrangement: {click: phones}\n");
	assert_false(click_is_wanted(&session));
	session_finish(&session);
}

/* MIDI notes that a chord makes, lowest first. */
static void test_guide(void **state)
{
	static const struct {
		const char *chord;
		int notes[5];
	} cases[] = {
		{"C", {48, 52, 55}},
		{"Em", {52, 55, 59}},
		{"F#m7b5", {54, 57, 60, 64}},
		{"Bb7", {58, 62, 65, 68}},
		{"Gsus4", {55, 60, 62}},
		{"C/E", {40, 48, 52, 55}},
		{"D5", {50, 57}},
		{"Amaj7", {57, 61, 64, 68}},
		{"E♭dim", {51, 54, 57}},
		{"Cadd9", {48, 52, 55}}, /* what is not known is left out */
		{"N.C.", {0}},
		{"NC", {0}},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct click click;
		char *text = memory_format(
			"song: {tempo: 120, meter: 1/4}\narrangement: {count_in: 0, guide: true, "
			"sections: [{name: a, bars: 1, chords: \"%s\"}]}",
			cases[i].chord);
		make(&click, *state, text);
		free(text);
		size_t wanted = 0;
		while (wanted < 5 && cases[i].notes[wanted])
			wanted++;
		assert_int_equal(click.count, 1 + wanted);
		for (size_t n = 0; n < wanted; n++) {
			double hz = 440 * exp2((cases[i].notes[n] - 69) / 12.0);
			bool found = false;
			for (size_t s = 0; s < click.count; s++)
				found = found || fabs((double)click.sounds[s].hz - hz) < 0.01;
			assert_true(found);
		}
		click_finish(&click);
	}
}

/* Chords share their bar; % is the one before, also across the bar line. */
static void test_chords_in_bars(void **state)
{
	struct click click;
	make(&click, *state,
		"song: {tempo: 60, meter: 4/4}\n"
		"arrangement: {count_in: 0, guide: true, sections: [{name: a, bars: 2, chords: \"C5 G5 | "
		"%\"}]}");
	static const double at[] = {0, 2, 4};
	size_t found = 0;
	for (size_t i = 0; i < click.count; i++)
		if (click.sounds[i].level < 0.1F &&
			fabs((double)click.sounds[i].hz - 440 * exp2((48 - 69) / 12.0)) < 0.01)
			assert_true(near(click.sounds[i].at, BAR_1 + at[found++] * RATE));
	assert_int_equal(found, 1); /* C once; G twice */
	found = 0;
	for (size_t i = 0; i < click.count; i++)
		if (click.sounds[i].level < 0.1F &&
			fabs((double)click.sounds[i].hz - 440 * exp2((55 - 69) / 12.0)) < 0.01)
			found += near(click.sounds[i].at, BAR_1 + 2.0 * RATE) ||
				 near(click.sounds[i].at, BAR_1 + 4.0 * RATE);
	assert_int_equal(found, 2);
	click_finish(&click);
}

/* In blocks of any size, at any pace: the first sample that is not silent is the one nearest to the frame.
 */
static void test_render(void **state)
{
	static const double steps[] = {1, 48000.0 / 44100, 1.00015, 0.5};
	static const uint32_t blocks[] = {1, 7, 256, 1024};
	struct click click;
	make(&click, *state,
		"song: {tempo: 240, meter: 1/4}\narrangement: {count_in: 1, sections: [{name: a, bars: 3}]}");
	for (size_t s = 0; s < TABLE_SIZE(steps); s++) {
		for (size_t b = 0; b < TABLE_SIZE(blocks); b++) {
			double start = BAR_1 - 20000.3;
			size_t seen = 0;
			int quiet = 1000;
			for (uint64_t n = 0; start + (double)n * steps[s] < BAR_1 + 40000; n += blocks[b]) {
				float out[1024];
				click_render(&click, start + (double)n * steps[s], steps[s], out, blocks[b]);
				for (uint32_t i = 0; i < blocks[b]; i++) {
					double at = start + (double)(n + i) * steps[s];
					if (quiet > 500 && fabsf(out[i]) > 0.3F) {
						double late = at - click.sounds[seen++].at;
						assert_true(fabs(late) < 0.5 * steps[s] + 1e-6);
					}
					quiet = fabsf(out[i]) > 0.001F ? 0 : quiet + 1;
				}
			}
			assert_int_equal(seen, 4);
		}
	}
	click_finish(&click);
}

static void test_bearing(void **state)
{
	(void)state;
	struct bearing bearing;
	struct bearing_line line;
	const double pace = RATE * (1 + 80e-6) / 1e9;
	uint32_t random = 1;
	bearing_init(&bearing, RATE);
	assert_false(bearing_read(&bearing, &line));
	/* A minute of cycles whose times jitter by 50 us. */
	for (int64_t frame = 0; frame < 60 * RATE; frame += 256) {
		random = random * 1664525 + 1013904223;
		int64_t jitter = (int64_t)(random >> 16) * 100000 / 65536 - 50000;
		bearing_add(&bearing, frame, (int64_t)((double)frame / pace) + jitter, frame == 0);
		if (!bearing_read(&bearing, &line)) {
			assert_true(frame < RATE * 12 / 10);
			continue;
		}
		if (frame < 7 * RATE)
			continue;
		double later = line.frame + 2e8 * line.frames_per_ns,
		       truth = ((double)line.nsec + 2e8) * pace;
		assert_true(fabs(later - truth) < 2);
	}
	/* Another clock: what was known does not hold there, until there is a second of it. */
	bearing_add(&bearing, 70 * RATE, 0, true);
	assert_false(bearing_read(&bearing, &line));
	for (int64_t n = 1; n <= 11; n++)
		bearing_add(&bearing, 70 * RATE + n * 4800, n * 100000000, false);
	assert_true(bearing_read(&bearing, &line));
	assert_true(fabs(line.frames_per_ns * 1e9 - RATE) < 1e-6);
	assert_true(near(line.frame, 70.0 * RATE + 11 * 4800));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_beats),
		harness_in_folder(test_none),
		harness_in_folder(test_endless),
		harness_in_folder(test_guide),
		harness_in_folder(test_chords_in_bars),
		harness_in_folder(test_render),
		cmocka_unit_test(test_bearing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

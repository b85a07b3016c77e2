/* The trigger in the situations of a rehearsal room, each a scene of levels over time, and what must have
 * been decided by when. */
#include "recorder/trigger.h"

#include "tests/unit/harness.h"

#include <math.h>

#define WINDOW_S 0.05 /* as the recorder feeds it */

/* What a track's peak is at a time. */
typedef double (*sound_fn)(double t);

static double noise(double t, double level)
{
	uint32_t random = (uint32_t)(int64_t)(t * 1000) * 2654435761U;
	random ^= random >> 15;
	return level + 4 * ((double)(random % 1000) / 1000 - 0.5);
}

static double hum(double t)
{
	(void)t;
	return -50;
}

static double room_noise(double t)
{
	return noise(t, -58);
}

static double digital_silence(double t)
{
	(void)t;
	return -INFINITY;
}

/* An amplifier that somebody switches on. */
static double hum_later(double t)
{
	return t < 10 ? noise(t, -85) : -50;
}

static double creak(double t)
{
	return t >= 10 && t < 10.2 ? -15 : room_noise(t);
}

/* A door: 100 ms, and then the room's 0.5 s. */
static double slam(double t)
{
	double tail = t < 10.1 ? 0 : 120 * (t - 10.1);
	return t < 10 ? room_noise(t) : fmax(-8 - tail, room_noise(t));
}

/* Two things fall down, five seconds apart. */
static double clatter(double t)
{
	return fmax(creak(t), creak(t - 5));
}

/* Clicks of 20 ms, two a second. A window hears a click that lies in it or reaches into it. */
static double clicks(double t, double level, double from)
{
	double into = fmod(t - from, 0.5);
	return t >= from && (into < 0.02 || into > 0.5 - WINDOW_S) ? level : room_noise(t);
}

static double count_in(double t)
{
	return clicks(t, -20, 10.01);
}

static double quiet_count_in(double t)
{
	return clicks(t, -35, 10.03);
}

static double beat(double t)
{
	return noise(t, -14) - 20 * fmod(t, 0.3);
}

static double band(double t)
{
	return t >= 10 ? beat(t) : room_noise(t);
}

static double band_at_once(double t)
{
	return beat(t);
}

static double band_after_silence(double t)
{
	return t >= 10 ? beat(t) : -INFINITY;
}

static double soft_singing(double t)
{
	return t >= 10 ? noise(t, -37) : noise(t, -75);
}

/* Plays from 10 to 20 s. */
static double song(double t)
{
	return t >= 10 && t < 20 ? beat(t) : room_noise(t);
}

static double song_over_hum(double t)
{
	return t >= 10 && t < 20 ? beat(t) : hum(t);
}

/* The last chord falls by 4 dB a second. */
static double ringing_out(double t)
{
	return t >= 20 ? fmax(-14 - 4 * (t - 20), room_noise(t)) : song(t);
}

/* Comes back for a moment while the silence is being counted. */
static double pause_in_song(double t)
{
	return t >= 23 && t < 24 ? beat(t) : song(t);
}

/* Plays, and then goes on between the two thresholds: it neither starts anything nor ends it. */
static double fading(double t)
{
	return t < 15 ? song(t) : -35;
}

static double steady_30(double t)
{
	return t >= 10 ? -30 : -80;
}

#define AUTO NAN
#define NEVER INFINITY

struct scene {
	const char *name;
	sound_fn sound;
	double above_db, below_db; /* configured */
	double for_s, stop_for_s;
	double starts_from, starts_by; /* it must begin in here */
	double stops_from, stops_by;
};

static const struct scene scenes[] = {
	{"hum", hum, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"room noise", room_noise, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"digital silence", digital_silence, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"an amplifier is switched on", hum_later, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"a chair creaks", creak, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"a door slams", slam, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"two things fall", clatter, AUTO, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"a count-in", count_in, AUTO, AUTO, 0.3, 5, 10, 14, NEVER, NEVER},
	{"a soft count-in", quiet_count_in, AUTO, AUTO, 0.3, 5, 10, 14, NEVER, NEVER},
	{"a count-in, and a long `for`", count_in, AUTO, AUTO, 3, 5, 13, 14, NEVER, NEVER},
	{"a band", band, AUTO, AUTO, 0.3, 5, 10.2, 10.4, NEVER, NEVER},
	{"a band, and a long `for`", band, AUTO, AUTO, 2, 5, 11.9, 12.2, NEVER, NEVER},
	{"a band that plays already", band_at_once, AUTO, AUTO, 0.3, 5, 0.2, 0.4, NEVER, NEVER},
	{"a band out of digital silence", band_after_silence, AUTO, AUTO, 0.3, 5, 10.2, 10.4, NEVER, NEVER},
	{"soft singing", soft_singing, AUTO, AUTO, 0.3, 5, 10.2, 10.5, NEVER, NEVER},
	{"a song", song, AUTO, AUTO, 0.3, 5, 10.2, 10.4, 24.9, 25.2},
	{"a song over hum", song_over_hum, AUTO, AUTO, 0.3, 5, 10.2, 10.4, 24.9, 25.2},
	{"a chord rings out", ringing_out, AUTO, AUTO, 0.3, 5, 10.2, 10.4, 32, 36},
	{"a short pause", pause_in_song, AUTO, AUTO, 0.3, 5, 10.2, 10.4, 28.9, 29.2},
	{"fading into between", fading, -30, -40, 0.3, 5, 10.2, 10.5, NEVER, NEVER},
	{"a fixed threshold above it", steady_30, -29, AUTO, 0.3, 5, NEVER, NEVER, NEVER, NEVER},
	{"a fixed threshold below it", steady_30, -31, AUTO, 0.3, 5, 10.2, 10.4, NEVER, NEVER},
	{"fixed: hum over it", hum, -55, AUTO, 0.3, 5, 0.2, 0.4, NEVER, NEVER},
	{"to stop above to start", steady_30, -35, -20, 0.3, 5, 10.2, 10.4, NEVER, NEVER},
	{"fixed: room noise is not below", song, -30, -65, 0.3, 5, 10.2, 10.4, NEVER, NEVER},
};

static struct trigger *new_trigger(const struct scene *scene, size_t tracks)
{
	struct recording_config config = {
		.start = {.above_db = scene->above_db, .for_s = scene->for_s},
		.stop = {.below_db = scene->below_db, .for_s = scene->stop_for_s},
	};
	return trigger_create(&config, tracks, NULL);
}

/* Which track of `tracks` hears the scene; the others have the room's noise. */
static void play(const struct scene *scene, size_t tracks, size_t which)
{
	struct trigger *trigger = new_trigger(scene, tracks);
	double peaks[512], started = NEVER, stopped = NEVER;
	for (int i = 0; i < 60 / WINDOW_S && stopped == NEVER; i++) {
		double t = i * WINDOW_S, end = t + WINDOW_S;
		for (size_t k = 0; k < tracks; k++)
			peaks[k] = k == which ? scene->sound(t) : noise(t + (double)k, -90);
		trigger_feed(trigger, peaks, WINDOW_S);
		if (trigger_playing(trigger))
			started = fmin(started, end);
		else if (started < NEVER)
			stopped = end;
	}
	bool right = started == scene->starts_from ||
		     (started >= scene->starts_from && started <= scene->starts_by);
	right = right && (stopped == scene->stops_from ||
				 (stopped >= scene->stops_from && stopped <= scene->stops_by));
	trigger_destroy(trigger);
	if (!right)
		fail_msg("%s on track %zu of %zu: started at %.2f, stopped at %.2f", scene->name, which + 1,
			tracks, started, stopped);
}

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(scenes); i++) {
		play(&scenes[i], 1, 0);
		play(&scenes[i], 36, 17);
		play(&scenes[i], 512, 511);
	}
}

static void test_without_tracks(void **state)
{
	(void)state;
	struct trigger *trigger = new_trigger(&scenes[0], 0);
	for (int i = 0; i < 1000; i++)
		trigger_feed(trigger, NULL, WINDOW_S);
	assert_false(trigger_playing(trigger));
	trigger_destroy(trigger);
	trigger_destroy(NULL);
}

/* Ticks come late on a busy box; samples may be no numbers. */
static void test_odd_windows(void **state)
{
	(void)state;
	struct trigger *trigger = new_trigger(&scenes[0], 1);
	static const double windows[] = {0, 0.001, 0.05, 1.5, 30};
	for (size_t i = 0; i < 500; i++)
		trigger_feed(trigger, &(double){i % 7 == 0 ? NAN : -70}, windows[i % TABLE_SIZE(windows)]);
	assert_false(trigger_playing(trigger));
	assert_true(trigger_floor_db(trigger, 0) < -60);
	for (int i = 0; i < 100; i++)
		trigger_feed(trigger, &(double){0}, 0.05);
	assert_true(trigger_playing(trigger));
	for (int i = 0; i < 200; i++)
		trigger_feed(trigger, &(double){NAN}, 0.05);
	assert_false(trigger_playing(trigger));
	trigger_destroy(trigger);
}

/* What is short stays short, however late the window that it fell into is fed. */
static void test_creak_in_a_late_window(void **state)
{
	(void)state;
	struct trigger *trigger = new_trigger(&scenes[0], 1);
	for (int i = 0; i < 100; i++)
		trigger_feed(trigger, &(double){-70}, WINDOW_S);
	trigger_feed(trigger, &(double){-15}, 0.8);
	for (int i = 0; i < 100; i++)
		trigger_feed(trigger, &(double){-70}, WINDOW_S);
	assert_false(trigger_playing(trigger));
	trigger_destroy(trigger);
}

static bool hears(struct trigger *trigger, double level, double seconds)
{
	for (int i = 0; i < seconds / WINDOW_S; i++)
		trigger_feed(trigger, &level, WINDOW_S);
	return trigger_playing(trigger);
}

/* The least that the configuration allows: whatever sounds starts a take, and silence does not. */
static void test_least_of_everything(void **state)
{
	(void)state;
	static const struct {
		double above_db, below_db, for_s;
	} cases[] = {{-40, NAN, 0}, {-120, NAN, 0.3}, {-120, -120, 0}, {NAN, -120, 0}};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct recording_config config = {
			.start = {START_ON_SIGNAL, cases[i].above_db, cases[i].for_s},
			.stop = {STOP_ON_SILENCE, cases[i].below_db, 0.1},
		};
		struct trigger *trigger = trigger_create(&config, 1, NULL);
		for (int round = 0; round < 2; round++) {
			assert_false(hears(trigger, -INFINITY, 2));
			assert_true(hears(trigger, -20, cases[i].for_s + 2 * WINDOW_S));
			assert_true(hears(trigger, -20, 1));
		}
		assert_false(hears(trigger, -INFINITY, 0.1 + 2 * WINDOW_S));
		trigger_destroy(trigger);
	}
}

/* An interface comes, a configuration is read again: a band that plays goes on playing. */
static void test_takes_over(void **state)
{
	(void)state;
	struct trigger *trigger = new_trigger(&scenes[0], 2), *next;
	double peaks[3] = {-14, -90, -90};
	for (int i = 0; i < 20; i++)
		trigger_feed(trigger, peaks, WINDOW_S);
	struct recording_config config = {
		.start = {.above_db = NAN, .for_s = 1}, .stop = {.below_db = NAN, .for_s = 2}};
	for (size_t tracks = 3; tracks > 0; tracks--) {
		next = trigger_create(&config, tracks, trigger);
		trigger_destroy(trigger);
		trigger = next;
		assert_true(trigger_playing(trigger));
		trigger_feed(trigger, peaks, WINDOW_S);
		assert_true(trigger_playing(trigger));
	}
	peaks[0] = -90;
	for (int i = 0; i < 42; i++)
		trigger_feed(trigger, peaks, WINDOW_S);
	assert_false(trigger_playing(trigger));
	trigger_destroy(trigger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_without_tracks),
		cmocka_unit_test(test_odd_windows),
		cmocka_unit_test(test_creak_in_a_late_window),
		cmocka_unit_test(test_least_of_everything),
		cmocka_unit_test(test_takes_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The recorder's settings and its session, others while it runs. */
#include "tests/unit/studio.h"

/* Other settings, read while a band plays, end nothing. */
static void test_reload_while_playing(void **state)
{
	struct recording_config recording = by_signal;
	recording.post_roll_s = 0;
	struct studio *studio = new_studio(*state, &recording);
	open_studio(studio);
	wait_until(studio, everything_runs);
	fake_play(true);
	wait_started(studio, 1);
	struct appliance fresh = studio->appliance;
	fresh.recording.stop.for_s = 0.3;
	for (int i = 0; i < 5; i++) {
		recorder_reload(studio->recorder, &fresh);
		sound(studio, true, 0.06);
	}
	assert_int_equal(studio->stopped, 0);
	fake_play(false);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 6);
	close_studio(studio);
}

/* What ends takes is another from the next one on: the one that runs ends as it would have. */
static void test_reload_what_ends_a_take(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	fake_play(true);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	struct appliance fresh = studio->appliance;
	fresh.recording.max_length_s = 0.3;
	fresh.recording.stop.when = STOP_ON_SILENCE;
	recorder_reload(studio->recorder, &fresh);
	sound(studio, true, 0.6);
	sound(studio, false, 1);
	assert_int_equal(studio->started, 1);
	assert_int_equal(studio->stopped, 0);
	end(studio);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 6);
	fake_play(true);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 3); /* max_length */
	fake_play(false);
	wait_state(studio, RECORDER_IDLE);
	assert_int_equal(studio->stopped, studio->started);
	close_studio(studio);
}

static double unsafe_s(struct studio *studio)
{
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	return status.unsafe_s;
}

static bool much_is_unsafe(struct studio *studio)
{
	return unsafe_s(studio) > 0.7;
}

static bool little_is_unsafe(struct studio *studio)
{
	return unsafe_s(studio) < 0.5;
}

/* How often files are synced is another at once, for the take that runs too. */
static void test_reload_how_often_to_sync(void **state)
{
	struct recording_config recording = by_signal;
	recording.sync_every_s = 3600;
	struct studio *studio = new_studio(*state, &recording);
	open_studio(studio);
	wait_until(studio, everything_runs);
	fake_play(true);
	wait_started(studio, 1);
	wait_until(studio, much_is_unsafe);
	struct appliance fresh = studio->appliance;
	fresh.recording.sync_every_s = 0.1;
	recorder_reload(studio->recorder, &fresh);
	wait_until(studio, little_is_unsafe);
	fake_play(false);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 6);
	close_studio(studio);
}

static void record_with(struct studio *studio, const char *input, int takes)
{
	studio->session.tracks.count = 1;
	add_track(studio, "far", input, NULL);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, takes);
	end(studio);
	wait_stopped(studio, takes);
	check_whole(studio, takes - 1, 2);
	wait_state(studio, RECORDER_IDLE);
}

static bool one_is_heard(struct studio *studio)
{
	struct recorder_interface interface;
	return recorder_interfaces(studio->recorder, &interface, 1) > 0 && interface.live;
}

/* How many channels it has, no session knows of an interface that was never there. */
static void test_session_of_what_was_never_there(void **state)
{
	static const char *const inputs[] = {"two/1", "two/7", "two/2"};
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	add_interface(studio, "one", "*.one", 4);
	add_interface(studio, "two", "*.two", 0);
	add_track(studio, "near", "one/1", NULL);
	open_studio(studio);
	wait_until(studio, is_ready);
	wait_until(studio, one_is_heard);
	for (int i = 0; i < (int)TABLE_SIZE(inputs); i++)
		record_with(studio, inputs[i], i + 1);
	fake_plug(1, true, RATE);
	wait_until(studio, everything_runs);
	record_with(studio, "two/2", TABLE_SIZE(inputs) + 1);
	struct recorder_interface interfaces[2];
	recorder_interfaces(studio->recorder, interfaces, 2);
	assert_int_equal(interfaces[1].channels, 2);
	close_studio(studio);
}

/* What somebody called a take, all of it is called. */
static void test_title_goes_on(void **state)
{
	struct recording_config recording = by_command;
	recording.max_length_s = 0.3;
	struct studio *studio = new_studio(*state, &recording);
	open_studio(studio);
	wait_until(studio, everything_runs);
	fake_play(true);
	begin(studio, &(struct recorder_start){.title = "Encore"});
	wait_started(studio, 3);
	end(studio);
	wait_state(studio, RECORDER_IDLE);
	int called = studio->stopped;
	assert_in_range(called, 3, MOST_TAKES - 1);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, called + 1);
	end(studio);
	wait_stopped(studio, called + 1);
	for (int i = 0; i < called; i++) {
		struct manifest manifest = load(studio, i);
		assert_string_equal(manifest.title, "Encore");
		manifest_finish(&manifest);
	}
	struct manifest manifest = load(studio, called);
	assert_null(manifest.title);
	manifest_finish(&manifest);
	close_studio(studio);
}

/* What sounds on an interface that the session has no track for starts no take, and holds none up. */
static void test_signal_that_nobody_records(void **state)
{
	struct studio *studio = new_studio(*state, &by_signal);
	fake_room[1].plugged = false;
	add_interface(studio, "one", "*.one", 4);
	add_interface(studio, "two", "*.two", 2);
	add_track(studio, "far", "two/1", NULL);
	open_studio(studio);
	wait_until(studio, is_ready);
	sound(studio, true, 1);
	assert_int_equal(studio->started, 0);
	fake_plug(1, true, RATE);
	wait_started(studio, 1);
	fake_plug(1, false, RATE);
	wait_stopped(studio, 1);
	assert_int_equal(studio->started, 1);
	close_studio(studio);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_reload_while_playing),
		harness_in_folder(test_reload_what_ends_a_take),
		harness_in_folder(test_reload_how_often_to_sync),
		harness_in_folder(test_session_of_what_was_never_there),
		harness_in_folder(test_title_goes_on),
		harness_in_folder(test_signal_that_nobody_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

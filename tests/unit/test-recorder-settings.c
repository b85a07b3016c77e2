/* The recorder's settings, read again while it runs. */
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

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_reload_while_playing),
		harness_in_folder(test_reload_what_ends_a_take),
		harness_in_folder(test_reload_how_often_to_sync),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

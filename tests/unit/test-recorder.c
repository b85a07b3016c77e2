/* The whole recorder over a fake source: what it makes of a room is judged by the takes on the disk. */
#include "tests/unit/studio.h"

static void test_begin_mark_end(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e;
	open_studio(studio);
	assert_int_equal(recorder_end(studio->recorder, &e), -EALREADY);
	wait_until(studio, everything_runs);
	wait_state(studio, RECORDER_IDLE);
	assert_int_equal(recorder_mark(studio->recorder, "early", &e), -EALREADY);
	sound(studio, true, 0.5);
	begin(studio, &(struct recorder_start){.pre_roll = true, .title = "Night Bus"});
	wait_state(studio, RECORDER_RECORDING);
	assert_true(recorder_busy(studio->recorder));
	assert_int_equal(recorder_begin(studio->recorder, &(struct recorder_start){0}, &e), -EBUSY);
	wait_started(studio, 1);
	sound(studio, true, 0.2);
	assert_int_equal(recorder_mark(studio->recorder, "chorus", &e), 0);
	sound(studio, true, 0.2);
	end(studio);
	assert_int_equal(recorder_end(studio->recorder, &e), -EALREADY);
	wait_state(studio, RECORDER_FINALIZING);
	wait_stopped(studio, 1);
	assert_false(recorder_busy(studio->recorder));
	check_whole(studio, 0, 6);
	struct manifest manifest = load(studio, 0);
	assert_string_equal(manifest.title, "Night Bus");
	assert_string_equal(manifest.tracks[0].name, "alsa-input-one-aux0");
	assert_string_equal(manifest.tracks[5].inputs[0], "alsa-input-two/2");
	assert_in_range(manifest.pre_roll_frames, 0.29 * RATE, 0.31 * RATE);
	assert_in_range(manifest.frames, 0.7 * RATE, 3 * RATE);
	assert_int_equal(manifest.marker_count, 1);
	assert_string_equal(manifest.markers[0].label, "chorus");
	assert_in_range(manifest.markers[0].frame, manifest.pre_roll_frames + RATE / 6, manifest.frames - 1);
	struct heard first = hear(studio, 0, 0, 0, 0), last = hear(studio, 0, 5, 0, 1);
	assert_int_equal(first.sounded, manifest.frames);
	assert_int_equal(last.sounded, manifest.frames);
	assert_in_range(first.origin - last.origin + 1, 0, 2);
	manifest_finish(&manifest);
	close_studio(studio);
}

/* What was played before anyone thought of recording, and nothing twice. */
static void test_save(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e;
	open_studio(studio);
	wait_until(studio, is_ready);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.5);
	assert_int_equal(recorder_save(studio->recorder, "Rescued", &e), 0);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), -ENODATA);
	assert_int_equal(recorder_mark(studio->recorder, "late", &e), -EALREADY);
	wait_stopped(studio, 1);
	wait_state(studio, RECORDER_IDLE);
	check_whole(studio, 0, 6);
	struct manifest manifest = load(studio, 0);
	assert_string_equal(manifest.title, "Rescued");
	assert_in_range(manifest.pre_roll_frames, 0.29 * RATE, 0.31 * RATE);
	assert_in_range(manifest.frames, 0.5 * RATE, 0.6 * RATE); /* and the margin of an end */
	manifest_finish(&manifest);
	struct heard first = hear(studio, 0, 0, 0, 0);
	assert_int_equal(first.sounded, first.frames);
	sound(studio, true, 0.1);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), 0);
	wait_stopped(studio, 2);
	struct heard second = hear(studio, 1, 0, 0, 0);
	assert_in_range(second.origin + 2, first.origin + (int64_t)first.frames + 1, second.origin + RATE);
	begin(studio, &(struct recorder_start){.pre_roll = true});
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), -EBUSY);
	wait_started(studio, 3);
	end(studio);
	wait_stopped(studio, 3);
	close_studio(studio);
}

/* What could not be saved is still there to be saved, once the disk takes it. */
static void test_save_again(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e = {""};
	open_studio(studio);
	wait_until(studio, everything_runs);
	harness_put(studio->takes, "in the way", 10);
	sound(studio, true, 0.5);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), 0);
	wait_stopped(studio, 1);
	assert_null(studio->folders[0]);
	assert_int_equal(unlink(studio->takes), 0);
	if (recorder_save(studio->recorder, NULL, &e) < 0)
		fail_msg("%s", e.text);
	wait_stopped(studio, 2);
	check_whole(studio, 1, 6);
	struct manifest manifest = load(studio, 1);
	assert_in_range(manifest.pre_roll_frames, 0.29 * RATE, 0.31 * RATE);
	manifest_finish(&manifest);
	close_studio(studio);
}

/* A button that is stuck does not fill the box. */
static void test_markers_have_a_limit(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e;
	open_studio(studio);
	wait_until(studio, everything_runs);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	for (int i = 0; i < RECORDER_MARKERS_MOST; i++)
		assert_int_equal(recorder_mark(studio->recorder, "again", &e), 0);
	assert_int_equal(recorder_mark(studio->recorder, "again", &e), -EBUSY);
	end(studio);
	wait_stopped(studio, 1);
	struct manifest manifest = load(studio, 0);
	assert_int_equal(manifest.marker_count, RECORDER_MARKERS_MOST);
	manifest_finish(&manifest);
	close_studio(studio);
}

static void test_nothing_to_save(void **state)
{
	struct recording_config without = by_command;
	without.pre_roll_s = 0;
	struct studio *studio = new_studio(*state, &without);
	struct error e;
	open_studio(studio);
	wait_until(studio, everything_runs);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), -ENODATA);
	assert_int_equal(studio->started, 0);
	close_studio(studio);
	studio = new_studio(*state, &by_command);
	fake_room[0].plugged = fake_room[1].plugged = false;
	open_studio(studio);
	wait_until(studio, is_ready);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), -ENODEV);
	close_studio(studio);
}

/* A band that has just begun and is armed for: the take that follows begins where the saved one ends. */
static void test_signal_after_save(void **state)
{
	struct studio *studio = new_studio(*state, &by_signal);
	struct error e;
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, false, 0.5);
	assert_int_equal(recorder_save(studio->recorder, NULL, &e), 0);
	fake_play(true);
	wait_started(studio, 2);
	sound(studio, true, 0.5);
	fake_play(false);
	wait_stopped(studio, 2);
	check_whole(studio, 0, 6);
	check_whole(studio, 1, 6);
	close_studio(studio);
}

static void test_limit(void **state)
{
	static const uint64_t limits[] = {1, 479, 20001};
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	for (int i = 0; i < (int)TABLE_SIZE(limits); i++) {
		begin(studio, &(struct recorder_start){.seconds = (double)limits[i] / RATE});
		wait_stopped(studio, i + 1);
		check_whole(studio, i, 6);
		assert_int_equal(hear(studio, i, 0, 0, 0).sounded, limits[i]);
		assert_int_equal(hear(studio, i, 5, 0, 1).sounded, limits[i]);
	}
	close_studio(studio);
}

static int by_origin(const void *a, const void *b)
{
	const struct heard *x = a, *y = b;
	return (x->origin > y->origin) - (x->origin < y->origin);
}

/* Takes told one after the other without waiting for anything: none takes what is another's. */
static void test_begin_while_closing(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.4);
	for (int i = 0; i < 4; i++) {
		begin(studio, &(struct recorder_start){.pre_roll = true});
		if (i % 2)
			wait_started(studio, i + 1);
		end(studio);
	}
	wait_stopped(studio, 4);
	struct heard heard[4];
	for (int i = 0; i < 4; i++) {
		check_whole(studio, i, 6);
		heard[i] = hear(studio, i, 0, 0, 0);
		assert_int_equal(heard[i].sounded, heard[i].frames);
	}
	/* They may be closed in another order than they were made in. */
	qsort(heard, 4, sizeof(heard[0]), by_origin);
	for (int i = 1; i < 4; i++)
		if (heard[i].origin + 2 < heard[i - 1].origin + (int64_t)heard[i - 1].frames)
			fail_msg("take %d begins at %lld, before %lld, where the last one ends", i,
				(long long)heard[i].origin,
				(long long)(heard[i - 1].origin + (int64_t)heard[i - 1].frames));
	close_studio(studio);
}

/* ---- by signal ---- */

static void test_signal_and_silence(void **state)
{
	struct studio *studio = new_studio(*state, &by_signal);
	open_studio(studio);
	wait_until(studio, everything_runs);
	wait_state(studio, RECORDER_ARMED);
	sound(studio, false, 0.5);
	assert_int_equal(studio->started, 0);
	fake_play(true);
	wait_started(studio, 1);
	sound(studio, true, 0.2);
	/* Silence for longer than `for`, but back within the post-roll. */
	sound(studio, false, 0.4);
	sound(studio, true, 0.3);
	assert_int_equal(studio->stopped, 0);
	fake_play(false);
	wait_stopped(studio, 1);
	assert_int_equal(studio->started, 1);
	check_whole(studio, 0, 6);
	struct heard heard = hear(studio, 0, 0, 0, 0);
	assert_in_range(heard.first, 1, 0.35 * RATE); /* the pre-roll has the first note */
	assert_true(heard.sounded > RATE / 2);
	assert_true(heard.frames - heard.first - heard.sounded > RATE / 10 * 8);
	wait_state(studio, RECORDER_ARMED);
	close_studio(studio);
}

/* After a command, until there was silence. */
static void test_what_still_sounds_starts_nothing(void **state)
{
	struct studio *studio = new_studio(*state, &by_signal);
	open_studio(studio);
	wait_until(studio, everything_runs);
	fake_play(true);
	wait_started(studio, 1);
	end(studio);
	wait_stopped(studio, 1);
	sound(studio, true, 0.4);
	assert_int_equal(studio->started, 1);
	sound(studio, false, 0.4);
	fake_play(true);
	wait_started(studio, 2);
	fake_play(false);
	wait_stopped(studio, 2);
	close_studio(studio);
}

/* Each take that sounds begins with the frame after the one before. */
static void check_no_frame_lost(const struct studio *studio, size_t track, uint32_t channel)
{
	struct heard heard[MOST_TAKES];
	int count = 0;
	for (int i = 0; i < studio->stopped; i++) {
		check_whole(studio, i, 6);
		heard[count] = hear(studio, i, track, 0, channel);
		count += heard[count].sounded > 0;
	}
	assert_true(count >= 3);
	qsort(heard, (size_t)count, sizeof(heard[0]), by_origin);
	for (int i = 1; i < count; i++)
		assert_int_equal(heard[i].origin, heard[i - 1].origin + (int64_t)heard[i - 1].frames);
}

static void test_max_length_goes_on(void **state)
{
	struct recording_config recording = by_signal;
	recording.max_length_s = 0.6;
	struct studio *studio = new_studio(*state, &recording);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, false, 0.1);
	fake_play(true);
	wait_started(studio, 3);
	sound(studio, true, 0.4); /* the third begins a little after it is told */
	fake_play(false);
	wait_state(studio, RECORDER_ARMED);
	assert_in_range(studio->stopped, 3, MOST_TAKES);
	check_no_frame_lost(studio, 0, 0);
	check_no_frame_lost(studio, 5, 1);
	close_studio(studio);
}

/* ---- interfaces ---- */

static void test_session_tracks(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	add_interface(studio, "one", "*.one", 0);
	add_interface(studio, "two", "*.two", 0);
	add_track(studio, "Kick Drum", "two/2", NULL);
	add_track(studio, "keys", "one/4", "one/2");
	add_track(studio, "vox", "one/1", NULL);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	begin(studio, &(struct recorder_start){.seconds = (double)10000 / RATE});
	wait_stopped(studio, 1);
	check_whole(studio, 0, 3);
	struct manifest manifest = load(studio, 0);
	assert_string_equal(manifest.tracks[0].file, "raw/01-kick-drum.flac");
	assert_int_equal(manifest.tracks[1].input_count, 2);
	assert_string_equal(manifest.tracks[1].inputs[1], "one/2");
	manifest_finish(&manifest);
	assert_int_equal(hear(studio, 0, 0, 0, 1).sounded, 10000);
	assert_int_equal(hear(studio, 0, 1, 0, 3).sounded, 10000);
	assert_int_equal(hear(studio, 0, 1, 1, 1).sounded, 10000);
	assert_int_equal(hear(studio, 0, 2, 0, 0).sounded, 10000);
	close_studio(studio);
}

static void test_session_faults(void **state)
{
	static const struct {
		const char *left, *right;
		int result;
		const char *says;
	} cases[] = {
		{"three/1", NULL, -ENODEV, "no interface is called three; there are one, two"},
		{"one/5", NULL, -EINVAL, "one/5: the interface has 4 channels"},
		{"one/0", NULL, -EINVAL, "no input"},
		{"one", NULL, -EINVAL, "no input"},
		{"/1", NULL, -EINVAL, "no input"},
		{"one/1", "two/1", -EINVAL, "of one interface"},
		{"one/1", "one/99", -EINVAL, "has 4 channels"},
		{"two/1", NULL, -EINVAL, "44100 Hz"},
	};
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].rate = 44100;
	add_interface(studio, "one", "*.one", 0);
	add_interface(studio, "two", "*.two", 0);
	open_studio(studio);
	wait_until(studio, everything_runs);
	add_track(studio, "fine", "one/1", NULL);
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct error e = {""};
		studio->session.tracks.count = 1;
		add_track(studio, "faulty", cases[i].left, cases[i].right);
		int result = recorder_begin(studio->recorder, &(struct recorder_start){0}, &e);
		if (result != cases[i].result || !strstr(e.text, cases[i].says))
			fail_msg("%s: %d, %s", cases[i].left, result, e.text);
		assert_false(recorder_busy(studio->recorder));
	}
	close_studio(studio);
}

static void test_nothing_is_there(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e = {""};
	fake_room[0].plugged = fake_room[1].plugged = false;
	open_studio(studio);
	wait_until(studio, is_ready);
	assert_true(recorder_missing(studio->recorder, &e));
	assert_int_equal(recorder_begin(studio->recorder, &(struct recorder_start){0}, &e), -ENODEV);
	close_studio(studio);
}

/* ---- the disk ---- */

static void test_takes_folder_that_cannot_be_made(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	harness_put(studio->takes, "in the way", 10);
	sound(studio, true, 0.3);
	begin(studio, &(struct recorder_start){0});
	wait_stopped(studio, 1);
	assert_null(studio->folders[0]);
	assert_non_null(strstr(studio->errors[0], strerror(ENOTDIR))
				? studio->errors[0]
				: strstr(studio->errors[0], "not a folder"));
	assert_int_equal(studio->alerts, 1);
	assert_int_equal(studio->started, 0);
	wait_state(studio, RECORDER_IDLE);
	assert_int_equal(unlink(studio->takes), 0);
	begin(studio, &(struct recorder_start){.seconds = (double)5000 / RATE});
	end(studio); /* before there is a folder */
	wait_stopped(studio, 2);
	check_whole(studio, 1, 6);
	close_studio(studio);
}

/* It fills up once the take has been ended, and what was set aside is enough: that take is whole. */
static void test_full_at_the_end(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	const struct track_trouble full = {.kind = TRACK_FULL, .track = 1, .text = "no room"};
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.3);
	begin(studio, &(struct recorder_start){.pre_roll = true});
	wait_started(studio, 1);
	end(studio);
	recorder_on_trouble(studio->recorder->room.interfaces[0], &full);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 6);
	assert_int_equal(studio->alerts, 1);
	close_studio(studio);
}

/* Ending without a word, as on an error elsewhere: the take is there for recovery, its files whole. */
static void test_destroyed_while_recording(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.3);
	begin(studio, &(struct recorder_start){.pre_roll = true});
	wait_started(studio, 1);
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	char *folder = file_join(studio->takes, status.take);
	sound(studio, true, 0.2);
	end(studio);
	begin(studio, &(struct recorder_start){0}); /* and another one on its way */
	close_studio(studio);
	struct manifest manifest;
	struct error e;
	assert_int_equal(manifest_load(&manifest, folder, &e), 0);
	assert_int_equal(manifest.state, TAKE_RECORDING);
	for (size_t i = 0; i < manifest.track_count; i++) {
		char *path = file_join(folder, manifest.tracks[i].file);
		struct ramp_file file = ramp_load(path);
		assert_true(file.frames > RATE / 10 * 3);
		ramp_free(&file);
		free(path);
	}
	manifest_finish(&manifest);
	free(folder);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_begin_mark_end),
		harness_in_folder(test_save),
		harness_in_folder(test_save_again),
		harness_in_folder(test_markers_have_a_limit),
		harness_in_folder(test_nothing_to_save),
		harness_in_folder(test_signal_after_save),
		harness_in_folder(test_limit),
		harness_in_folder(test_begin_while_closing),
		harness_in_folder(test_signal_and_silence),
		harness_in_folder(test_what_still_sounds_starts_nothing),
		harness_in_folder(test_max_length_goes_on),
		harness_in_folder(test_session_tracks),
		harness_in_folder(test_session_faults),
		harness_in_folder(test_nothing_is_there),
		harness_in_folder(test_takes_folder_that_cannot_be_made),
		harness_in_folder(test_full_at_the_end),
		harness_in_folder(test_destroyed_while_recording),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

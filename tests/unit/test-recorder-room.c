/* The recorder and its room: interfaces that are missing, late, unplugged, at other rates, or too large for
 * the memory there is. */
#include "tests/unit/studio.h"

static uint64_t memory_bytes;

static void memory_left(struct budget_left *left)
{
	*left = (struct budget_left){memory_bytes, "the test"};
}

/* One that is configured but was never there is silence, however little is known of it. */
static void test_missing_interface(void **state)
{
	static const int channels[] = {2, 0};
	for (size_t i = 0; i < TABLE_SIZE(channels); i++) {
		struct studio *studio = new_studio(*state, &by_command);
		struct error e = {""};
		fake_room[1].plugged = false;
		add_interface(studio, "one", "*.one", 4);
		add_interface(studio, "two", "*.two", channels[i]);
		add_track(studio, "kick", "one/1", NULL);
		add_track(studio, "snare", "two/2", NULL);
		open_studio(studio);
		wait_until(studio, is_ready);
		sound(studio, true, 0.7);
		assert_true(recorder_missing(studio->recorder, &e));
		assert_non_null(strstr(e.text, "two"));
		begin(studio, &(struct recorder_start){.seconds = (double)20000 / RATE});
		wait_stopped(studio, 1);
		check_whole(studio, 0, 2);
		struct manifest manifest = load(studio, 0);
		assert_int_equal(hear(studio, 0, 0, 0, 0).sounded, 20000);
		assert_int_equal(hear(studio, 0, 1, 0, 1).sounded, 0);
		assert_int_equal(manifest.interfaces[1].frames, 0);
		assert_int_equal(manifest.interfaces[1].gap_count, 1);
		assert_int_equal(manifest.interfaces[1].gaps[0].cause, GAP_UNPLUGGED);
		manifest_finish(&manifest);
		close_studio(studio);
	}
}

/* It comes in the middle: silence until then, and what follows is where the others are. Afterwards it has all
 * its channels, though the session had spoken of one only. */
static void test_late_interface(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	add_interface(studio, "one", "*.one", 4);
	add_interface(studio, "two", "*.two", 0);
	add_track(studio, "kick", "one/1", NULL);
	add_track(studio, "snare", "two/1", NULL);
	open_studio(studio);
	wait_until(studio, is_ready);
	sound(studio, true, 0.7);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	sound(studio, true, 0.3);
	fake_plug(1, true, RATE);
	sound(studio, true, 0.3);
	end(studio);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 2);
	struct heard kick = hear(studio, 0, 0, 0, 0), snare = hear(studio, 0, 1, 0, 0);
	assert_int_equal(kick.sounded, kick.frames);
	assert_true(snare.first > RATE / 10 * 3 && snare.sounded == snare.frames - snare.first);
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	assert_int_equal(status.gap_frames, snare.first);
	assert_int_equal(status.gaps, 1);
	assert_in_range(kick.origin - snare.origin + 1, 0, 2);
	struct recorder_interface interfaces[2];
	wait_until(studio, everything_runs);
	assert_int_equal(recorder_interfaces(studio->recorder, interfaces, 2), 2);
	assert_int_equal(interfaces[1].channels, 2);
	close_studio(studio);
}

static bool has_changed(struct studio *studio)
{
	return studio->changes > 0;
}

/* Linked is not heard: that frames come is told when they do, though the source has no news of it. */
static void test_told_once_it_is_heard(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct recorder_interface interface;
	fake_room[1].plugged = false;
	fake_held = true;
	open_studio(studio);
	wait_until(studio, is_ready);
	studio->seconds = fake_seconds() + 0.6; /* whatever comes after the source's last news has come */
	wait_until(studio, has_played);
	recorder_interfaces(studio->recorder, &interface, 1);
	assert_false(interface.live);
	studio->changes = 0;
	fake_held = false;
	wait_until(studio, everything_runs);
	wait_until(studio, has_changed);
	recorder_interfaces(studio->recorder, &interface, 1);
	assert_true(interface.live);
	close_studio(studio);
}

static bool has_wanted_interfaces(struct studio *studio)
{
	struct recorder_interface interfaces[4];
	size_t count = recorder_interfaces(studio->recorder, interfaces, 4);
	bool running = true;
	for (size_t i = 0; i < count; i++)
		running = running && interfaces[i].live && interfaces[i].rate > 0;
	return running && (int)count == studio->wanted;
}

/* Another room is read while a take runs: the take ends as it began, the next has what is there then. */
static void test_reload_other_interfaces(void **state)
{
	static struct interface_config both[] = {{"two", "*.two", 0, 0}, {"first", "*.one", 2, 0}};
	struct studio *studio = new_studio(*state, &by_command);
	add_interface(studio, "one", "*.one", 4);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	struct appliance fresh = studio->appliance, last = studio->appliance;
	fresh.interfaces = (struct key_list){both, 2};
	recorder_reload(studio->recorder, &fresh);
	sound(studio, true, 0.3);
	end(studio);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 4);
	studio->wanted = 2;
	wait_until(studio, has_wanted_interfaces);
	sound(studio, true, 0.4);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 2);
	sound(studio, true, 0.2);
	end(studio);
	wait_stopped(studio, 2);
	check_whole(studio, 1, 4);
	struct heard two = hear(studio, 1, 0, 0, 0), first = hear(studio, 1, 2, 0, 0);
	assert_int_equal(two.sounded, two.frames);
	assert_int_equal(first.sounded, first.frames);
	/* And back, with nothing running, to one. */
	recorder_reload(studio->recorder, &last);
	studio->wanted = 1;
	wait_until(studio, has_wanted_interfaces);
	close_studio(studio);
}

static uint64_t silence_in(const struct manifest *manifest)
{
	uint64_t frames = 0;
	for (size_t i = 0; i < manifest->interface_count; i++)
		for (size_t g = 0; g < manifest->interfaces[i].gap_count; g++)
			frames += manifest->interfaces[i].gaps[g].frames;
	return frames;
}

static struct recorder_status status_of(struct studio *studio)
{
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	return status;
}

static bool is_made_anew(struct studio *studio)
{
	return !studio->recorder->stale;
}

static void test_unplugged_and_back(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.2);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	for (int i = 0; i < 2; i++) {
		sound(studio, true, 0.2);
		fake_plug(1, false, RATE);
		sound(studio, true, 0.2);
		fake_plug(1, true, RATE);
	}
	sound(studio, true, 0.2);
	fake_plug(0, false, RATE); /* the first, which tells the time, and to the end */
	sound(studio, true, 0.2);
	end(studio);
	wait_stopped(studio, 1);
	check_whole(studio, 0, 6);
	struct manifest manifest = load(studio, 0);
	assert_int_equal(manifest.interfaces[0].gap_count, 1);
	assert_int_equal(manifest.interfaces[1].gap_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct take_gap *gap = &manifest.interfaces[1].gaps[i];
		assert_int_equal(gap->cause, GAP_UNPLUGGED);
		assert_in_range(gap->frames, 0.1 * RATE, 2 * RATE);
	}
	/* All of it is counted, though the first interface is still away. */
	assert_int_equal(status_of(studio).gap_frames, silence_in(&manifest));
	assert_int_equal(status_of(studio).gaps, 3);
	assert_true(studio->gaps >= 3);
	struct heard one = hear(studio, 0, 0, 0, 0), two = hear(studio, 0, 4, 0, 0);
	assert_true(one.sounded < one.frames && two.sounded < two.frames);
	assert_in_range(one.origin - two.origin + 1, 0, 2);
	/* Other rings are no reason to forget. */
	struct appliance fresh = studio->appliance;
	fresh.recording.pre_roll_s = 0.2;
	recorder_reload(studio->recorder, &fresh);
	wait_until(studio, is_made_anew);
	assert_int_equal(status_of(studio).gap_frames, silence_in(&manifest));
	manifest_finish(&manifest);
	close_studio(studio);
}

/* The tape has pre-roll and stall for the rate that the interface turns out to have, and follows another one.
 */
static void test_rates(void **state)
{
	static const uint32_t rates[] = {96000, 44100, 96000, 48000};
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	fake_room[0].rate = rates[0];
	add_interface(studio, "one", "*.one", 0);
	open_studio(studio);
	for (int i = 0; i < (int)TABLE_SIZE(rates); i++) {
		fake_plug(0, false, rates[i]);
		fake_plug(0, true, rates[i]);
		fake_play(true);
		struct recorder_interface interface = {0};
		for (wait_until(studio, is_ready); interface.rate != rates[i];) {
			wait_until(studio, everything_runs);
			recorder_interfaces(studio->recorder, &interface, 1);
			studio->seconds = fake_seconds() + 0.01;
			wait_until(studio, has_played);
		}
		wait_until(studio, everything_runs);
		assert_true(fake->nodes[0].capture->tape->samples.size >= 30 * rates[i]);
		begin(studio, &(struct recorder_start){.seconds = 0.2});
		wait_stopped(studio, i + 1);
		check_whole(studio, i, 4);
		struct manifest manifest = load(studio, i);
		assert_int_equal(manifest.rate, rates[i]);
		manifest_finish(&manifest);
		assert_int_equal(hear(studio, i, 3, 0, 3).sounded, rates[i] / 5);
	}
	close_studio(studio);
}

/* Changed in the middle of a take: that ends with the last frame before, and another begins with the very
 * next. */
static void test_rate_changes(void **state)
{
	static const uint32_t rates[] = {RATE, 44100, RATE};
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	begin(studio, &(struct recorder_start){0});
	for (int i = 0; i < (int)TABLE_SIZE(rates); i++) {
		wait_started(studio, i + 1);
		studio->seconds = fake_seconds() + 0.4;
		wait_until(studio, has_played);
		if (i + 1 < (int)TABLE_SIZE(rates))
			fake_plug(0, true, rates[i + 1]);
	}
	end(studio);
	wait_stopped(studio, TABLE_SIZE(rates));
	assert_int_equal(studio->alerts, 2);
	/* Told once the next take has started, which ends what was told of the one before. */
	assert_int_equal(studio->alerts_then, 1);
	int64_t cycle = 0;
	for (int i = 0; i < (int)TABLE_SIZE(rates); i++) {
		check_whole(studio, i, 4);
		struct manifest manifest = load(studio, i);
		assert_int_equal(manifest.rate, rates[i]);
		assert_int_equal(manifest.interfaces[0].gap_count, 0);
		manifest_finish(&manifest);
		struct heard heard = hear(studio, i, 3, 0, 3);
		assert_int_equal(heard.sounded, heard.frames);
		assert_true(heard.frames > rates[i] / 5);
		int64_t frames_a_cycle = rates[i] * FAKE_CYCLE_MS / 1000;
		int64_t first = heard.origin - FAKE_FIRST_FRAME;
		if (i > 0)
			assert_int_equal(first, cycle * frames_a_cycle);
		cycle = (first + (int64_t)heard.frames) / frames_a_cycle;
	}
	close_studio(studio);
}

/* All are gone before the next take can begin: whoever waits for the recorder's end hears of it. */
static void test_ended_while_the_next_take_waits(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	open_studio(studio);
	wait_until(studio, everything_runs);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	sound(studio, true, 0.3);
	fake_plug(0, true, 44100);
	wait_state(studio, RECORDER_FINALIZING);
	fake_plug(0, false, 44100);
	wait_stopped(studio, 1);
	assert_true(recorder_busy(studio->recorder));
	studio->changes = 0;
	end(studio);
	assert_false(recorder_busy(studio->recorder));
	assert_true(studio->changes > 0);
	close_studio(studio);
}

/* One that never can is told as a take that could not be made. */
static void test_no_memory_for_the_next_rate(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	fake_room[1].plugged = false;
	studio->memory_left = memory_left;
	memory_bytes = BUDGET_RESERVE_BYTES + tape_bytes(4, (uint64_t)RATE * 60);
	open_studio(studio);
	wait_until(studio, everything_runs);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	sound(studio, true, 0.3);
	fake_plug(0, true, 2 * RATE);
	wait_stopped(studio, 2);
	check_whole(studio, 0, 4);
	assert_null(studio->folders[1]);
	assert_non_null(strstr(studio->errors[1], "no take could be made: "));
	assert_non_null(strstr(studio->errors[1], "4 channels at 96000 Hz"));
	assert_false(recorder_busy(studio->recorder));
	close_studio(studio);
}

/* One of two: the take goes on for the other, and for this one when it is back. */
static void test_one_rate_changes(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	static const uint32_t rates[] = {2 * RATE, RATE, 44100};
	for (size_t i = 0; i < TABLE_SIZE(rates); i++) {
		studio->seconds = fake_seconds() + 0.3;
		wait_until(studio, has_played);
		fake_plug(1, true, rates[i]);
	}
	studio->seconds = fake_seconds() + 0.3;
	wait_until(studio, has_played);
	end(studio);
	wait_stopped(studio, 1);
	assert_int_equal(studio->alerts, 2);
	check_whole(studio, 0, 6);
	struct manifest manifest = load(studio, 0);
	assert_int_equal(manifest.rate, RATE);
	assert_int_equal(manifest.interfaces[0].gap_count, 0);
	assert_int_equal(manifest.interfaces[1].gap_count, 2);
	assert_int_equal(manifest.interfaces[1].gaps[0].cause, GAP_DRIVER);
	assert_int_equal(manifest.interfaces[1].gaps[1].cause, GAP_DRIVER);
	manifest_finish(&manifest);
	struct heard one = hear(studio, 0, 0, 0, 0), two = hear(studio, 0, 4, 0, 0);
	assert_int_equal(one.sounded, one.frames);
	assert_in_range(one.origin - two.origin + 1, 0, 2);
	close_studio(studio);
}

/* A driver that stutters for hours fills no memory and no manifest: the first are told, the rest is counted.
 */
static void test_gaps_without_end(void **state)
{
	enum { GAPS = TAKE_GAPS_MOST + 500, FRAMES = 7 };
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.2);
	begin(studio, &(struct recorder_start){0});
	wait_started(studio, 1);
	struct room_interface *interface = studio->recorder->room.interfaces[1];
	for (uint64_t i = 0; i < GAPS; i++)
		recorder_on_gap(interface, &(struct take_gap){i * 100, FRAMES, GAP_MISSED});
	sound(studio, true, 0.3);
	end(studio);
	wait_stopped(studio, 1);
	assert_int_equal(studio->gaps, GAPS);
	struct manifest manifest = load(studio, 0);
	const struct take_interface *told = &manifest.interfaces[1];
	assert_int_equal(told->gap_count, TAKE_GAPS_MOST);
	assert_int_equal(told->gaps[TAKE_GAPS_MOST - 1].frame, (TAKE_GAPS_MOST - 1) * 100);
	assert_int_equal(told->gaps_more, GAPS - TAKE_GAPS_MOST);
	assert_int_equal(told->gap_frames_more, (GAPS - TAKE_GAPS_MOST) * FRAMES);
	assert_int_equal(manifest.interfaces[0].gaps_more, 0);
	manifest_finish(&manifest);
	close_studio(studio);
}

/* ---- memory ---- */

static bool is_refused(struct studio *studio)
{
	struct error e;
	return recorder_missing(studio->recorder, &e) && strstr(e.text, "pre_roll: ");
}

/* A ring that cannot be had is refused and says what would fit; with another pre-roll, or more memory, it is
 * there. */
static void test_too_little_memory(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e = {""};
	fake_room[1].plugged = false;
	studio->appliance.recording.pre_roll_s = 100;
	studio->memory_left = memory_left;
	memory_bytes = BUDGET_RESERVE_BYTES + tape_bytes(4, (uint64_t)RATE * 60);
	open_studio(studio);
	wait_until(studio, is_refused);
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	assert_int_equal(status.ring_bytes, 0);
	assert_true(recorder_missing(studio->recorder, &e));
	assert_non_null(strstr(e.text, "alsa-input-one: pre_roll: 100 s of 4 channels at 48000 Hz"));
	assert_non_null(strstr(e.text, "at most pre_roll: 25 s fits"));
	assert_int_equal(recorder_begin(studio->recorder, &(struct recorder_start){0}, &e), -ENODEV);

	studio->appliance.recording.pre_roll_s = 25;
	recorder_reload(studio->recorder, &studio->appliance);
	wait_until(studio, everything_runs);
	recorder_status(studio->recorder, &status);
	assert_true(status.ring_s > 25 + BUDGET_STALL_LEAST_S && status.ring_s < 25 + BUDGET_STALL_S);
	assert_int_equal(status.ring_bytes, fake->nodes[0].capture->tape->mapped);

	/* Another pre-roll, another ring. */
	studio->appliance.recording.pre_roll_s = 1;
	recorder_reload(studio->recorder, &studio->appliance);
	sound(studio, true, 0.3);
	wait_until(studio, everything_runs);
	recorder_status(studio->recorder, &status);
	assert_true(fabs(status.ring_s - 1 - BUDGET_STALL_S) < 0.01);
	begin(studio, &(struct recorder_start){.seconds = (double)1000 / RATE});
	wait_stopped(studio, 1);
	check_whole(studio, 0, 4);
	close_studio(studio);
}

/* The tape is made for 48 kHz, and then there is not enough for twice that. */
static void test_too_little_memory_for_the_rate(void **state)
{
	struct studio *studio = new_studio(*state, &by_command);
	struct error e = {""};
	fake_room[0].rate = 96000;
	fake_room[1].plugged = false;
	studio->memory_left = memory_left;
	memory_bytes = BUDGET_RESERVE_BYTES + tape_bytes(4, (uint64_t)RATE * 60);
	open_studio(studio);
	wait_until(studio, is_refused);
	assert_true(recorder_missing(studio->recorder, &e));
	assert_non_null(strstr(e.text, "4 channels at 96000 Hz"));
	memory_bytes *= 2;
	recorder_reload(studio->recorder, &studio->appliance);
	wait_until(studio, everything_runs);
	begin(studio, &(struct recorder_start){.seconds = (double)1000 / RATE});
	wait_stopped(studio, 1);
	check_whole(studio, 0, 4);
	close_studio(studio);
}

/* ---- sessions ---- */

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_reload_other_interfaces),
		harness_in_folder(test_missing_interface),
		harness_in_folder(test_late_interface),
		harness_in_folder(test_told_once_it_is_heard),
		harness_in_folder(test_unplugged_and_back),
		harness_in_folder(test_rates),
		harness_in_folder(test_rate_changes),
		harness_in_folder(test_ended_while_the_next_take_waits),
		harness_in_folder(test_no_memory_for_the_next_rate),
		harness_in_folder(test_one_rate_changes),
		harness_in_folder(test_gaps_without_end),
		harness_in_folder(test_too_little_memory),
		harness_in_folder(test_too_little_memory_for_the_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

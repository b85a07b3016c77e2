/* The whole recorder over a fake source: what it makes of a room is judged by the takes on the disk. */
#include "recorder/recorder.h"

#include "common/log.h"
#include "config/preset_search.h"
#include "recorder/listen.h"
#include "tests/unit/fake-source.h"

#include <errno.h>
#include <math.h>

#define DEADLINE_S 20
#define CHECK_NS (CLOCK_NSEC_PER_SEC / 500)

enum { MOST_TAKES = 8, RATE = 48000 };

struct studio {
	char *folder; /* of the test */
	char *takes;
	struct loop *loop;
	struct loop_source *check;
	struct recorder *recorder;
	struct appliance appliance;
	struct interface_config interfaces[FAKE_NODES];
	struct session session;
	struct track_config tracks[8];
	char *inputs[8][2];
	void (*memory_left)(struct budget_left *left);

	bool ready;
	int started, stopped, alerts, gaps;
	char *folders[MOST_TAKES]; /* of the takes that stopped; NULL: none was made */
	char *errors[MOST_TAKES];

	bool (*until)(struct studio *); /* what is waited for */
	double seconds;
	int wanted;
	int64_t deadline_ns;
};

/* ---- callbacks ---- */

static void on_ready(void *data)
{
	((struct studio *)data)->ready = true;
}

static void on_changed(void *data)
{
	(void)data;
}

static void on_started(void *data, const struct manifest *take)
{
	assert_int_equal(take->state, TAKE_RECORDING);
	((struct studio *)data)->started++;
}

static void on_stopped(void *data, const char *folder, const struct manifest *take)
{
	struct studio *studio = data;
	assert_true(studio->stopped < MOST_TAKES);
	studio->folders[studio->stopped] = folder ? memory_text(folder) : NULL;
	studio->errors[studio->stopped++] = take->error ? memory_text(take->error) : NULL;
}

static void on_gap(void *data, const char *interface, const struct take_gap *gap)
{
	assert_non_null(interface);
	assert_true(gap->frames > 0);
	((struct studio *)data)->gaps++;
}

static void on_loss(void *data, const char *track, const struct take_gap *gap)
{
	(void)data;
	assert_non_null(track);
	assert_true(gap->frames > 0 && gap->cause == GAP_DISK);
}

static void on_suspect(void *data, const char *interface, const struct take_suspect *loss)
{
	(void)data, (void)loss;
	assert_non_null(interface);
}

static void on_alert(void *data, const char *text)
{
	assert_true(strlen(text) > 0);
	((struct studio *)data)->alerts++;
}

/* ---- waiting ---- */

static void on_check(void *data)
{
	struct studio *studio = data;
	if (studio->until(studio))
		loop_quit(studio->loop, 0);
	else if (clock_monotonic_ns() > studio->deadline_ns)
		loop_quit(studio->loop, 1);
}

static void wait_until(struct studio *studio, bool (*until)(struct studio *))
{
	studio->until = until;
	studio->deadline_ns = clock_monotonic_ns() + DEADLINE_S * CLOCK_NSEC_PER_SEC;
	loop_set_timer(studio->check, 1, CHECK_NS);
	if (loop_run(studio->loop) != 0)
		fail_msg("nothing happened: %d started, %d stopped", studio->started, studio->stopped);
	loop_set_timer(studio->check, 0, 0);
}

static bool everything_runs(struct studio *studio)
{
	struct error e;
	return studio->ready && !recorder_missing(studio->recorder, &e);
}

static bool is_ready(struct studio *studio)
{
	return studio->ready;
}

static bool has_started(struct studio *studio)
{
	return studio->started >= studio->wanted;
}

static bool has_stopped(struct studio *studio)
{
	return studio->stopped >= studio->wanted;
}

static bool has_played(struct studio *studio)
{
	return fake_seconds() >= studio->seconds;
}

static bool state_is(struct studio *studio)
{
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	return (int)status.state == studio->wanted;
}

static void wait_started(struct studio *studio, int takes)
{
	studio->wanted = takes;
	wait_until(studio, has_started);
}

static void wait_stopped(struct studio *studio, int takes)
{
	studio->wanted = takes;
	wait_until(studio, has_stopped);
}

static void wait_state(struct studio *studio, enum recorder_state state)
{
	studio->wanted = (int)state;
	wait_until(studio, state_is);
}

/* Lets the room play, or be silent, for so long. */
static void sound(struct studio *studio, bool playing, double seconds)
{
	fake_play(playing);
	studio->seconds = seconds;
	wait_until(studio, has_played);
}

/* ---- the studio ---- */

static const struct recording_config by_command = {
	.bit_depth = 24,
	.pre_roll_s = 0.3,
	.sync_every_s = 0.05,
	.start = {START_ON_COMMAND, -40, 0.1},
	.stop = {STOP_ON_COMMAND, -60, 0.2},
	.post_roll_s = 0.4,
	.max_length_s = 3600,
	.songs = {10, 3600, 10, 3600}, /* none */
};

static const struct recording_config by_signal = {
	.bit_depth = 24,
	.pre_roll_s = 0.3,
	.sync_every_s = 0.05,
	.start = {START_ON_SIGNAL, -40, 0.1},
	.stop = {STOP_ON_SILENCE, -60, 0.2},
	.post_roll_s = 0.4,
	.max_length_s = 3600,
	.songs = {10, 3600, 10, 3600}, /* none */
};

static void add_interface(struct studio *studio, const char *name, const char *node, int channels)
{
	struct key_list *list = &studio->appliance.interfaces;
	studio->interfaces[list->count++] =
		(struct interface_config){.name = (char *)name, .node = (char *)node, .channels = channels};
	list->items = studio->interfaces;
}

static void add_track(struct studio *studio, const char *name, const char *left, const char *right)
{
	struct key_list *list = &studio->session.tracks;
	char **inputs = studio->inputs[list->count];
	inputs[0] = (char *)left;
	inputs[1] = (char *)right;
	studio->tracks[list->count++] = (struct track_config){
		.name = (char *)name, .input = {.items = inputs, .count = right ? 2 : 1}};
	list->items = studio->tracks;
}

static struct studio *new_studio(char *folder, const struct recording_config *recording)
{
	struct studio *studio = memory_new(sizeof(*studio));
	studio->folder = folder;
	studio->takes = file_join(folder, "takes");
	studio->appliance.recording = *recording;
	studio->session.name = (char *)"Test Night";
	static struct preset_file kept[] = {{(char *)"presets/mix/rock.yaml", (char *)"extends: rock\n", 14},
		{(char *)"presets/etc/roles/kick.yaml", (char *)"gain: 1\n", 8}};
	studio->session.presets = (struct key_list){kept, 2};
	memset(fake_room, 0, sizeof(fake_room));
	fake_room[0] =
		(struct fake_node){.name = "alsa_input.one", .channels = 4, .rate = RATE, .plugged = true};
	fake_room[1] =
		(struct fake_node){.name = "alsa_input.two", .channels = 2, .rate = RATE, .plugged = true};
	return studio;
}

static void open_studio(struct studio *studio)
{
	struct error e = {""};
	struct recorder_config config = {.appliance = &studio->appliance,
		.source = &source_fake,
		.takes = studio->takes,
		.memory_left = studio->memory_left};
	struct recorder_callbacks callbacks = {
		on_ready, on_changed, on_started, on_stopped, on_gap, on_suspect, on_loss, on_alert, studio};
	assert_int_equal(loop_create(&studio->loop, &e), 0);
	studio->check = loop_add_timer(studio->loop, on_check, studio);
	if (recorder_create(&studio->recorder, studio->loop, &config, &callbacks, &e) < 0)
		fail_msg("%s", e.text);
	recorder_set_session(studio->recorder, &studio->session, "name: Test Night\n");
}

static void close_studio(struct studio *studio)
{
	recorder_destroy(studio->recorder);
	loop_remove(studio->check);
	loop_destroy(studio->loop);
	for (int i = 0; i < studio->stopped; i++) {
		free(studio->folders[i]);
		free(studio->errors[i]);
	}
	free(studio->takes);
	free(studio);
}

static void begin(struct studio *studio, const struct recorder_start *start)
{
	struct error e = {""};
	if (recorder_begin(studio->recorder, start, &e) < 0)
		fail_msg("%s", e.text);
}

static void end(struct studio *studio)
{
	struct error e = {""};
	if (recorder_end(studio->recorder, &e) < 0)
		fail_msg("%s", e.text);
}

/* ---- looking at a take ---- */

static struct manifest load(const struct studio *studio, int take)
{
	struct manifest manifest;
	struct error e = {""};
	assert_non_null(studio->folders[take]);
	if (manifest_load(&manifest, studio->folders[take], &e) < 0)
		fail_msg("%s", e.text);
	return manifest;
}

/* What a channel of a track holds. */
struct heard {
	uint64_t frames;  /* of the file */
	uint64_t first;	  /* that is not silent; `frames`: none */
	uint64_t sounded; /* not silent */
	int64_t origin;	  /* the world's frame at frame 0 */
};

/* Fails unless every sample is silent or just the one that the first says that it must be. */
static struct heard hear(
	const struct studio *studio, int take, size_t track, uint32_t of_file, uint32_t channel)
{
	struct manifest manifest = load(studio, take);
	assert_true(track < manifest.track_count);
	char *path = file_join(studio->folders[take], manifest.tracks[track].file);
	struct ramp_file file = ramp_load(path);
	const int32_t *samples = file.channel[of_file];
	struct heard heard = {.frames = file.frames, .first = file.frames};
	for (uint64_t i = 0; i < file.frames; i++) {
		if (samples[i] == 0)
			continue;
		if (heard.sounded++ == 0) {
			heard.first = i;
			heard.origin = (samples[i] - 1 - (int32_t)channel * 1009) / 3 - (int64_t)i;
		}
		if (samples[i] != ramp_value((uint64_t)(heard.origin + (int64_t)i), channel, 24))
			fail_msg("%s: frame %llu slipped", path, (unsigned long long)i);
	}
	assert_int_equal(manifest.tracks[track].frames, file.frames);
	ramp_free(&file);
	free(path);
	manifest_finish(&manifest);
	return heard;
}

/* Every take is whole: one length, one state, sums of what is on the disk. */
static void check_whole(const struct studio *studio, int take, size_t tracks)
{
	struct manifest manifest = load(studio, take);
	struct error e;
	assert_int_equal(manifest.state, TAKE_RECORDED);
	assert_null(manifest.error);
	assert_null(studio->errors[take]);
	assert_int_equal(manifest.track_count, tracks);
	assert_true(manifest.frames > 0);
	assert_string_equal(manifest.session, "Test Night");
	for (size_t i = 0; i < tracks; i++) {
		struct hash hash;
		char *path = file_join(studio->folders[take], manifest.tracks[i].file);
		assert_int_equal(hash_file(path, &hash, &e), 0);
		assert_string_equal(hash.sha256, manifest.tracks[i].hash.sha256);
		assert_string_equal(hash.crc32, manifest.tracks[i].hash.crc32);
		assert_int_equal(manifest.tracks[i].frames, manifest.frames);
		free(path);
	}
	for (size_t i = 0; i < manifest.interface_count; i++) {
		uint64_t frames = manifest.interfaces[i].frames;
		for (size_t g = 0; g < manifest.interfaces[i].gap_count; g++)
			frames += manifest.interfaces[i].gaps[g].frames;
		assert_int_equal(frames, manifest.frames);
	}
	const struct preset_file *kept = studio->session.presets.items;
	assert_int_equal(manifest.preset_count, studio->session.presets.count);
	for (size_t i = 0; i < manifest.preset_count; i++) {
		size_t length;
		char *path = file_join(studio->folders[take], kept[i].file),
		     *text = harness_get(path, &length);
		assert_string_equal(manifest.presets[i].file, kept[i].file);
		assert_int_equal(manifest.presets[i].hash.bytes, length);
		assert_string_equal(text, kept[i].text);
		free(text);
		free(path);
	}
	manifest_finish(&manifest);
	size_t size;
	char *path = file_join(studio->folders[take], "session.yaml"), *text = harness_get(path, &size);
	assert_string_equal(text, "name: Test Night\n");
	free(text);
	free(path);
}

/* ---- by command ---- */

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

static void test_limit(void **state)
{
	static const uint64_t limits[] = {1, 479, 20001};
	struct studio *studio = new_studio(*state, &by_command);
	open_studio(studio);
	wait_until(studio, everything_runs);
	sound(studio, true, 0.7);
	for (int i = 0; i < (int)TABLE_SIZE(limits); i++) {
		begin(studio, &(struct recorder_start){.frames = limits[i]});
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
		begin(studio, &(struct recorder_start){.frames = 20000});
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
	assert_in_range(kick.origin - snare.origin + 1, 0, 2);
	struct recorder_interface interfaces[2];
	wait_until(studio, everything_runs);
	assert_int_equal(recorder_interfaces(studio->recorder, interfaces, 2), 2);
	assert_int_equal(interfaces[1].channels, 2);
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
	manifest_finish(&manifest);
	assert_true(studio->gaps >= 3);
	struct heard one = hear(studio, 0, 0, 0, 0), two = hear(studio, 0, 4, 0, 0);
	assert_true(one.sounded < one.frames && two.sounded < two.frames);
	assert_in_range(one.origin - two.origin + 1, 0, 2);
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
		begin(studio, &(struct recorder_start){.frames = rates[i] / 5});
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

static uint64_t memory_bytes;

static void memory_left(struct budget_left *left)
{
	*left = (struct budget_left){memory_bytes, "the test"};
}

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
	begin(studio, &(struct recorder_start){.frames = 1000});
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
	begin(studio, &(struct recorder_start){.frames = 1000});
	wait_stopped(studio, 1);
	check_whole(studio, 0, 4);
	close_studio(studio);
}

/* ---- sessions ---- */

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
	begin(studio, &(struct recorder_start){.frames = 10000});
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
	begin(studio, &(struct recorder_start){.frames = 5000});
	end(studio); /* before there is a folder */
	wait_stopped(studio, 2);
	check_whole(studio, 1, 6);
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
		harness_in_folder(test_limit),
		harness_in_folder(test_begin_while_closing),
		harness_in_folder(test_signal_and_silence),
		harness_in_folder(test_what_still_sounds_starts_nothing),
		harness_in_folder(test_reload_while_playing),
		harness_in_folder(test_reload_other_interfaces),
		harness_in_folder(test_max_length_goes_on),
		harness_in_folder(test_missing_interface),
		harness_in_folder(test_late_interface),
		harness_in_folder(test_unplugged_and_back),
		harness_in_folder(test_rates),
		harness_in_folder(test_rate_changes),
		harness_in_folder(test_one_rate_changes),
		harness_in_folder(test_gaps_without_end),
		harness_in_folder(test_too_little_memory),
		harness_in_folder(test_too_little_memory_for_the_rate),
		harness_in_folder(test_session_tracks),
		harness_in_folder(test_session_faults),
		harness_in_folder(test_nothing_is_there),
		harness_in_folder(test_takes_folder_that_cannot_be_made),
		harness_in_folder(test_destroyed_while_recording),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A recorder over a source without hardware, what it has told so far, and what its takes hold: for tests. */
#ifndef WOODSHED_TESTS_UNIT_STUDIO_H
#define WOODSHED_TESTS_UNIT_STUDIO_H

#include "common/log.h"
#include "config/preset_search.h"
#include "recorder/listen.h"
#include "recorder/recorder.h"
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
	int started, stopped, alerts, gaps, changes;
	int alerts_then;	   /* when the last take started */
	char *folders[MOST_TAKES]; /* of the takes that stopped; NULL: none was made */
	char *errors[MOST_TAKES];

	bool (*until)(struct studio *); /* what is waited for */
	double seconds;
	int wanted;
	int64_t deadline_ns;
};

/* ---- callbacks ---- */

static inline void on_ready(void *data)
{
	((struct studio *)data)->ready = true;
}

static inline void on_changed(void *data)
{
	((struct studio *)data)->changes++;
}

static inline void on_started(void *data, const struct manifest *take)
{
	assert_int_equal(take->state, TAKE_RECORDING);
	((struct studio *)data)->started++;
	((struct studio *)data)->alerts_then = ((struct studio *)data)->alerts;
}

static inline void on_stopped(void *data, const char *folder, const struct manifest *take)
{
	struct studio *studio = data;
	assert_true(studio->stopped < MOST_TAKES);
	studio->folders[studio->stopped] = folder ? memory_text(folder) : NULL;
	studio->errors[studio->stopped++] = take->error ? memory_text(take->error) : NULL;
}

static inline void on_gap(void *data, const char *interface, const struct take_gap *gap)
{
	assert_non_null(interface);
	assert_true(gap->frames > 0);
	((struct studio *)data)->gaps++;
}

static inline void on_loss(void *data, const char *track, const struct take_gap *gap)
{
	(void)data;
	assert_non_null(track);
	assert_true(gap->frames > 0 && gap->cause == GAP_DISK);
}

static inline void on_suspect(void *data, const char *interface, const struct take_suspect *loss)
{
	(void)data, (void)loss;
	assert_non_null(interface);
}

static inline void on_alert(void *data, const char *text)
{
	assert_true(strlen(text) > 0);
	((struct studio *)data)->alerts++;
}

/* ---- waiting ---- */

static inline void on_check(void *data)
{
	struct studio *studio = data;
	if (studio->until(studio))
		loop_quit(studio->loop, 0);
	else if (clock_monotonic_ns() > studio->deadline_ns)
		loop_quit(studio->loop, 1);
}

static inline void wait_until(struct studio *studio, bool (*until)(struct studio *))
{
	studio->until = until;
	studio->deadline_ns = clock_monotonic_ns() + DEADLINE_S * CLOCK_NSEC_PER_SEC;
	loop_set_timer(studio->check, 1, CHECK_NS);
	if (loop_run(studio->loop) != 0)
		fail_msg("nothing happened: %d started, %d stopped", studio->started, studio->stopped);
	loop_set_timer(studio->check, 0, 0);
}

static inline bool everything_runs(struct studio *studio)
{
	struct error e;
	return studio->ready && !recorder_missing(studio->recorder, &e);
}

static inline bool is_ready(struct studio *studio)
{
	return studio->ready;
}

static inline bool has_started(struct studio *studio)
{
	return studio->started >= studio->wanted;
}

static inline bool has_stopped(struct studio *studio)
{
	return studio->stopped >= studio->wanted;
}

static inline bool has_played(struct studio *studio)
{
	return fake_seconds() >= studio->seconds;
}

static inline bool state_is(struct studio *studio)
{
	struct recorder_status status;
	recorder_status(studio->recorder, &status);
	return (int)status.state == studio->wanted;
}

static inline void wait_started(struct studio *studio, int takes)
{
	studio->wanted = takes;
	wait_until(studio, has_started);
}

static inline void wait_stopped(struct studio *studio, int takes)
{
	studio->wanted = takes;
	wait_until(studio, has_stopped);
}

static inline void wait_state(struct studio *studio, enum recorder_state state)
{
	studio->wanted = (int)state;
	wait_until(studio, state_is);
}

/* Lets the room play, or be silent, for so long. */
static inline void sound(struct studio *studio, bool playing, double seconds)
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

static inline void add_interface(struct studio *studio, const char *name, const char *node, int channels)
{
	struct key_list *list = &studio->appliance.interfaces;
	studio->interfaces[list->count++] =
		(struct interface_config){.name = (char *)name, .node = (char *)node, .channels = channels};
	list->items = studio->interfaces;
}

static inline void add_track(struct studio *studio, const char *name, const char *left, const char *right)
{
	struct key_list *list = &studio->session.tracks;
	char **inputs = studio->inputs[list->count];
	inputs[0] = (char *)left;
	inputs[1] = (char *)right;
	studio->tracks[list->count++] = (struct track_config){
		.name = (char *)name, .input = {.items = inputs, .count = right ? 2 : 1}};
	list->items = studio->tracks;
}

static inline struct studio *new_studio(char *folder, const struct recording_config *recording)
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

static inline void open_studio(struct studio *studio)
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

static inline void close_studio(struct studio *studio)
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

static inline void begin(struct studio *studio, const struct recorder_start *start)
{
	struct error e = {""};
	if (recorder_begin(studio->recorder, start, &e) < 0)
		fail_msg("%s", e.text);
}

static inline void end(struct studio *studio)
{
	struct error e = {""};
	if (recorder_end(studio->recorder, &e) < 0)
		fail_msg("%s", e.text);
}

/* ---- looking at a take ---- */

static inline struct manifest load(const struct studio *studio, int take)
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
static inline struct heard hear(
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
static inline void check_whole(const struct studio *studio, int take, size_t tracks)
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

#endif

/* A take that was cut off while it was being recorded, and what recovery must make of it. */
#ifndef WOODSHED_TESTS_UNIT_CUT_OFF_TAKE_H
#define WOODSHED_TESTS_UNIT_CUT_OFF_TAKE_H

#include "takes/recovery.h"

#include "common/log.h"
#include "takes/lock.h"
#include "takes/take.h"
#include "tests/unit/flac-audio.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#define ID "20261122-190311-thursday"

enum { TRACKS = 3, FRAMES = 5 * FLAC_BLOCK + 1234, SOUND = 5 * FLAC_BLOCK };

static const struct flac_format mono = {.rate = 48000, .channels = 1, .bits = 24};
static const char *const files[TRACKS] = {"raw/01-kick.flac", "raw/02-snare.flac", "raw/03-bass.flac"};

/* ---- a take that was cut off ---- */

static inline struct take_track plan_track(int index)
{
	static char *inputs[TRACKS][1] = {{"xr18/1"}, {"xr18/2"}, {"usb/1"}};
	static char *names[TRACKS] = {"kick", "snare", "bass"};
	return (struct take_track){.index = index + 1,
		.name = names[index],
		.inputs = inputs[index],
		.input_count = 1,
		.file = (char *)(uintptr_t)files[index],
		.peak_dbfs = NAN,
		.lufs = NAN};
}

static inline void save(const char *folder, enum take_state state)
{
	struct take_track tracks[TRACKS];
	for (int i = 0; i < TRACKS; i++)
		tracks[i] = plan_track(i);
	struct take_gap gaps[] = {
		{1000, 200, GAP_MISSED}, {SOUND - 100, 4096, GAP_OVERRUN}, {SOUND + 5000, 10, GAP_RING}};
	struct take_suspect suspected[] = {{2000, 48, SUSPECT_ZEROS}, {3000, 0, SUSPECT_JUMP},
		{SOUND - 10, 48, SUSPECT_ZEROS}, {SOUND, 0, SUSPECT_JUMP}};
	struct take_interface interfaces[] = {{.name = "xr18",
						      .node = "alsa_input.x",
						      .gaps = gaps,
						      .gap_count = 3,
						      .suspected = suspected,
						      .suspected_count = 4,
						      .suspected_total = 4},
		{.name = "usb", .node = "alsa_input.u"}};
	struct take_marker markers[] = {{4800, "verse", MARKER_USER}, {SOUND + 1, "late", MARKER_USER}};
	struct manifest take = {.id = ID,
		.session = "thursday",
		.state = state,
		.rate = 48000,
		.pre_roll_frames = 480000,
		.interfaces = interfaces,
		.interface_count = 2,
		.tracks = tracks,
		.track_count = TRACKS,
		.markers = markers,
		.marker_count = 2};
	struct error e = {""};
	if (manifest_save(&take, folder, &e) < 0)
		fail_msg("%s", e.text);
}

static inline struct audio audio_of(int track)
{
	struct audio audio = make_audio(&mono, FRAMES, 0.02);
	for (size_t i = 2; i < FRAMES; i++)
		audio.channel[0][i] += track;
	return audio;
}

static inline void record(const char *folder, int track)
{
	char *path = file_join(folder, files[track]);
	struct audio audio = audio_of(track);
	struct flac_writer *writer = create(path, &mono, 3);
	write_audio(writer, &audio, 512);
	flac_writer_destroy(writer);
	free_audio(&audio);
	free(path);
}

/* Its folder; the caller's to free. */
static inline char *cut_off_take(const char *takes)
{
	char *folder = file_join(takes, ID), *raw = file_join(folder, "raw");
	struct error e = {""};
	assert_int_equal(file_make_folders(raw, &e), 0);
	save(folder, TAKE_RECORDING);
	for (int i = 0; i < TRACKS; i++)
		record(folder, i);
	free(raw);
	return folder;
}

static inline void cut(const char *folder, int track, off_t size)
{
	char *path = file_join(folder, files[track]);
	assert_int_equal(truncate(path, size), 0);
	free(path);
}

static inline off_t size_of(const char *folder, const char *name)
{
	char *path = file_join(folder, name);
	struct stat status;
	off_t size = stat(path, &status) < 0 ? -1 : status.st_size;
	free(path);
	return size;
}

/* ---- recovering it ---- */

struct told {
	int count;
	enum recovery_outcome outcome;
	char error[600];
};

static inline void tell(void *data, const struct recovery_report *report)
{
	struct told *told = data;
	told->count++;
	told->outcome = report->outcome;
	snprintf(told->error, sizeof(told->error), "%s", report->error ? report->error : "");
	assert_true(!report->take == (report->outcome == RECOVERY_FAILED));
}

static inline struct told recover(const char *takes)
{
	struct told told = {0};
	struct error e = {""};
	struct recovery recovery = {.takes = takes, .report = tell, .data = &told};
	int result = recovery_run(&recovery, &e);
	assert_int_equal(result, told.count > 0 && told.outcome == RECOVERY_FAILED ? told.count : 0);
	return told;
}

static inline struct manifest load(const char *folder)
{
	struct manifest take;
	struct error e = {""};
	if (manifest_load(&take, folder, &e) < 0)
		fail_msg("%s", e.text);
	return take;
}

static inline void check_track(const char *folder, const struct take_track *track, uint64_t frames)
{
	char *path = file_join(folder, track->file);
	struct audio audio = audio_of(track->index - 1);
	struct flac_reader *reader = open_file(path);
	struct hash hash;
	struct error e = {""};
	uint64_t sound = frames - track->padded;
	int last;
	assert_int_equal(track->frames, frames);
	assert_int_equal(flac_reader_frames(reader), frames);
	assert_true(sound <= FRAMES);
	struct audio wanted = make_audio(&mono, frames > 2 ? frames : 2, 0);
	memset(wanted.channel[0], 0, frames * sizeof(int32_t));
	memcpy(wanted.channel[0], audio.channel[0], sound * sizeof(int32_t));
	assert_int_equal(compare(reader, &wanted, 0, 1000, &last, &e), frames);
	assert_int_equal(last, 0);
	assert_int_equal(hash_file(path, &hash, &e), 0);
	assert_string_equal(hash.sha256, track->hash.sha256);
	assert_string_equal(hash.crc32, track->hash.crc32);
	assert_int_equal(hash.bytes, track->hash.bytes);
	flac_reader_close(reader);
	free_audio(&wanted);
	free_audio(&audio);
	free(path);
}

/* Recovered, true, and not touched by another run. */
static inline void check_take(const char *takes, const char *folder, uint64_t frames)
{
	char *manifest = file_join(folder, "take.json");
	struct manifest take = load(folder);
	assert_int_equal(take.state, frames > 0 ? TAKE_RECORDED : TAKE_FAILED);
	assert_true(take.recovered);
	assert_int_equal(take.frames, frames);
	for (size_t i = 0; i < take.track_count; i++)
		check_track(folder, &take.tracks[i], frames);
	manifest_finish(&take);
	struct stat before, after;
	assert_int_equal(stat(manifest, &before), 0);
	assert_int_equal(recover(takes).count, 0);
	assert_int_equal(stat(manifest, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	free(manifest);
}

#endif

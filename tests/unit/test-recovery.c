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

static struct take_track plan_track(int index)
{
	static char *inputs[TRACKS][1] = {{"xr18/1"}, {"xr18/2"}, {"usb/1"}};
	static char *names[TRACKS] = {"kick", "snare", "bass"};
	static char *paths[TRACKS][1];
	paths[index][0] = (char *)(uintptr_t)files[index];
	return (struct take_track){.index = index + 1,
		.name = names[index],
		.inputs = inputs[index],
		.input_count = 1,
		.files = paths[index],
		.file_count = 1,
		.peak_dbfs = NAN,
		.lufs = NAN};
}

static void save(const char *folder, enum take_state state)
{
	struct take_track tracks[TRACKS];
	for (int i = 0; i < TRACKS; i++)
		tracks[i] = plan_track(i);
	struct take_gap gaps[] = {
		{1000, 200, GAP_MISSED}, {SOUND - 100, 4096, GAP_OVERRUN}, {SOUND + 5000, 10, GAP_RING}};
	struct take_interface interfaces[] = {
		{.name = "xr18", .node = "alsa_input.x", .gaps = gaps, .gap_count = 3},
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

static struct audio audio_of(int track)
{
	struct audio audio = make_audio(&mono, FRAMES, 0.02);
	for (size_t i = 2; i < FRAMES; i++)
		audio.channel[0][i] += track;
	return audio;
}

static void record(const char *folder, int track)
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
static char *cut_off_take(const char *takes)
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

static void cut(const char *folder, int track, off_t size)
{
	char *path = file_join(folder, files[track]);
	assert_int_equal(truncate(path, size), 0);
	free(path);
}

static off_t size_of(const char *folder, const char *name)
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

static void tell(void *data, const struct recovery_report *report)
{
	struct told *told = data;
	told->count++;
	told->outcome = report->outcome;
	snprintf(told->error, sizeof(told->error), "%s", report->error ? report->error : "");
	assert_true(!report->take == (report->outcome == RECOVERY_FAILED));
}

static struct told recover(const char *takes)
{
	struct told told = {0};
	struct error e = {""};
	struct recovery recovery = {.takes = takes, .report = tell, .data = &told};
	int result = recovery_run(&recovery, &e);
	assert_int_equal(result, told.count > 0 && told.outcome == RECOVERY_FAILED ? told.count : 0);
	return told;
}

static struct manifest load(const char *folder)
{
	struct manifest take;
	struct error e = {""};
	if (manifest_load(&take, folder, &e) < 0)
		fail_msg("%s", e.text);
	return take;
}

static void check_track(const char *folder, const struct take_track *track, uint64_t frames)
{
	char *path = file_join(folder, track->files[0]);
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
static void check_take(const char *takes, const char *folder, uint64_t frames)
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

/* ---- tests ---- */

static void test_whole_frames(void **state)
{
	char *folder = cut_off_take(*state);
	struct told told = recover(*state);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.outcome, RECOVERY_RECOVERED);
	check_take(*state, folder, SOUND);
	struct manifest take = load(folder);
	assert_null(take.error);
	assert_int_equal(take.pre_roll_frames, SOUND);
	assert_int_equal(take.marker_count, 1);
	/* One gap is whole, one ends with the take, one came after it. */
	assert_int_equal(take.interfaces[0].gap_count, 2);
	assert_int_equal(take.interfaces[0].gaps[1].frames, 100);
	assert_int_equal(take.interfaces[0].frames, SOUND - 300);
	assert_int_equal(take.interfaces[1].frames, SOUND);
	for (int i = 0; i < TRACKS; i++) {
		assert_true(take.tracks[i].peak_dbfs > -1 && take.tracks[i].peak_dbfs <= 0);
		assert_true(take.tracks[i].padded == 0);
	}
	manifest_finish(&take);
	free(folder);
}

/* The last two FLAC frames of one track, byte for byte. */
static void test_torn_at_every_byte(void **state)
{
	char *folder = cut_off_take(*state);
	off_t size = size_of(folder, files[1]);
	/* A step for time's sake: test-flac-mend goes through every byte. */
	for (off_t end = size; end > size - 23000; end -= 97) {
		save(folder, TAKE_RECORDING);
		char *path = file_join(folder, files[1]);
		unlink(path);
		free(path);
		record(folder, 1);
		cut(folder, 1, end);
		assert_int_equal(recover(*state).count, 1);
		check_take(*state, folder, SOUND);
	}
	free(folder);
}

static void test_spoilt_tracks(void **state)
{
	static const struct {
		off_t size; /* -1: removed */
		uint64_t padded;
	} cases[] = {
		{-1, SOUND},
		{0, SOUND},
		{1, SOUND},
		{41, SOUND},
		{100, SOUND},
		{5000, SOUND},
	};
	char *folder = cut_off_take(*state), *path = file_join(folder, files[0]);
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		save(folder, TAKE_RECORDING);
		if (cases[i].size < 0 || size_of(folder, files[0]) < cases[i].size)
			unlink(path);
		else
			cut(folder, 0, cases[i].size);
		assert_int_equal(recover(*state).count, 1);
		check_take(*state, folder, SOUND);
		struct manifest take = load(folder);
		assert_int_equal(take.tracks[0].padded, cases[i].padded);
		assert_non_null(take.error);
		assert_non_null(strstr(take.error, files[0]));
		manifest_finish(&take);
	}
	free(path);
	free(folder);
}

static void test_nothing_recorded(void **state)
{
	char *folder = cut_off_take(*state);
	for (int i = 0; i < TRACKS; i++)
		cut(folder, i, 0);
	assert_int_equal(recover(*state).count, 1);
	check_take(*state, folder, 0);
	struct manifest take = load(folder);
	assert_non_null(take.error);
	manifest_finish(&take);
	free(folder);
}

/* Recovery itself was cut off: one file had its silence already. */
static void test_again_from_the_middle(void **state)
{
	char *folder = cut_off_take(*state), *path = file_join(folder, files[0]);
	char *manifest = file_join(folder, "take.json");
	size_t manifest_size, size, again_size;
	cut(folder, 0, size_of(folder, files[0]) / 2);
	recover(*state);
	char *first = harness_get(manifest, &manifest_size), *raw = harness_get(path, &size);
	/* As it was saved before the files were touched: what is silence stood in it by then. */
	struct manifest take = load(folder);
	struct error e = {""};
	take.state = TAKE_RECORDING;
	take.recovered = false;
	assert_int_equal(manifest_save(&take, folder, &e), 0);
	manifest_finish(&take);
	assert_int_equal(recover(*state).count, 1);
	check_take(*state, folder, SOUND);
	char *again = harness_get(manifest, &again_size), *raw_again = harness_get(path, &size);
	assert_string_equal(first, again);
	assert_memory_equal(raw, raw_again, size);
	free(first);
	free(again);
	free(raw);
	free(raw_again);
	free(manifest);
	free(path);
	free(folder);
}

static void test_leftovers(void **state)
{
	static const char *const gone[] = {"take.json.aB3x_Z", "session.yaml.012345", "report.json.zzzzzz",
		"master.flac.new", "raw/01-kick.flac.new"};
	static const char *const stay[] = {"session.yaml", "mix.flac", "notes.new.txt", "take.json.backup1",
		"raw/01-kick.flac.damaged-1"};
	char *folder = cut_off_take(*state);
	for (size_t i = 0; i < TABLE_SIZE(gone); i++) {
		char *one = file_join(folder, gone[i]), *other = file_join(folder, stay[i]);
		harness_put(one, "x", 1);
		harness_put(other, "x", 1);
		free(one);
		free(other);
	}
	recover(*state);
	for (size_t i = 0; i < TABLE_SIZE(gone); i++) {
		assert_int_equal(size_of(folder, gone[i]), -1);
		assert_int_equal(size_of(folder, stay[i]), 1);
	}
	free(folder);
}

static void test_interrupted_render(void **state)
{
	char *folder = cut_off_take(*state), *mix = file_join(folder, "mix.flac");
	recover(*state);
	struct manifest take = load(folder);
	struct error e = {""};
	harness_put(mix, "as the manifest says", 20);
	struct take_render renders[] = {{.file = "mix.flac"}, {.file = "master.flac"}};
	assert_int_equal(hash_file(mix, &renders[0].hash, &e), 0);
	manifest_set_render(&take, &renders[0]);
	manifest_set_render(&take, &renders[1]); /* the file is another by now, here: none */
	take.state = TAKE_RENDERING;
	assert_int_equal(manifest_save(&take, folder, &e), 0);
	manifest_finish(&take);
	assert_int_equal(recover(*state).outcome, RECOVERY_UNRENDERED);
	take = load(folder);
	assert_int_equal(take.state, TAKE_RECORDED);
	assert_int_equal(take.render_count, 1);
	assert_string_equal(take.renders[0].file, "mix.flac");
	manifest_finish(&take);
	assert_int_equal(recover(*state).count, 0);
	free(mix);
	free(folder);
}

static void test_others_are_left_alone(void **state)
{
	static const enum take_state states[] = {TAKE_RECORDED, TAKE_MASTERED, TAKE_FAILED};
	char *folder = cut_off_take(*state);
	off_t size = size_of(folder, files[0]);
	for (size_t i = 0; i < TABLE_SIZE(states); i++) {
		save(folder, states[i]);
		assert_int_equal(recover(*state).count, 0);
		assert_int_equal(size_of(folder, files[0]), size);
	}
	free(folder);
}

static void test_locked(void **state)
{
	char *folder = cut_off_take(*state);
	struct error e = {""};
	int lock = take_lock(folder, &e);
	assert_true(lock >= 0);
	assert_int_equal(recover(*state).count, 0);
	assert_int_equal(take_lock(folder, &e), -EBUSY);
	close(lock);
	assert_int_equal(recover(*state).count, 1);
	int all = takes_lock(*state, &e);
	assert_true(all >= 0);
	assert_int_equal(takes_lock(*state, &e), -EBUSY);
	char *process = memory_format("process %ld", (long)getpid());
	assert_non_null(strstr(e.text, process));
	close(all);
	free(process);
	free(folder);
}

static void test_lost_manifest(void **state)
{
	static const char *const texts[] = {NULL, "", "{\"format\": 1, \"id\": \"2026"};
	for (size_t i = 0; i < TABLE_SIZE(texts); i++) {
		char *takes = memory_format("%s/%zu", (char *)*state, i), *folder = cut_off_take(takes);
		char *manifest = file_join(folder, "take.json");
		unlink(manifest);
		if (texts[i])
			harness_put(manifest, texts[i], strlen(texts[i]));
		assert_int_equal(recover(takes).outcome, RECOVERY_RECOVERED);
		check_take(takes, folder, SOUND);
		struct manifest take = load(folder);
		assert_string_equal(take.id, ID);
		assert_string_equal(take.session, "thursday");
		assert_int_equal(take.started_ns / 1000000000, 1795374191);
		assert_int_equal(take.track_count, TRACKS);
		assert_string_equal(take.tracks[1].name, "snare");
		assert_int_equal(
			size_of(folder, "take.json.damaged"), texts[i] ? (off_t)strlen(texts[i]) : -1);
		manifest_finish(&take);
		free(manifest);
		free(folder);
		free(takes);
	}
}

/* What is whole but says what we do not know is somebody else's: told, not touched. */
static void test_wrong_manifest(void **state)
{
	static const char *const texts[] = {
		"{\"format\": 2, \"id\": \"" ID "\"}", "[]", "{\"format\": 1, \"id\": 5}", "{}"};
	char *folder = cut_off_take(*state), *manifest = file_join(folder, "take.json");
	off_t size = size_of(folder, files[0]);
	for (size_t i = 0; i < TABLE_SIZE(texts); i++) {
		harness_put(manifest, texts[i], strlen(texts[i]));
		struct told told = recover(*state);
		assert_int_equal(told.outcome, RECOVERY_FAILED);
		assert_non_null(strstr(told.error, manifest));
		assert_int_equal(size_of(folder, files[0]), size);
		assert_int_equal(size_of(folder, "take.json"), strlen(texts[i]));
	}
	free(manifest);
	free(folder);
}

/* Damage deep inside is no torn tail: the file as it was is kept. */
static void test_damage_deep_inside(void **state)
{
	char *folder = cut_off_take(*state), *path = file_join(folder, files[0]);
	struct audio audio = make_audio(&mono, 20 * 48000, 0.39);
	unlink(path);
	struct flac_writer *writer = create(path, &mono, 0);
	write_audio(writer, &audio, 4096);
	flac_writer_destroy(writer);
	off_t size = size_of(folder, files[0]);
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	fseek(file, size / 10, SEEK_SET);
	fputs("damage", file);
	fclose(file);
	assert_int_equal(recover(*state).outcome, RECOVERY_RECOVERED);
	assert_int_equal(size_of(folder, "raw/01-kick.flac.damaged-1"), size);
	struct manifest take = load(folder);
	assert_true(take.frames > SOUND && take.frames < 5 * 48000);
	assert_int_equal(take.tracks[0].padded, 0);
	manifest_finish(&take);
	free_audio(&audio);
	free(path);
	free(folder);
}

static void test_further_segments(void **state)
{
	char *folder = cut_off_take(*state), *first = file_join(folder, files[0]);
	char *second = file_join(folder, "raw/01-kick.2.flac");
	assert_int_equal(rename(first, second), 0);
	record(folder, 0);
	cut(folder, 0, size_of(folder, files[0]) / 2);
	assert_int_equal(recover(*state).outcome, RECOVERY_RECOVERED);
	struct manifest take = load(folder);
	assert_int_equal(take.tracks[0].file_count, 2);
	struct flac_reader *one = open_file(first), *two = open_file(second);
	assert_int_equal(flac_reader_frames(one) + flac_reader_frames(two), take.frames);
	assert_true(take.frames > SOUND);
	flac_reader_close(one);
	flac_reader_close(two);
	manifest_finish(&take);
	free(second);
	free(first);
	free(folder);
}

static void test_stop(void **state)
{
	char *folder = cut_off_take(*state);
	struct told told = {0};
	struct error e = {""};
	_Atomic bool stop = true;
	struct recovery recovery = {.takes = *state, .report = tell, .data = &told, .stop = &stop};
	assert_int_equal(recovery_run(&recovery, &e), -ECANCELED);
	assert_int_equal(told.count, 0);
	recovery.takes = "/nowhere";
	assert_int_equal(recovery_run(&recovery, &e), 0);
	free(folder);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_whole_frames),
		harness_in_folder(test_torn_at_every_byte),
		harness_in_folder(test_spoilt_tracks),
		harness_in_folder(test_nothing_recorded),
		harness_in_folder(test_again_from_the_middle),
		harness_in_folder(test_leftovers),
		harness_in_folder(test_interrupted_render),
		harness_in_folder(test_others_are_left_alone),
		harness_in_folder(test_locked),
		harness_in_folder(test_lost_manifest),
		harness_in_folder(test_wrong_manifest),
		harness_in_folder(test_damage_deep_inside),
		harness_in_folder(test_further_segments),
		harness_in_folder(test_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

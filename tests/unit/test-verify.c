#include "takes/verify.h"

#include "takes/edit.h"
#include "tests/unit/flac-audio.h"
#include "tests/unit/plant.h"

#include <errno.h>

#define ID "20261122-190311-thursday"
#define MASTER "master.flac"

enum { FRAMES = 20000, PART = 7000 };

static void write_flac(const char *folder, const char *name, uint32_t rate, size_t frames, struct hash *hash)
{
	struct flac_format format = {.rate = rate, .channels = 1, .bits = 24};
	struct audio audio = make_audio(&format, frames, 0.1);
	struct error e = {""};
	char *path = file_join(folder, name);
	unlink(path);
	write_file(path, &audio, 1, 4096);
	if (hash && hash_file(path, hash, &e) < 0)
		fail_msg("%s", e.text);
	free(path);
	free_audio(&audio);
}

/* Two tracks, one of them in two segments, a master and something that is no FLAC. */
struct sound {
	struct take_track tracks[2];
	struct take_render renders[2];
	struct take_segment more[1];
	struct take_gap gaps[1];
	struct manifest take;
};

static char *plant_sound(const char *takes, struct sound *sound)
{
	*sound = (struct sound){.take = plant_manifest()};
	static char keys[] = "raw/02-keys.flac", more[] = "raw/02-keys.2.flac", kick[] = "raw/01-kick.flac",
		    name[] = "x", master[] = MASTER, mp3[] = "master.mp3";
	sound->more[0] = (struct take_segment){.frame = PART, .file = more};
	sound->tracks[0] = (struct take_track){.index = 1, .name = name, .file = kick, .frames = FRAMES};
	sound->tracks[1] = (struct take_track){.index = 2,
		.name = name,
		.file = keys,
		.segments = sound->more,
		.segment_count = 1,
		.frames = FRAMES};
	sound->renders[0].file = master;
	sound->renders[1].file = mp3;
	char *folder = plant_take(takes, ID);
	write_flac(folder, kick, 48000, FRAMES, &sound->tracks[0].hash);
	write_flac(folder, keys, 48000, PART + 100, &sound->tracks[1].hash);
	write_flac(folder, more, 48000, FRAMES - PART, &sound->more[0].hash);
	write_flac(folder, master, 44100, FRAMES / 2, &sound->renders[0].hash);
	char *path = file_join(folder, mp3);
	struct error e = {""};
	harness_put(path, "no sound", 8);
	assert_int_equal(hash_file(path, &sound->renders[1].hash, &e), 0);
	free(path);
	sound->take.state = TAKE_MASTERED;
	sound->take.frames = FRAMES;
	sound->take.tracks = sound->tracks;
	sound->take.track_count = 2;
	sound->take.renders = sound->renders;
	sound->take.render_count = 2;
	return folder;
}

struct told {
	int files, unchecked;
	char faults[4][600]; /* "file: fault" */
	int fault_count;
};

static void tell(void *data, const struct verification *file)
{
	struct told *told = data;
	told->files++;
	told->unchecked += file->unchecked;
	if (file->fault)
		snprintf(told->faults[told->fault_count++ % 4], sizeof(told->faults[0]), "%s: %s", file->file,
			file->fault);
}

static int verify(const char *folder, const struct sound *sound, struct told *told)
{
	struct error e = {""};
	if (manifest_save(&sound->take, folder, &e) < 0)
		fail_msg("%s", e.text);
	*told = (struct told){0};
	return verify_take(folder, tell, told, &e);
}

static void test_sound(void **state)
{
	struct sound sound;
	struct told told;
	char *folder = plant_sound(*state, &sound);
	assert_int_equal(verify(folder, &sound, &told), 0);
	assert_int_equal(told.files, 5);
	assert_int_equal(told.unchecked, 0);
	static char file[] = "presets/mix/rock.yaml";
	struct take_preset preset = {.file = file};
	struct error e = {""};
	char *path = file_join(folder, file), *of = file_folder(path);
	assert_int_equal(file_make_folders(of, &e), 0);
	harness_put(path, "help: x\n", 8);
	assert_int_equal(hash_file(path, &preset.hash, &e), 0);
	sound.take.presets = &preset;
	sound.take.preset_count = 1;
	assert_int_equal(verify(folder, &sound, &told), 0);
	assert_int_equal(told.files, 6);
	harness_put(path, "help: y\n", 8);
	assert_int_equal(verify(folder, &sound, &told), 1);
	assert_memory_equal(told.faults[0], "presets/mix/rock.yaml: its SHA-256 is ", 38);
	sound.take.preset_count = 0;
	free(of);
	free(path);
	sound.take.state = TAKE_RENDERING;
	sound.renders[0].hash.crc32[0] = '\0';
	assert_int_equal(verify(folder, &sound, &told), 0);
	assert_int_equal(told.files, 5);
	assert_int_equal(told.unchecked, 2);
	free(folder);
}

static void flip(const char *path)
{
	size_t size;
	char *data = harness_get(path, &size);
	data[size / 2] ^= 0x10;
	harness_put(path, data, size);
	free(data);
}

static void cut(const char *path)
{
	size_t size;
	char *data = harness_get(path, &size);
	harness_put(path, data, size - 100);
	free(data);
}

static void take_away(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

static void make_folder(const char *path)
{
	take_away(path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void test_spoilt_files(void **state)
{
	static const struct {
		const char *file;
		void (*spoil)(const char *path);
		const char *fault;
	} cases[] = {
		{"raw/01-kick.flac", take_away, "missing"},
		{"raw/01-kick.flac", flip, "SHA-256"},
		{"raw/01-kick.flac", cut, "bytes, not"},
		{"raw/01-kick.flac", make_folder, "no plain file"},
		{"raw/02-keys.2.flac", take_away, "missing"},
		{"raw/02-keys.2.flac", flip, "raw/02-keys.2.flac"},
		{"raw/02-keys.2.flac", cut, "raw/02-keys.2.flac"},
		{MASTER, flip, "SHA-256"},
		{"master.mp3", take_away, "missing"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct sound sound;
		struct told told;
		char *takes = memory_format("%s/%zu", (char *)*state, i);
		char *folder = plant_sound(takes, &sound), *path = file_join(folder, cases[i].file);
		cases[i].spoil(path);
		int faults = verify(folder, &sound, &told);
		if (faults != 1 || strncmp(told.faults[0], cases[i].file, strlen(cases[i].file)) != 0 ||
			!strstr(told.faults[0], cases[i].fault))
			fail_msg("%zu: %d, %s", i, faults, told.faults[0]);
		assert_int_equal(told.files, 5);
		free(path);
		free(folder);
		free(takes);
	}
}

/* What a file may hold of its part of the take, all hashes being right. */
static void test_segments(void **state)
{
	static const struct {
		uint64_t frame, gap_frame, gap_frames;
		uint32_t rate;
		size_t frames;
		const char *fault; /* NULL: none */
	} cases[] = {
		{PART, 0, 0, 48000, FRAMES - PART, NULL},
		{0, 0, 0, 48000, FRAMES, NULL}, /* nothing of the first file is in force */
		{PART, 0, 0, 44100, FRAMES - PART, "44100 Hz, not 48000"},
		{PART, 0, 0, 48000, FRAMES - PART - 1, "12999 frames, not 13000"},
		{PART, 0, 0, 48000, FRAMES - PART + 1, "13001 frames, not 13000"},
		{PART, FRAMES - 1, 1, 48000, FRAMES - PART - 1, NULL},
		{PART + 300, 0, 0, 48000, FRAMES - PART - 300, "7100 frames, not 7300"},
		{PART + 300, PART + 100, 200, 48000, FRAMES - PART - 300, NULL},
		{PART + 300, PART + 101, 199, 48000, FRAMES - PART - 300, "7100 frames, not 7300"},
		{PART + 300, PART + 100, 199, 48000, FRAMES - PART - 300, "7100 frames, not 7300"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct sound sound;
		struct told told;
		char *takes = memory_format("%s/%zu", (char *)*state, i);
		char *folder = plant_sound(takes, &sound);
		write_flac(folder, sound.more[0].file, cases[i].rate, cases[i].frames, &sound.more[0].hash);
		sound.more[0].frame = cases[i].frame;
		sound.gaps[0] = (struct take_gap){cases[i].gap_frame, cases[i].gap_frames, GAP_DISK};
		sound.tracks[1].gaps = sound.gaps;
		sound.tracks[1].gap_count = cases[i].gap_frames > 0;
		int faults = verify(folder, &sound, &told);
		if (faults != (cases[i].fault != NULL) ||
			(cases[i].fault && !strstr(told.faults[0], cases[i].fault)))
			fail_msg("%zu: %d, %s", i, faults, told.faults[0]);
		free(folder);
		free(takes);
	}
}

/* Its disk failed, and took not even its header any more. */
static void test_uncounted(void **state)
{
	struct sound sound;
	struct told told;
	struct error e = {""};
	char *folder = plant_sound(*state, &sound);
	for (int i = 0; i < 2; i++) {
		char *file = i ? sound.more[0].file : sound.tracks[1].file;
		struct hash *hash = i ? &sound.more[0].hash : &sound.tracks[1].hash;
		struct audio audio = make_audio(&(struct flac_format){48000, 1, 24}, 4 * FLAC_BLOCK + 1, 0.1);
		char *path = file_join(folder, file);
		unlink(path);
		struct flac_writer *writer = create(path, &audio.format, 1);
		write_audio(writer, &audio, FLAC_BLOCK);
		assert_int_equal(flac_writer_flush(writer, &e), 0);
		flac_writer_destroy(writer);
		assert_int_equal(hash_file(path, hash, &e), 0);
		free(path);
		free_audio(&audio);
		/* The last file has no such excuse. */
		assert_int_equal(verify(folder, &sound, &told), i);
	}
	assert_non_null(strstr(told.faults[0], "it says it has 0 frames"));
	free(folder);
}

static void test_spoilt_manifests(void **state)
{
	struct sound good, sound;
	struct told told;
	char *folder = plant_sound(*state, &good);
	sound = good;
	sound.take.tracks = sound.tracks;
	sound.take.renders = sound.renders;
	char *digit = sound.tracks[0].hash.sha256;
	*digit = *digit == '0' ? '1' : '0';
	assert_int_equal(verify(folder, &sound, &told), 1);
	sound.tracks[0].hash = good.tracks[0].hash;
	memcpy(sound.tracks[0].hash.crc32,
		strcmp(good.tracks[0].hash.crc32, "00000000") ? "00000000" : "11111111", 8);
	assert_int_equal(verify(folder, &sound, &told), 1);
	assert_non_null(strstr(told.faults[0], "CRC-32"));
	sound.tracks[0].hash.crc32[0] = '\0';
	assert_int_equal(verify(folder, &sound, &told), 1);
	assert_non_null(strstr(told.faults[0], "no checksum"));
	sound.tracks[0].hash = good.tracks[0].hash;
	sound.take.frames = FRAMES + 1; /* the take's alone: each track is wrong */
	assert_int_equal(verify(folder, &sound, &told), 2);
	sound.take.frames = FRAMES;
	sound.take.rate = 44100; /* every raw file */
	assert_int_equal(verify(folder, &sound, &told), 3);
	free(folder);
}

static void test_refused(void **state)
{
	struct sound sound;
	struct told told;
	struct error e = {""};
	char *folder = plant_sound(*state, &sound);
	sound.take.state = TAKE_RECORDING;
	assert_int_equal(verify(folder, &sound, &told), -EBUSY);
	assert_int_equal(told.files, 0);
	assert_int_equal(verify_take("/nowhere", tell, &told, &e), -ENOENT);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_sound),
		harness_in_folder(test_spoilt_files),
		harness_in_folder(test_segments),
		harness_in_folder(test_uncounted),
		harness_in_folder(test_spoilt_manifests),
		harness_in_folder(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

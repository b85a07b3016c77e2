#include "tests/unit/cut-off-take.h"

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
		assert_true(take.keep); /* perhaps it was, and nobody can tell */
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

/* Returns the file's path; the caller's to free. */
static char *record_long(const char *folder, int track)
{
	char *path = file_join(folder, files[track]);
	struct audio audio = make_audio(&mono, 20 * 48000, 0.39);
	unlink(path);
	struct flac_writer *writer = create(path, &mono, 0);
	write_audio(writer, &audio, 4096);
	flac_writer_destroy(writer);
	free_audio(&audio);
	return path;
}

/* Damage deep inside is no torn tail: the file as it was is kept. What it costs is told. */
static void test_damage_deep_inside(void **state)
{
	char *folder = cut_off_take(*state), *path = record_long(folder, 0);
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
	assert_null(take.error);
	manifest_finish(&take);
	save(folder, TAKE_RECORDING);
	free(record_long(folder, 1));
	assert_int_equal(recover(*state).outcome, RECOVERY_RECOVERED);
	take = load(folder);
	assert_true(take.tracks[0].padded > 15 * 48000);
	assert_non_null(take.error);
	assert_non_null(strstr(take.error, "raw/01-kick.flac: its last "));
	manifest_finish(&take);
	free(path);
	free(folder);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_spoilt_tracks),
		harness_in_folder(test_nothing_recorded),
		harness_in_folder(test_leftovers),
		harness_in_folder(test_lost_manifest),
		harness_in_folder(test_wrong_manifest),
		harness_in_folder(test_damage_deep_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a take's waveforms are called, and that damage to one file costs no other. */
#include "appliance/waveforms.h"
#include "tests/unit/flac-audio.h"

#include <jansson.h>

enum { FRAMES = 5000, RATE = 48000 };

static void test_names(void **unused)
{
	static struct {
		char *file;
		const char *name;
	} rows[] = {
		{"raw/01-kick.flac", "peaks/kick.json"},
		{"raw/02-gtr-l.flac", "peaks/02-gtr-l.json"}, /* the same but for what a file cannot say */
		{"raw/03-gtr-l.flac", "peaks/03-gtr-l.json"},
		{"raw/04-mix.flac", "peaks/04-mix.json"},
		{"raw/05-master.flac", "peaks/05-master.json"},
		{"raw/06-mixer.flac", "peaks/mixer.json"},
		{"raw/07-808.flac", "peaks/808.json"},
		{"raw/100-100-percent.flac", "peaks/100-percent.json"},
		{"x.flac", "peaks/x.json"},
	};
	struct take_track tracks[TABLE_SIZE(rows)] = {0};
	struct manifest take = {.tracks = tracks, .track_count = TABLE_SIZE(rows)};
	(void)unused;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++)
		tracks[i].file = rows[i].file;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		char *name = waveforms_name(&take, i);
		assert_string_equal(name, rows[i].name);
		free(name);
	}
}

static struct manifest make_take(const char *folder)
{
	const struct flac_format mono = {RATE, 1, 24}, stereo = {RATE, 2, 24};
	struct audio track = make_audio(&mono, FRAMES, 0.1), mix = make_audio(&stereo, FRAMES - 8, 0.1);
	char *raw = file_join(folder, "raw/01-kick.flac"), *mixed = file_join(folder, "mix.flac");
	char *folders = file_join(folder, "raw");
	struct error e = {""};
	assert_int_equal(file_make_folders(folders, &e), 0);
	write_file(raw, &track, 0, BLOCK);
	write_file(mixed, &mix, 0, BLOCK);
	free_audio(&track);
	free_audio(&mix);
	free(folders);
	free(mixed);
	free(raw);
	struct manifest take = {.rate = RATE, .frames = FRAMES, .track_count = 1};
	take.tracks = memory_array(1, sizeof(*take.tracks));
	take.tracks[0] = (struct take_track){
		.index = 1, .file = memory_text("raw/01-kick.flac"), .frames = FRAMES, .input_count = 1};
	return take;
}

static void finish_take(struct manifest *take)
{
	free(take->tracks[0].file);
	free(take->tracks);
}

static json_t *load(const char *folder, const char *name)
{
	char *path = file_join(folder, name);
	json_t *json = json_load_file(path, 0, NULL);
	free(path);
	return json;
}

static void test_take(void **state)
{
	struct manifest take = make_take(*state);
	struct waveforms_job job = {.take = &take, .folder = *state, .mix_frames = FRAMES - 8};
	struct error e = {""};
	for (int again = 0; again < 2; again++)
		if (waveforms_make(&job, &e) < 0)
			fail_msg("%s", e.text);
	static const struct {
		const char *name;
		int channels, length;
	} rows[] = {{"peaks/kick.json", 1, 79}, {"peaks/mix.json", 2, 78}};
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		json_t *json = load(*state, rows[i].name), *data = json_object_get(json, "data");
		assert_int_equal(json_integer_value(json_object_get(json, "channels")), rows[i].channels);
		assert_int_equal(json_integer_value(json_object_get(json, "length")), rows[i].length);
		assert_int_equal(json_array_size(data), 2 * rows[i].channels * rows[i].length);
		assert_int_equal(json_integer_value(json_array_get(data, 0)), -128); /* make_audio's */
		assert_int_equal(json_integer_value(json_array_get(data, 1)), 127);
		json_decref(json);
	}
	assert_null(load(*state, "peaks/master.json"));
	finish_take(&take);
}

static void break_file(const char *folder, const char *name)
{
	char *path = file_join(folder, name);
	harness_put(path, "no sound", 8);
	free(path);
}

static void test_bad_files(void **state)
{
	static const char *const broken[] = {"raw/01-kick.flac", "mix.flac"};
	for (size_t i = 0; i < TABLE_SIZE(broken); i++) {
		struct manifest take = make_take(*state);
		struct waveforms_job job = {.take = &take, .folder = *state, .mix_frames = FRAMES - 8};
		struct error e = {""};
		break_file(*state, broken[i]);
		assert_true(waveforms_make(&job, &e) < 0);
		assert_non_null(strstr(e.text, broken[i]));
		assert_null(load(*state, "peaks/mix.json"));
		finish_take(&take);
		char *path = file_join(*state, broken[0]);
		unlink(path);
		free(path);
		path = file_join(*state, broken[1]);
		unlink(path);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		harness_in_folder(test_take),
		harness_in_folder(test_bad_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

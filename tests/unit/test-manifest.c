#include "tests/unit/manifest-text.h"

#include <errno.h>
#include <math.h>

static void load_whole(const char *folder, struct manifest *manifest)
{
	struct error e = {""};
	if (load_text(folder, whole, strlen(whole), manifest, &e) < 0)
		fail_msg("%s", e.text);
}

static void test_load(void **state)
{
	struct manifest manifest;
	load_whole(*state, &manifest);
	assert_string_equal(manifest.id, "20261122-190311-thursday");
	assert_null(manifest.artist);
	assert_int_equal(manifest.state, TAKE_RECORDED);
	assert_true(manifest.keep && !manifest.recovered);
	assert_int_equal(manifest.started_ns, INT64_C(1795374191123456000));
	assert_int_equal(manifest.rate, 48000);
	assert_int_equal(manifest.interface_count, 1);
	assert_int_equal(manifest.interfaces[0].gaps[0].cause, GAP_UNPLUGGED);
	assert_int_equal(manifest.interfaces[0].gaps[0].frames, 1024);
	assert_int_equal(manifest.interfaces[0].gaps_more, 40);
	assert_int_equal(manifest.interfaces[0].gap_frames_more, 10240);
	assert_int_equal(manifest.interfaces[0].suspected_count, 2);
	assert_int_equal(manifest.interfaces[0].suspected_total, 2);
	assert_int_equal(manifest.interfaces[0].suspected[0].frames, 48);
	assert_int_equal(manifest.interfaces[0].suspected[1].frames, 0);
	assert_int_equal(manifest.interfaces[0].suspected[1].kind, SUSPECT_JUMP);
	assert_true(manifest.interfaces[0].ppm == 12.4);
	assert_int_equal(manifest.track_count, 2);
	const struct take_track *kick = &manifest.tracks[0];
	assert_int_equal(take_track_files(kick), 3);
	assert_string_equal(take_track_segment(kick, 0).file, "raw/01-kick.flac");
	assert_string_equal(take_track_segment(kick, 0).hash.sha256, SHA);
	assert_string_equal(take_track_segment(kick, 2).file, "raw/01-kick.3.flac");
	assert_int_equal(take_track_segment(kick, 2).frame, 960000);
	assert_int_equal(take_track_segment_end(kick, 0, 1), 480000);
	assert_int_equal(take_track_segment_end(kick, 2, 28800000), 28800000);
	assert_string_equal(take_track_hash(&manifest.tracks[0], 1)->crc32, "352441c2");
	assert_int_equal(kick->gap_count, 1);
	assert_int_equal(kick->gaps[0].cause, GAP_DISK);
	assert_string_equal(manifest.tracks[0].hash.sha256, SHA);
	assert_true(isnan(manifest.tracks[1].peak_dbfs) && isnan(manifest.tracks[1].lufs));
	assert_string_equal(manifest.tracks[1].hash.sha256, "");
	assert_string_equal(manifest.tracks[1].inputs[1], "xr18/12");
	assert_int_equal(manifest.markers[0].kind, MARKER_SECTION);
	assert_true(manifest.renders[0].dbtp == -1);
	manifest_finish(&manifest);
	manifest_finish(&manifest);
}

static void test_round_trip_is_identical(void **state)
{
	struct manifest manifest;
	struct error e = {""};
	load_whole(*state, &manifest);
	if (manifest_save(&manifest, *state, &e) < 0)
		fail_msg("%s", e.text);
	char *path = file_join(*state, "take.json");
	size_t size;
	char *saved = harness_get(path, &size), *text = manifest_json(&manifest);
	assert_string_equal(saved, whole);
	assert_string_equal(text, whole);
	free(text);
	free(saved);
	free(path);
	manifest_finish(&manifest);
}

static void test_what_may_be_left_out(void **state)
{
	static const struct {
		const char *after, *from, *to;
	} cases[] = {
		{"", "  \"keep\": true,\n", ""},
		{"", "  \"artist\": null,\n", ""},
		{"", "  \"error\": null,\n", "  \"error\": \"disk full\",\n"},
		{"", "\"role\": \"kick\",", ""},
		{"", "\"ppm\": 12.4,", ""},
		{"", "\"clock\": \"shared\",", ""},
		{"", "\"clock_log\": \"clock/01-xr18.csv\",", ""},
		{"", "\"ppm\": 12.4,", "\"ppm\": 12,"},
		{"", "\"format\": 1,", "\"format\": 1, \"colour\": {\"new\": [1, 2]},"},
		{"", "\"index\": 1,", "\"index\": 1, \"mood\": null,"},
		{"", ".123456Z", "Z"},
		{"keys", "\"sha256\": null,", ""},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *text = changed(cases[i].after, cases[i].from, cases[i].to);
		struct manifest manifest;
		struct error e = {""};
		if (load_text(*state, text, strlen(text), &manifest, &e) < 0)
			fail_msg("%s: %s", cases[i].to, e.text);
		manifest_finish(&manifest);
		free(text);
	}
}

static void test_no_manifest(void **state)
{
	struct manifest manifest;
	struct error e = {""};
	assert_int_equal(manifest_load(&manifest, *state, &e), -ENOENT);
	assert_non_null(strstr(e.text, "take.json"));
}

static void test_save_refuses_what_would_not_load(void **state)
{
	struct manifest manifest;
	struct error e = {""};
	load_whole(*state, &manifest);
	manifest.rate = 0;
	assert_int_equal(manifest_save(&manifest, *state, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "rate"));
	manifest_finish(&manifest);
	assert_int_equal(manifest_load(&manifest, *state, &e), 0);
	assert_int_equal(manifest.rate, 48000);
	manifest_finish(&manifest);
}

static void test_figures_are_rounded(void **state)
{
	static const struct {
		double value;
		const char *peak, *ppm;
	} cases[] = {
		{-6.2, "-6.2,", "-6.2,"},
		{-6.23456, "-6.23,", "-6.235,"},
		{-0.001, "0.0,", "-0.001,"},
		{0, "0.0,", "0.0,"},
		{-120.004, "-120.0,", "-120.004,"},
		{-INFINITY, "null,", "null,"},
		{NAN, "null,", "null,"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct manifest manifest;
		load_whole(*state, &manifest);
		manifest.tracks[0].peak_dbfs = manifest.interfaces[0].ppm = cases[i].value;
		char *text = manifest_json(&manifest);
		char *peak = memory_format("\"peak_dbfs\": %s", cases[i].peak);
		char *ppm = memory_format("\"ppm\": %s", cases[i].ppm);
		assert_non_null(strstr(text, peak));
		assert_non_null(strstr(text, ppm));
		free(ppm);
		free(peak);
		free(text);
		manifest_finish(&manifest);
	}
}

/* A device may call itself anything; the take must survive that. */
static void test_text_that_is_no_utf8(void **state)
{
	struct manifest manifest;
	struct error e = {""};
	load_whole(*state, &manifest);
	free(manifest.interfaces[0].node);
	manifest.interfaces[0].node = memory_text("usb \xff\xfe \"mixer\"\n");
	assert_int_equal(manifest_save(&manifest, *state, &e), 0);
	manifest_finish(&manifest);
	assert_int_equal(manifest_load(&manifest, *state, &e), 0);
	assert_string_equal(manifest.interfaces[0].node, "usb ?? \"mixer\"\n");
	manifest_finish(&manifest);
}

static void test_set_render(void **state)
{
	struct manifest manifest;
	load_whole(*state, &manifest);
	char file[] = "mix.flac";
	struct take_render render = {.file = file, .lufs = -20, .dbtp = NAN};
	manifest_set_render(&manifest, &render);
	assert_int_equal(manifest.render_count, 2);
	render.lufs = -18;
	manifest_set_render(&manifest, &render);
	file[0] = 'f';
	assert_int_equal(manifest.render_count, 2);
	assert_string_equal(manifest.renders[1].file, "mix.flac");
	assert_true(manifest.renders[1].lufs == -18);
	assert_string_equal(manifest.renders[0].file, "master.flac");
	manifest_finish(&manifest);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(take_state_name(TAKE_RECORDING), "recording");
	assert_string_equal(take_state_name(TAKE_FAILED), "failed");
	assert_string_equal(gap_cause_name(GAP_MISSED), "missed");
	assert_string_equal(gap_cause_name(GAP_DRIVER), "driver");
	assert_string_equal(suspect_kind_name(SUSPECT_JUMP), "jump");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_load),
		harness_in_folder(test_round_trip_is_identical),
		harness_in_folder(test_what_may_be_left_out),
		harness_in_folder(test_no_manifest),
		harness_in_folder(test_save_refuses_what_would_not_load),
		harness_in_folder(test_figures_are_rounded),
		harness_in_folder(test_text_that_is_no_utf8),
		harness_in_folder(test_set_render),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

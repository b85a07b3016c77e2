#include "tests/unit/manifest-text.h"

#include <errno.h>

static const struct {
	const char *from, *to;
	const char *message; /* a part of it */
} bad[] = {
	{"\"format\": 1,", "", "format: missing"},
	{"\"format\": 1,", "\"format\": 2,", "format: 2"},
	{"\"format\": 1,", "\"format\": \"1\",", "format: missing"},
	{"\"id\": \"20261122-190311-thursday\"", "\"id\": \"../../etc\"", ": id: must"},
	{"\"id\": \"20261122-190311-thursday\"", "\"id\": \"20261122-190311-\"", ": id: must"},
	{"\"id\": \"20261122-190311-thursday\",", "", ": id: missing"},
	{"\"session\": \"thursday\"", "\"session\": null", ": session: must be a text"},
	{"\"session\": \"thursday\"", "\"session\": [\"thursday\"]", ": session: must be a text"},
	{"\"title\": \"Night Bus\"", "\"title\": 7", ": title: must be a text"},
	{"\"recorded\"", "\"playing\"",
		": state: must be one of recording recorded rendering mastered failed"},
	{"\"recorded\"", "1", ": state: must be one of"},
	{"\"recorded\"", "null", ": state: must be one of"},
	{"\"recovered\": false", "\"recovered\": 0", ": recovered: must be true or false"},
	{"\"recovered\": false,", "", ": recovered: missing"},
	{"\"keep\": true", "\"keep\": \"yes\"", ": keep: must be true or false"},
	{"2026-11-22T19", "2026-11-22 19", ": started: must be a time"},
	{"2026-11-22T", "9999-11-22T", ": started: must be a time"},
	{"2026-11-22T", "2026-13-22T", ": started: must be a time"},
	{"123456Z", "123456+01:00", ": started: must be a time"},
	{"\"rate\": 48000", "\"rate\": 0", ": rate: must be"},
	{"\"rate\": 48000", "\"rate\": -48000", ": rate: must be"},
	{"\"rate\": 48000", "\"rate\": 4294967296", ": rate: must be"},
	{"\"rate\": 48000", "\"rate\": 48000.0", ": rate: must be"},
	{"\"frames\": 28800000", "\"frames\": -1", ": frames: must be"},
	{"\"frames\": 28800000", "\"frames\": 9007199254740993", ": frames: must be"},
	{"\"frames\": 28800000", "\"frames\": 28800000.5", ": frames: must be"},
	{"\"frames\": 28800000", "\"frames\": 99999999999999999999", "take.json:13:"},
	{"\"frames\": 28800000,", "", ": frames: missing"},
	{"\"pre_roll_frames\": 480000", "\"pre_roll_frames\": null", ": pre_roll_frames: must be"},
	{"\"interfaces\": [", "\"interfaces\": 1, \"x\": [", ": interfaces: must be a list"},
	{"\"interfaces\": [", "\"interfaces\": [1,", ": interfaces[0]: must be an object"},
	{"\"node\": \"alsa_input.usb\"", "\"node\": false", ": interfaces[0].node: must be a text"},
	{"\"ppm\": 12.4", "\"ppm\": \"12.4\"", ": interfaces[0].ppm: must be a number or null"},
	{"\"shared\"", "\"borrowed\"", ": interfaces[0].clock: "},
	{"clock/01-xr18.csv", "../01-xr18.csv", ": interfaces[0].clock_log: "},
	{"\"gaps\": [", "\"gaps\": {}, \"x\": [", ": interfaces[0].gaps: must be a list"},
	{"\"unplugged\"", "\"bored\"", ": interfaces[0].gaps[0].cause: must be one of"},
	{"\"zeros\"", "\"ghosts\"", ": interfaces[0].suspected[0].kind: must be one of zeros jump"},
	{"\"frames\": 48,", "\"frames\": 0,",
		": interfaces[0].suspected[0].frames: must be a whole number from 1"},
	{"\"suspected_total\": 2", "\"suspected_total\": -2",
		": interfaces[0].suspected_total: must be a whole"},
	{"\"frame\": 96000", "\"frame\": -96000", ": interfaces[0].gaps[0].frame: must be"},
	{"\"tracks\": [", "\"tracks\": null, \"x\": [", ": tracks: must be a list"},
	{"\"index\": 2", "\"index\": 0", ": tracks[1].index: must be"},
	{"\"index\": 2", "\"index\": 1e99", ": tracks[1].index: must be"},
	{"\"index\": 1", "\"index\": 2147483648", ": tracks[0].index: must be"},
	{"\"name\": \"keys\",", "", ": tracks[1].name: missing"},
	{"\"xr18/12\"", "12", ": tracks[1].inputs[1]: must be a text"},
	{"\"raw/01-kick.flac\"", "null", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"/etc/passwd\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw/../../x\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"..\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw/./x\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw//x\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw/\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw/a\\nb\"", ": tracks[0].file: must be the name"},
	{"\"raw/01-kick.flac\"", "\"raw/a\\u0000b\"", "take.json:"},
	{"\"raw/01-kick.3.flac\"", "\"../x\"", ": tracks[0].segments[1].file: must be the name"},
	{"\"segments\": [", "\"segments\": \"x\", \"y\": [", ": tracks[0].segments: must be a list"},
	{"\"bytes\": 86400000", "\"bytes\": -1", ": tracks[0].bytes: must be"},
	{"\"bytes\": 86400000,", "", ": tracks[0].bytes: missing"},
	{SHA, "BA7816", ": tracks[0].segments[0].sha256: must be 64"},
	{"\"352441c2\"", "\"352441C2\"", ": tracks[0].segments[0].crc32: must be 8"},
	{"\"352441c2\"", "890519970", ": tracks[0].segments[0].crc32: must be 8"},
	{"\"peak_dbfs\": -6.2", "\"peak_dbfs\": true", ": tracks[0].peak_dbfs: must be a number or null"},
	{"\"lufs\": -23.1", "\"lufs\": -1e999", "take.json:"},
	{"\"clipped\": 3", "\"clipped\": -3", ": tracks[0].clipped: must be"},
	{"\"chorus\"", "{}", ": markers[0].label: must be a text"},
	{"\"section\"", "\"verse\"", ": markers[0].kind: must be one of user section song"},
	{"\"markers\": [", "\"x\": [", ": markers: missing"},
	{"\"master.flac\"", "\"../master.flac\"", ": renders[0].file: must be the name"},
	{"\"renders\": [", "\"renders\": [[],", ": renders[0]: must be an object"},
	{"\"dbtp\": -1.0", "\"dbtp\": []", ": renders[0].dbtp: must be a number or null"},
	{"\"session\": \"thursday\"", "\"session\": \"a\", \"session\": \"b\"", "take.json:4:"},
	{"\"Night Bus\"", "\"Night \xff\"", "take.json:"},
	{"  ]\n}\n", "  ]\n", "take.json:"},
	{"  ]\n}\n", "  ]\n}\n}", "take.json:"},
};

static void refuse_text(const char *folder, const char *text, size_t size, const char *message)
{
	struct manifest manifest;
	struct error e = {""};
	int result = load_text(folder, text, size, &manifest, &e);
	if (result != -EBADMSG || !strstr(e.text, message) || !strstr(e.text, folder) || strchr(e.text, '\n'))
		fail_msg("%s expected, %d %s", message, result, e.text);
	static const struct manifest none;
	assert_memory_equal(&manifest, &none, sizeof(none));
}

static void test_bad_manifests(void **state)
{
	for (size_t i = 0; i < TABLE_SIZE(bad); i++) {
		char *text = changed("", bad[i].from, bad[i].to);
		refuse_text(*state, text, strlen(text), bad[i].message);
		free(text);
	}
}

static void test_bad_documents(void **state)
{
	refuse_text(*state, "", 0, "take.json:1:");
	refuse_text(*state, "{}", 2, "format: missing");
	refuse_text(*state, "[]", 2, "format: missing");
	refuse_text(*state, "\0\0\0\0", 4, "take.json:1:");
	refuse_text(*state, "{\"format\": 1}", 13, ": id: missing");
	enum { DEEP = 100000 };
	char *deep = memory_array(DEEP, 1);
	memset(deep, '[', DEEP);
	refuse_text(*state, deep, DEEP, "take.json:1:");
	free(deep);
}

static void test_every_cut_is_refused(void **state)
{
	for (size_t size = 0; size < strlen(whole) - 2; size += 7)
		refuse_text(*state, whole, size, "take.json:");
}

static void test_too_large(void **state)
{
	size_t size = (16U << 20) + 1;
	char *text = memory_array(size, 1);
	memset(text, ' ', size);
	struct manifest manifest;
	struct error e = {""};
	assert_int_equal(load_text(*state, text, size, &manifest, &e), -EFBIG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_bad_manifests),
		harness_in_folder(test_bad_documents),
		harness_in_folder(test_every_cut_is_refused),
		harness_in_folder(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

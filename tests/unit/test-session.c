#include "common/text.h"
#include "config/session.h"
#include "expect-faults.h"
#include "fake-processors.h"
#include "tests/unit/one-file.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static struct interface_config interfaces[] = {{"xr18", "*XR18*", 18, 0}, {"desk", "*desk*", 0, 0}};
static const struct appliance appliance = {.interfaces = {interfaces, 2}};

static struct faults faults;
static int load(struct session *session, const char *text)
{
	put("f", text);
	faults_init(&faults, "f");
	return session_load(session, "f", &processors, &appliance, &faults);
}

static void load_good(struct session *session, const char *text)
{
	if (load(session, text) == 0 && faults.count == 0)
		faults_finish(&faults);
	else
		expect_faults(&faults, "");
}

static const struct track_config *track(const struct session *session, size_t index)
{
	const struct track_config *tracks = session->tracks.items;
	assert_true(index < session->tracks.count);
	return &tracks[index];
}

static const char *insert(const struct key_list *chain, size_t index)
{
	const struct key_insert *inserts = chain->items;
	assert_true(index < chain->count);
	return inserts[index].type->name;
}

static void test_defaults(void **state)
{
	(void)state;
	struct session session;
	faults_init(&faults, "f");
	assert_int_equal(session_load(&session, NULL, &processors, NULL, &faults), 0);
	assert_string_equal(session.name, "session");
	assert_string_equal(session.edit.preset, "none");
	assert_string_equal(session.mix.preset, "rock");
	assert_string_equal(session.master.preset, "streaming");
	assert_true(session.master.loudness_lufs == -14 && session.master.true_peak_dbtp == -1);
	assert_int_equal(session.master.formats, 1u << MASTER_FLAC);
	assert_int_equal(session.tracks.count, 0);
	assert_int_equal(session.chain_of_mix.count, 2);
	assert_null(session.song.title);
	session_finish(&session);
	session_finish(&session);
	expect_faults(&faults, "");
}

static const char whole[] =
	"woodshed: 1\n"
	"name: thursday\n"
	"song: {title: Night Bus, artist: The Trays, genre: rock, key: Em, tempo: 92, meter: 4/4}\n"
	"tracks:\n"
	"  - {name: kick, input: xr18/1, role: kick}\n"
	"  - name: vox\n"
	"    input: xr18/9\n"
	"    role: lead-vocal\n"
	"    chain:\n"
	"      - highpass: {frequency: 90 Hz, slope: 24}\n"
	"      - eq: {bands: [{type: peak, frequency: 300 Hz, gain: -2 dB, q: 1.2}]}\n"
	"    gain: -3 dB\n"
	"    pan: R10\n"
	"  - {name: keys, input: [xr18/11, xr18/12], role: keys, chain+: [compressor], mute: true}\n"
	"  - {name: flat, input: desk/64, role: snare, chain: [], solo: true}\n"
	"edit: {preset: none}\n"
	"mix: {preset: rock, balance: off}\n"
	"master: {preset: apple, true_peak: -2 dBTP, formats: [flac, mp3], rate: 96 kHz}\n";

static void test_whole(void **state)
{
	(void)state;
	struct session session;
	load_good(&session, whole);
	assert_string_equal(session.name, "thursday");
	assert_string_equal(session.song.title, "Night Bus");
	assert_true(session.song.tempo_bpm == 92);
	const struct track_config *kick = track(&session, 0), *vox = track(&session, 1);
	assert_int_equal(kick->chain.count, 3);
	assert_string_equal(insert(&kick->chain, 0), "highpass");
	assert_string_equal(insert(&kick->chain, 2), "compressor");
	assert_true(kick->gain_db == 0 && kick->pan == 0);
	assert_int_equal(vox->chain.count, 2);
	assert_true(vox->gain_db == -3 && vox->pan == 10);
	const struct key_insert *inserts = vox->chain.items;
	const struct pass *pass = inserts[0].settings;
	assert_true(pass->frequency_hz == 90 && pass->slope_db == 24);
	const struct track_config *keys = track(&session, 2), *flat = track(&session, 3);
	assert_int_equal(keys->input.count, 2);
	assert_string_equal(((char **)keys->input.items)[1], "xr18/12");
	assert_int_equal(keys->chain.count, 4);
	assert_true(keys->gain_db == -6 && keys->mute && !keys->solo);
	assert_null(keys->chain_added.items);
	assert_int_equal(flat->chain.count, 0);
	assert_true(flat->gain_db == -1 && flat->solo);
	assert_true(session.master.loudness_lufs == -16 && session.master.true_peak_dbtp == -2);
	session_finish(&session);
}

static void test_null_test(void **state)
{
	(void)state;
	struct session session;
	load_good(&session, "mix: {preset: none}\nmaster: {preset: none}\n"
			    "tracks:\n"
			    "  - {name: a, input: xr18/1, role: kick}\n"
			    "  - {name: b, input: xr18/2, role: snare, chain+: [eq], gain: -6, pan: L100}\n"
			    "  - {name: c, input: xr18/3}\n");
	assert_int_equal(session.chain_of_mix.count, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(track(&session, i)->chain.count, i == 1);
		assert_true(track(&session, i)->gain_db == (i == 1 ? -6 : 0));
		assert_true(track(&session, i)->pan == (i == 1 ? -100 : 0));
	}
	assert_true(isnan(session.master.loudness_lufs) && isnan(session.master.true_peak_dbtp));
	session_finish(&session);
}

static void test_name_of_file(void **state)
{
	(void)state;
	struct session session;
	put("Night Bus.take.yaml", "mix: {preset: none}\n");
	faults_init(&faults, "f");
	assert_int_equal(session_load(&session, "./Night Bus.take.yaml", &processors, NULL, &faults), 0);
	assert_string_equal(session.name, "night-bus-take");
	session_finish(&session);
	expect_faults(&faults, "");
	unlink("Night Bus.take.yaml");
}

#define TRACK "tracks:\n  - {name: a, role: kick, input: "
#define INPUT "is no input; INTERFACE/CHANNEL such as xr18/1"

static const struct bad bad_files[] = {
	{TRACK "xr18/1, edit: [{highpas: {}}]}\n", "f:2:50: error: tracks[0].edit[0]: \"highpas\" is no "
						   "processor; did you mean highpass? One of "
						   "highpass, eq, compressor, deesser, reverb"},
	{"edit: {trim: song}\n", "f:1:14: error: edit.trim: \"song\" is unknown; did you mean songs? One of "
				 "preset, none, songs"},
	{"edit: {punch: [{from: ../x, start: 1, end: 2}]}\n",
		"f:1:23: error: edit.punch[0].from: \"../x\" is no take; a take's id, such as "
		"20261122-190311-thursday"},
	{"edit: {punch: [{from: x, start: 1, fade: 1 s}]}\n",
		"f:1:16: error: edit.punch[0].end: missing; Where it ends in this take.\n"
		"f:1:42: error: edit.punch[0].fade: 1 s is out of range; 5 ms to 20 ms"},
	{"edit: {punch: [{from: x, start: 1, end: 2, tracks: [a, b]}]}\n" TRACK "xr18/1}\n",
		"f:1:56: error: edit.punch[0].tracks[1]: no track \"b\"; one of a"},
	{"mix: {pan_law: -6 dB}\n", "f:1:16: error: mix.pan_law: -6 dB is out of range; -4.5 dB or -3 dB"},
	{"mix: {pan_law: -4 dB}\n",
		"f:1:16: error: mix.pan_law: -4 dB is between the steps; -4.5 dB or -3 dB"},
	{"mix: {balance: on}\n", "f:1:16: error: mix.balance: \"on\" is unknown; one of off, auto"},
	{"master: {formats: [flax]}\n",
		"f:1:20: error: master.formats[0]: \"flax\" is unknown; did you mean flac? One of flac, "
		"wav, mp3, vorbis, opus"},
	{"edit: {preset: rehearsl}\n", "f:1:16: error: edit.preset: \"rehearsl\" is no edit preset; did you "
				       "mean rehearsal? One of none, "
				       "rehearsal, live, studio, podcast"},
	{"mix: {preset: rok}\n",
		"f:1:15: error: mix.preset: \"rok\" is no mix preset; did you mean rock? One of none, rock, "
		"metal, jazz, folk, pop, acoustic, choir, speech"},
	{"master: {preset: stream}\n", "f:1:18: error: master.preset: \"stream\" is no master preset; did "
				       "you mean streaming? One of "
				       "none, streaming, apple, aes-album, broadcast, loud, vinyl, cd"},
	{"master: {loudness: 3 LUFS}\n",
		"f:1:20: error: master.loudness: 3 LUFS is out of range; -60 LUFS to -3 LUFS"},
	{"master: {loudness: -14 dB}\n",
		"f:1:20: error: master.loudness: \"-14 dB\" is not a loudness such as "
		"-14 LUFS; -60 LUFS to -3 LUFS"},
	{"song: {meter: 4-4}\n",
		"f:1:15: error: song.meter: \"4-4\" is no meter; beats over a note, such as 4/4 or 6/8"},
	{"song: {meter: 4/3}\n",
		"f:1:15: error: song.meter: \"4/3\" is no meter; beats over a note, such as 4/4 or 6/8"},
	{"song: {tempo: fast}\n", "f:1:15: error: song.tempo: \"fast\" is not a number; 20 to 400"},
	{TRACK "xr19/1}\n",
		"f:2:34: error: tracks[0].input: no interface \"xr19\"; did you mean xr18? One of "
		"xr18, desk"},
	{TRACK "xr18/19}\n", "f:2:34: error: tracks[0].input: xr18 has no channel 19; 1 to 18"},
	{TRACK "xr18}\n", "f:2:34: error: tracks[0].input: \"xr18\" " INPUT},
	{TRACK "xr18/0}\n", "f:2:34: error: tracks[0].input: \"xr18/0\" " INPUT},
	{TRACK "xr18/-1}\n", "f:2:34: error: tracks[0].input: \"xr18/-1\" " INPUT},
	{TRACK "[]}\n", "f:2:34: error: tracks[0].input: 0 inputs; one for mono or two for stereo"},
	{TRACK "[xr18/1, xr18/2, xr18/3]}\n",
		"f:2:34: error: tracks[0].input: 3 inputs; one for mono or two for stereo"},
	{TRACK "[xr18/1, desk/2]}\n",
		"f:2:43: error: tracks[0].input: xr18 and desk are two interfaces; both sides from one"},
	{TRACK "[xr18/1, xr18/1]}\n",
		"f:2:43: error: tracks[0].input: left and right are one channel; two, or one alone for mono"},
	{TRACK "{a: b}}\n", "f:2:34: error: tracks[0].input: a mapping is no single value; INTERFACE/CHANNEL "
			    "such as xr18/1"},
	{TRACK "}\n", "f:2:34: error: tracks[0].input: has no value; INTERFACE/CHANNEL such as xr18/1"},
	{"tracks:\n  - {role: kick, input: xr18/1}\n",
		"f:2:5: error: tracks[0].name: missing; The track's name."},
	{"tracks:\n  - {role: kick, name: a}\n",
		"f:2:5: error: tracks[0].input: missing; INTERFACE/CHANNEL, or "
		"a list of two of them for a stereo track."},
	{TRACK "xr18/1}\n  - {name: a, role: snare, input: xr18/2}\n",
		"f:3:12: error: tracks[1].name: \"a\" is taken by tracks[0]; a name of its own"},
	{"tracks: [{name: a, input: xr18/1, role: kik}]\n",
		"f:1:41: error: tracks[0].role: \"kik\" is no role; did you mean kick? One of kick, snare, "
		"hihat, "
		"tom, overhead, room, bass, electric-guitar, acoustic-guitar, keys, synth, lead-vocal, "
		"backing-vocal, brass, strings, percussion, di, speech"},
	{TRACK "xr18/1, gain: loud}\n",
		"f:2:48: error: tracks[0].gain: \"loud\" is not a level such as -18 dB; -120 dB to 24 dB"},
	{TRACK "xr18/1, gain: auto}\n",
		"f:2:48: error: tracks[0].gain: \"auto\" is not a level such as -18 dB; -120 dB to 24 dB"},
	{TRACK "xr18/1, pan: X}\n",
		"f:2:47: error: tracks[0].pan: \"X\" is not a place such as L30, C or R100; L100 to R100"},
	{TRACK "xr18/1, chian: []}\n",
		"f:2:42: error: tracks[0].chian: unknown key; did you mean chain? One "
		"of name, input, role, chain, "
		"chain+, gain, pan, mute, solo, trim, bus, sends, vca, automation, place, edit, edit+"},
	{"tracks:\n  - name: a\n    role: kick\n    input: xr18/1\n    chain:\n      - compressor: {ratio: "
	 "900}\n",
		"f:6:29: error: tracks[0].chain[0].compressor.ratio: 900 is out of range; 1:1 to 100:1"},
	{"tracks: 3\n", "f:1:9: error: tracks: not a list; a list, each item after a dash"},
	{"interfaces: []\n", "f:1:1: error: interfaces: unknown key; one of woodshed, name, song, "
			     "arrangement, tracks, edit, "
			     "mix, "
			     "buses, vcas, master"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct session session;
		assert_int_equal(load(&session, bad_files[i].text), -EINVAL);
		assert_null(session.name);
		expect_faults(&faults, bad_files[i].faults);
	}
}

static void test_all_at_once(void **state)
{
	(void)state;
	struct session session;
	assert_int_equal(load(&session, "arrangement: {}\n"
					"tracks:\n"
					"  - {name: a, input: xr18/99, role: kik, gain: x}\n"
					"  - {name: a, input: nope, role: kick}\n"
					"mix: {preset: rocc, balance: auto}\n"),
		-EINVAL);
	assert_int_equal(faults.errors, 6);
	faults_finish(&faults);
}

static void test_later(void **state)
{
	(void)state;
	struct session session;
	assert_int_equal(
		load(&session, "arrangement: {count_in: 1}\n"
			       "tracks:\n"
			       "  - {name: a, input: xr18/1, role: bass, edit: [], chain+: [denoise, eq]}\n"
			       "master: {formats: [aiff]}\n"),
		0);
	assert_int_equal(session.arrangement.count_in, 1);
	assert_int_equal(track(&session, 0)->chain.count, 4);
	assert_int_equal(session.master.formats, 1u << MASTER_FLAC);
	session_finish(&session);
	expect_faults(&faults,
		"f:3:61: warning: tracks[0].chain+[0]: denoise is not in this version yet and left out\n"
		"f:4:20: warning: master.formats[0]: aiff is not in this version yet and left out; one of "
		"flac, wav, mp3, vorbis, opus");
}

static void test_warnings(void **state)
{
	(void)state;
	struct session session;
	assert_int_equal(load(&session, "tracks:\n"
					"  - {name: a, input: xr18/1}\n"
					"  - {name: b, input: [xr18/2, xr18/1], role: keys}\n"
					"master: {reference: gone.flac}\n"),
		0);
	session_finish(&session);
	expect_faults(&faults,
		"f:2:5: warning: tracks[0]: no role, so the preset rock does nothing to it; role: NAME\n"
		"f:3:31: warning: tracks[1].input: xr18/1 is the input of tracks[0] too\n"
		"f:4:21: warning: master.reference: no file ./gone.flac now; one that is there when it is "
		"mastered");
	assert_int_equal(load(&session, "master: {reference: f}\n"), 0);
	session_finish(&session);
	expect_faults(&faults, "");
}

/* As many tracks as a session may have, or more. */
static char *many_tracks(int count)
{
	struct text written;
	FILE *stream = text_open(&written);
	fputs("tracks:\n", stream);
	for (int i = 0; i < count; i++)
		fprintf(stream, "- {name: t%d, input: desk/%d, role: bass}\n", i, i + 1);
	return text_close(&written);
}

static void test_many_tracks(void **state)
{
	(void)state;
	struct session session;
	char *text = many_tracks(SESSION_MOST_TRACKS);
	load_good(&session, text);
	assert_int_equal(track(&session, SESSION_MOST_TRACKS - 1)->chain.count, 3);
	session_finish(&session);
	free(text);
	text = many_tracks(SESSION_MOST_TRACKS + 1);
	assert_int_equal(load(&session, text), -EINVAL);
	expect_faults(&faults, "f:2:1: error: tracks: 513 items; 512 at most");
	free(text);
}

/* A table without the preset's processors: the faults are the preset's. */
static void test_no_processors(void **state)
{
	(void)state;
	struct session session;
	put("f", "mix: {preset: rock}\n");
	faults_init(&faults, "f");
	assert_int_equal(session_load(&session, "f", NULL, NULL, &faults), -EINVAL);
	assert_int_equal(faults.count, 0);
	assert_int_equal(faults.other_count, 1);
	assert_string_equal(faults.others[0].file, "mix/rock.yaml");
	assert_non_null(strstr(faults.others[0].list[0].text, "\"highpass\" is no processor"));
	faults_finish(&faults);
}

/* What is wrong with the session and with its presets is told in one go, each in its file. */
static void test_own_presets(void **state)
{
	(void)state;
	struct session session;
	assert_int_equal(mkdir("presets", 0700), 0);
	assert_int_equal(mkdir("presets/mix", 0700), 0);
	put("presets/mix/mine.yaml", "extends: rock\nroles: [{role: kick, gain: -7, chain: []}]\n");
	load_good(&session, "mix: {preset: mine}\ntracks:\n- {name: a, input: xr18/1, role: kick}\n"
			    "- {name: b, input: xr18/2, role: snare, chain+: [eq]}\n");
	assert_true(track(&session, 0)->gain_db == -7 && track(&session, 0)->chain.count == 0);
	assert_true(track(&session, 1)->gain_db == -1 && track(&session, 1)->chain.count == 4);
	assert_int_equal(session.presets.count, 1);
	session_finish(&session);
	put("presets/mix/mine.yaml", "extends: rock\nroles: [{role: kick, gain: 99}]\npan: C\n");
	assert_int_equal(load(&session, "mix: {preset: mine}\nmaster: {loudness: 1}\n"), -EINVAL);
	expect_faults(&faults,
		"f:2:20: error: master.loudness: 1 is out of range; -60 LUFS to -3 LUFS\n"
		"presets/mix/mine.yaml:2:28: error: roles[0].gain: 99 is out of range; -120 dB to 24 dB\n"
		"presets/mix/mine.yaml:3:1: error: pan: unknown key; one of help, extends, strips, chain, "
		"chain+, buses, unmask, roles");
	unlink("presets/mix/mine.yaml");
	rmdir("presets/mix");
	rmdir("presets");
}

static void test_parse_input(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "/", "x/", "/1", "x", "x/0", "x/01", "x/1 ", "x/ 1", "x/+1",
		"x/a", "x/1a", "x/99999", "x/y/1", "x//1"};
	char *interface = NULL;
	int channel = 0;
	assert_int_equal(session_parse_input("xr18/9", &interface, &channel), 0);
	assert_string_equal(interface, "xr18");
	assert_int_equal(channel, 9);
	free(interface);
	interface = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(session_parse_input(bad[i], &interface, &channel), -EINVAL);
		assert_null(interface);
	}
}

static void test_is_one(void **state)
{
	(void)state;
	put("f", whole);
	assert_true(session_is_one("f"));
	put("f", "tracks: []\ncolour: red\n");
	assert_true(session_is_one("f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_null_test),
		cmocka_unit_test(test_name_of_file),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_many_tracks),
		cmocka_unit_test(test_no_processors),
		cmocka_unit_test(test_own_presets),
		cmocka_unit_test(test_parse_input),
		cmocka_unit_test(test_is_one),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

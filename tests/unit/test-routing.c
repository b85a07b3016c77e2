#include "common/text.h"
#include "config/session.h"
#include "expect-faults.h"
#include "fake-processors.h"
#include "tests/unit/one-file.h"

#include <errno.h>
#include <unistd.h>

static struct faults faults;
static int load(struct session *session, const char *text)
{
	put("f", text);
	faults_init(&faults, "f");
	return session_load(session, "f", &processors, NULL, &faults);
}

static void load_good(struct session *session, const char *text)
{
	int result = load(session, text);
	expect_faults(&faults, "");
	assert_int_equal(result, 0);
}

static const char whole[] =
	"tracks:\n"
	"  - {name: kick, input: xr18/1, role: kick, bus: drums, vca: rhythm}\n"
	"  - name: vox\n"
	"    input: xr18/9\n"
	"    role: lead-vocal\n"
	"    bus: vocals\n"
	"    trim: 1.5 dB\n"
	"    sends: {plate: -14 dB, echo: {level: -20, pre: true}}\n"
	"    vca: [vocal, all]\n"
	"    place: {width: L20, depth: 30 %, height: -10}\n"
	"    automation:\n"
	"      gain: [{at: 0, gain: -3 dB}, {at: 1:23.5, gain: 0}, {at: chorus#2, gain: 2 dB}]\n"
	"      mute: [{from: 2:10, to: 2:14.25}, {from: outro}]\n"
	"mix: {preset: none}\n"
	"buses:\n"
	"  - {name: vocals, chain: [compressor], gain: -1 dB, pan: R5, sends: {plate: -30}}\n"
	"  - {name: drums, bus: vocals, solo: true, mute: true, vca: all}\n"
	"  - {name: plate, kind: return, chain: [{highpass: {frequency: 200}}], bus: vocals2}\n"
	"  - {name: echo, kind: return, sends: {plate: {}}, automation: {mute: [{from: 0}]}}\n"
	"  - {name: vocals2, bus: master}\n"
	"vcas: {vocal: -2 dB, all: {gain: 1, mute: true, automation: {gain: [{at: end, gain: -120}]}}, "
	"rhythm: 0}\n";

static void check_vox(const struct track_config *vox)
{
	const struct send_config *sends = vox->sends.items;
	assert_string_equal(vox->bus, "vocals");
	assert_true(vox->trim_db == 1.5 && vox->gain_db == 0);
	assert_int_equal(vox->sends.count, 2);
	assert_string_equal(sends[0].to, "plate");
	assert_true(sends[0].level_db == -14 && !sends[0].pre);
	assert_string_equal(sends[1].to, "echo");
	assert_true(sends[1].level_db == -20 && sends[1].pre);
	assert_int_equal(vox->vca.count, 2);
	assert_true(vox->place.width == -20 && vox->place.depth == 30 && vox->place.height == -10);
	const struct gain_point *points = vox->automation.gain.items;
	assert_int_equal(vox->automation.gain.count, 3);
	assert_string_equal(points[1].at, "1:23.5");
	assert_string_equal(points[2].at, "chorus#2");
	assert_true(points[0].gain_db == -3 && points[2].gain_db == 2);
	const struct mute_range *ranges = vox->automation.mute.items;
	assert_int_equal(vox->automation.mute.count, 2);
	assert_string_equal(ranges[0].to, "2:14.25");
	assert_null(ranges[1].to);
}

static void test_whole(void **state)
{
	(void)state;
	struct session session;
	load_good(&session, whole);
	const struct track_config *tracks = session.tracks.items;
	const struct bus_config *buses = session.buses.items;
	const struct vca_config *vcas = session.vcas.items;
	check_vox(&tracks[1]);
	assert_string_equal(((char **)tracks[0].vca.items)[0], "rhythm");
	assert_null(tracks[0].sends.items);
	assert_int_equal(session.buses.count, 5);
	assert_int_equal(buses[0].kind, BUS_GROUP);
	assert_true(buses[0].gain_db == -1 && buses[0].pan == 5 && buses[0].chain.count == 1);
	assert_true(buses[1].solo && buses[1].mute);
	assert_string_equal(buses[1].bus, "vocals");
	assert_int_equal(buses[2].kind, BUS_RETURN);
	const struct send_config *sends = buses[3].sends.items;
	assert_true(buses[3].sends.count == 1 && sends[0].level_db == 0 && !sends[0].pre);
	assert_int_equal(session.vcas.count, 3);
	assert_string_equal(vcas[1].name, "all");
	assert_true(vcas[0].gain_db == -2 && vcas[1].gain_db == 1 && vcas[1].mute && !vcas[0].mute);
	assert_int_equal(vcas[1].automation.gain.count, 1);
	session_finish(&session);
}

#define TRACK "mix: {preset: none}\ntracks:\n  - {name: a, input: x/1, "
#define BUSES "buses:\n  - {name: g}\n  - {name: r, kind: return}\n"
#define MOMENT "is no moment; a time such as 1:23.5, or a marker's label"
#define BACK "which leads back to it; a way that ends in the mix"

static const struct bad bad_files[] = {
	{TRACK "bus: f}\n" BUSES, "f:3:32: error: tracks[0].bus: \"f\" is no bus; one of g, master"},
	{TRACK "bus: r}\n" BUSES, "f:3:32: error: tracks[0].bus: \"r\" is a return, to be sent to; one of g, "
				  "master"},
	{TRACK "bus: [g]}\n" BUSES, "f:3:32: error: tracks[0].bus: a list is no single value; a text"},
	{TRACK "sends: {plate: -14 dB}}\n",
		"f:3:35: error: tracks[0].sends: \"plate\" is no return; there are none"},
	{TRACK "sends: {rr: -14 dB}}\n" BUSES,
		"f:3:35: error: tracks[0].sends: \"rr\" is no return; one of r"},
	{TRACK "sends: {g: -14 dB}}\n" BUSES, "f:3:35: error: tracks[0].sends: \"g\" is a bus but no return "
					      "(kind: return); one of r"},
	{TRACK "sends: {r: loud}}\n" BUSES, "f:3:38: error: tracks[0].sends.r.level: \"loud\" is not a level "
					    "such as -18 dB; -120 dB to 24 dB"},
	{TRACK "sends: {r: }}\n" BUSES,
		"f:3:38: error: tracks[0].sends.r.level: has no value; -120 dB to 24 dB"},
	{TRACK "sends: {r: {post: true}}}\n" BUSES,
		"f:3:39: error: tracks[0].sends.r.post: unknown key; one of level, pre"},
	{TRACK "sends: {r: {to: g}}}\n" BUSES,
		"f:3:39: error: tracks[0].sends.r.to: unknown key; one of level, pre"},
	{TRACK "sends: {r: 0, r: 1}}\n" BUSES,
		"f:3:41: error: tracks[0].sends.r: given twice; once, and line 3 has it already"},
	{TRACK "sends: [r]}\n" BUSES,
		"f:3:34: error: tracks[0].sends: not a mapping; names, each with its value"},
	{TRACK "vca: [v, all]}\nvcas: {al: 0, w: 1}\n",
		"f:3:33: error: tracks[0].vca: \"v\" is no VCA group; one of al, w\n"
		"f:3:36: error: tracks[0].vca: \"all\" is no VCA group; did you mean al? One of al, w"},
	{TRACK "automation: {gain: [{at: 1:75, gain: 0}]}}\n",
		"f:3:52: error: tracks[0].automation.gain[0].at: \"1:75\" " MOMENT},
	{TRACK "automation: {gain: [{at: -3 s, gain: 0}], mute: [{to: 3}]}}\n",
		"f:3:52: error: tracks[0].automation.gain[0].at: \"-3 s\" " MOMENT
		"\nf:3:76: error: tracks[0].automation.mute[0].from: missing; A time such as 1:23.5, or a "
		"marker's label; chorus#2 is the second of two."},
	{TRACK "automation: {gain: [{at: 3}]}}\n",
		"f:3:47: error: tracks[0].automation.gain[0].gain: missing; On top of the fader."},
	{"buses: [{name: b, automation: {mute: [{from: a, to: 0:60}]}}]\n",
		"f:1:53: error: buses[0].automation.mute[0].to: \"0:60\" " MOMENT},
	{"vcas: {v: {automation: {mute: [{from: 0:60}]}}}\n",
		"f:1:39: error: vcas.v.automation.mute[0].from: \"0:60\" " MOMENT},
	{"buses: [{kind: bus}]\n", "f:1:9: error: buses[0].name: missing; The bus's name."},
	{"buses: [{name: b, kind: aux}]\n",
		"f:1:25: error: buses[0].kind: \"aux\" is unknown; did you mean bus? One of bus, return"},
	{"buses: [{name: b}, {name: b}]\n",
		"f:1:27: error: buses[1].name: \"b\" is taken by buses[0]; a name of its own"},
	{"buses: [{name: master}]\n", "f:1:16: error: buses[0].name: master is the mix itself; another name"},
	{"buses: [{name: b, bus: b}]\n", "f:1:24: error: buses[0]: b feeds b, " BACK},
	{"buses: [{name: r, kind: return, sends: {r: 0}}]\n", "f:1:41: error: buses[0]: r feeds r, " BACK},
	{"buses: [{name: a, bus: b}, {name: b, bus: c}, {name: c, bus: a}, {name: d, bus: a}]\n",
		"f:1:62: error: buses[2]: c feeds a, " BACK},
	{"buses: [{name: a, sends: {r: 0}}, {name: r, kind: return, bus: a}]\n",
		"f:1:64: error: buses[1]: r feeds a, " BACK},
	{"buses: [{name: r, kind: return, sends: {s: 0}}, {name: s, kind: return, sends: {r: {level: 1}}}]\n",
		"f:1:81: error: buses[1]: s feeds r, " BACK},
	{"vcas: [v]\n", "f:1:7: error: vcas: not a mapping; names, each with its value"},
	{"vcas: {v: {gain: 99}}\n", "f:1:18: error: vcas.v.gain: 99 is out of range; -120 dB to 24 dB"},
	{TRACK "place: {depth: 101, width: 2 m}}\n",
		"f:3:42: error: tracks[0].place.depth: 101 is out of range; 0 % to 100 %\n"
		"f:3:54: error: tracks[0].place.width: \"2 m\" is not a place such as L30, C or R100; L100 "
		"to R100"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct session session;
		int result = load(&session, bad_files[i].text);
		expect_faults(&faults, bad_files[i].faults);
		assert_int_equal(result, -EINVAL);
	}
}

/* Buses in a row of the greatest length, each of which also sends to all returns after it. */
static void test_long_way(void **state)
{
	(void)state;
	struct text written;
	FILE *stream = text_open(&written);
	fputs("tracks: [{name: a, input: desk/1, role: bass, sends: {b0: 0}}]\nbuses:\n", stream);
	for (int i = 0; i < SESSION_MOST_BUSES; i++) {
		fprintf(stream, "- {name: b%d, kind: return, sends: {", i);
		for (int to = i + 1; to < SESSION_MOST_BUSES; to++)
			fprintf(stream, "b%d: 0, ", to);
		fputs("}}\n", stream);
	}
	char *text = text_close(&written);
	struct session session;
	load_good(&session, text);
	session_finish(&session);
	free(text);
}

static void test_nothing_goes_there(void **state)
{
	(void)state;
	struct session session;
	assert_int_equal(load(&session, "buses:\n"
					"  - {name: drums, bus: all}\n"
					"  - {name: all}\n"
					"  - {name: plate, kind: return}\n"),
		0);
	session_finish(&session);
	expect_faults(&faults,
		"f:2:12: warning: buses[0]: nothing goes to drums; bus: drums on a track\n"
		"f:4:12: warning: buses[2]: nothing goes to plate; sends: {plate: LEVEL} on a track");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long_way),
		cmocka_unit_test(test_nothing_goes_there),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

#include "config/appliance.h"
#include "config/schema.h"
#include "config/session.h"
#include "expect-faults.h"
#include "tests/unit/one-file.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

static struct faults faults;

static int load(struct appliance *appliance, const char *text)
{
	put("f", text);
	faults_init(&faults, "f");
	return appliance_load(appliance, "f", &faults);
}

static void expect_defaults(const struct appliance *a)
{
	assert_int_equal(a->woodshed, 1);
	assert_string_equal(a->name, "room1");
	assert_string_equal(a->takes, "/var/lib/woodshed/takes");
	assert_null(a->session);
	assert_int_equal(a->interfaces.count, 0);
	const struct recording_config *r = &a->recording;
	assert_int_equal(r->bit_depth, 24);
	assert_true(r->pre_roll_s == 120 && r->sync_every_s == 1 && r->post_roll_s == 2);
	assert_true(r->max_length_s == 4 * 3600 && r->keep_free_s == 3600);
	assert_int_equal(r->start.when, START_ON_SIGNAL);
	assert_int_equal(r->stop.when, STOP_ON_SILENCE);
	assert_true(isnan(r->start.above_db) && isnan(r->stop.below_db));
	assert_true(fabs(r->start.for_s - 0.3) < 1e-12 && r->stop.for_s == 20);
	assert_true(a->mqtt.discovery && a->render.on_stop);
	assert_null(a->mqtt.username);
	assert_null(a->mqtt.password_file);
	assert_true(!a->mqtt.ca_file && !a->mqtt.cert_file && !a->mqtt.key_file);
	assert_string_equal(a->http.listen, "0.0.0.0:8090");
	assert_string_equal(a->http.token_file, "/var/lib/woodshed/takes/http.token");
	assert_int_equal(a->retention.rule, RETENTION_ALL);
}

static void test_defaults(void **state)
{
	(void)state;
	struct appliance appliance;
	faults_init(&faults, "f");
	assert_int_equal(appliance_load(&appliance, NULL, &faults), 0);
	expect_defaults(&appliance);
	assert_null(appliance.mqtt.url);
	appliance_finish(&appliance);
	expect_faults(&faults, "");
	static const char *const texts[] = {"", "woodshed: 1\n", "recording:\nhttp:\n",
		"recording: {start: {}, stop: }\ninterfaces: []\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(load(&appliance, texts[i]), 0);
		expect_defaults(&appliance);
		assert_null(appliance.mqtt.url);
		appliance_finish(&appliance);
		expect_faults(&faults, "");
	}
	assert_int_equal(load(&appliance, "mqtt:\n"), 0);
	expect_defaults(&appliance);
	assert_string_equal(appliance.mqtt.url, "mqtt://localhost:1883");
	appliance_finish(&appliance);
	appliance_finish(&appliance); /* a zeroed value is fine */
	expect_faults(&faults, "");
}

static const char whole[] =
	"woodshed: 1\n"
	"name: room-2\n"
	"takes: takes\n"
	"session: f\n"
	"interfaces:\n"
	"  - {name: xr18, node: \"alsa_input.usb-BEHRINGER_XR18*\", channels: 18}\n"
	"  - {name: Scarlett 2, node: \"*scarlett*\", clock: shared}\n"
	"recording:\n"
	"  bit_depth: 16\n"
	"  pre_roll: 10 s\n"
	"  sync_every: 500 ms\n"
	"  start: {when: command, above: -40 dB, for: 1 s}\n"
	"  stop: {when: command, below: -50, for: 5 s}\n"
	"  post_roll: 0 s\n"
	"  max_length: 90 min\n"
	"  keep_free: 30 min\n"
	"mqtt: {url: \"mqtts://broker:8883\", username: room1, password_file: f, ca_file: f,\n"
	"  cert_file: f, key_file: f, discovery: false}\n"
	"http: {listen: \"[::1]:80\", token_file: http.token}\n"
	"render: {on_stop: false}\n"
	"retention: {free: 20 %}\n";

static void test_whole(void **state)
{
	(void)state;
	struct appliance a;
	put("f", whole);
	char path[64], expected[80];
	snprintf(path, sizeof(path), "%s/f", one_folder);
	faults_init(&faults, "f");
	assert_int_equal(appliance_load(&a, path, &faults), 0);
	snprintf(expected, sizeof(expected), "%s/takes", one_folder);
	assert_string_equal(a.takes, expected);
	assert_string_equal(a.session, path);
	assert_string_equal(a.mqtt.password_file, path);
	assert_string_equal(a.mqtt.ca_file, path);
	assert_string_equal(a.mqtt.cert_file, path);
	assert_string_equal(a.mqtt.key_file, path);
	snprintf(expected, sizeof(expected), "%s/http.token", one_folder);
	assert_string_equal(a.http.token_file, expected);
	const struct interface_config *interfaces = a.interfaces.items;
	assert_int_equal(a.interfaces.count, 2);
	assert_int_equal(interfaces[0].channels, 18);
	assert_int_equal(interfaces[0].clock, INTERFACE_CLOCK_OWN);
	assert_int_equal(interfaces[1].channels, 0);
	assert_int_equal(interfaces[1].clock, INTERFACE_CLOCK_SHARED);
	assert_int_equal(a.recording.bit_depth, 16);
	assert_true(a.recording.sync_every_s == 0.5 && a.recording.max_length_s == 5400);
	assert_int_equal(a.recording.start.when, START_ON_COMMAND);
	assert_int_equal(a.recording.stop.when, STOP_ON_COMMAND);
	assert_true(a.recording.start.above_db == -40 && a.recording.stop.below_db == -50);
	assert_string_equal(a.http.listen, "[::1]:80");
	assert_false(a.mqtt.discovery || a.render.on_stop);
	assert_int_equal(a.retention.rule, RETENTION_FREE);
	assert_true(a.retention.free_percent == 20);
	appliance_finish(&a);
	expect_faults(&faults, "");
}

static void test_retention(void **state)
{
	(void)state;
	struct appliance a;
	assert_int_equal(load(&a, "retention: {keep: all}"), 0);
	assert_int_equal(a.retention.rule, RETENTION_ALL);
	appliance_finish(&a);
	faults_finish(&faults);
	assert_int_equal(load(&a, "retention: {days: 90}"), 0);
	assert_int_equal(a.retention.rule, RETENTION_DAYS);
	assert_int_equal(a.retention.days, 90);
	appliance_finish(&a);
	faults_finish(&faults);
	assert_int_equal(load(&a, "retention: {takes: 200}"), 0);
	assert_int_equal(a.retention.rule, RETENTION_TAKES);
	assert_int_equal(a.retention.takes, 200);
	appliance_finish(&a);
	faults_finish(&faults);
}

#define KEYS "one of woodshed, name, takes, session, interfaces, recording, mqtt, http, render, retention"
#define BROKER "; mqtt://HOST:PORT or mqtts://HOST:PORT"
#define ADDRESS "; ADDRESS:PORT such as 0.0.0.0:8090"

static const struct bad bad_files[] = {
	{"woodshed: 2\n", "f:1:11: error: woodshed: 2 is out of range; 1"},
	{"name: Room 1\n", "f:1:7: error: name: \"Room 1\" is not a name; up to 64 of a-z, 0-9 and -"},
	{"takes:\n", "f:1:7: error: takes: has no value; a text"},
	{"tracks: []\n", "f:1:1: error: tracks: unknown key; " KEYS},
	{"colour: red\n", "f:1:1: error: colour: unknown key; " KEYS},
	{"session: nothing.yaml\n", "f:1:10: error: session: no file nothing.yaml; one that is there"},
	{"session: f/x.yaml\n", "f:1:10: error: session: no file f/x.yaml; one that is there"},
	{"mqtt: {ca_file: nothing, cert_file: no, key_file: none}\n",
		"f:1:17: error: mqtt.ca_file: no file nothing; one that is there\n"
		"f:1:37: error: mqtt.cert_file: no file no; one that is there\n"
		"f:1:51: error: mqtt.key_file: no file none; one that is there"},
	{"mqtt: {key_file: f}\n",
		"f:1:18: error: mqtt.key_file: without cert_file there is nothing that it is "
		"the key of; both, or neither"},
	{"mqtt: {password_file: nothing}\n",
		"f:1:23: error: mqtt.password_file: no file nothing; one that is there"},
	{"interfaces: [{node: \"*\"}]\n",
		"f:1:14: error: interfaces[0].name: missing; What sessions call it, without a slash."},
	{"interfaces: [{name: a}]\n",
		"f:1:14: error: interfaces[0].node: missing; A glob on PipeWire's node.name."},
	{"interfaces: [{name: a/b, node: x}]\n",
		"f:1:21: error: interfaces[0].name: \"a/b\" has a slash; a name without one"},
	{"interfaces:\n  - {name: a, node: x}\n  - {name: b, node: y}\n  - {name: a, node: z}\n",
		"f:4:12: error: interfaces[2].name: \"a\" is taken by interfaces[0]; a name of its own"},
	{"interfaces: [{name: a, node: x, channels: 65}]\n",
		"f:1:43: error: interfaces[0].channels: 65 is out of range; 1 to 64"},
	{"interfaces: [{name: a, node: x, channels: 0}]\n",
		"f:1:43: error: interfaces[0].channels: 0 is out of range; 1 to 64"},
	{"interfaces: [{name: a, node: x, clock: sharde}]\n",
		"f:1:40: error: interfaces[0].clock: \"sharde\" is unknown; did you mean shared? One of own, "
		"shared"},
	{"interfaces: xr18\n", "f:1:13: error: interfaces: not a list; a list, each item after a dash"},
	{"recording: {bit_depth: 32}\n",
		"f:1:24: error: recording.bit_depth: 32 is out of range; 16 bit or 24 bit"},
	{"recording: {bit_depth: 20}\n",
		"f:1:24: error: recording.bit_depth: 20 is between the steps; 16 bit or 24 bit"},
	{"recording: {pre_roll: 2 h}\n",
		"f:1:23: error: recording.pre_roll: 2 h is out of range; 0 s to 10 min"},
	{"recording: {sync_every: 0}\n",
		"f:1:25: error: recording.sync_every: 0 is out of range; 100 ms to 1 min"},
	{"recording: {start: {above: loud}}\n", "f:1:28: error: recording.start.above: \"loud\" is not a "
						"level such as -18 dB; -120 dB to 0 dB, "
						"or auto"},
	{"recording: {start: {above: 3 dB}}\n",
		"f:1:28: error: recording.start.above: 3 dB is out of range; -120 dB to 0 dB, or auto"},
	{"recording: {start: {when: silence}}\n",
		"f:1:27: error: recording.start.when: \"silence\" is unknown; one of signal, command"},
	{"recording: {prerol: 3}\n", "f:1:13: error: recording.prerol: unknown key; did you mean pre_roll? "
				     "One of bit_depth, pre_roll, "
				     "sync_every, start, stop, post_roll, max_length, keep_free, songs"},
	{"mqtt: {url: localhost}\n", "f:1:13: error: mqtt.url: \"localhost\" is no broker" BROKER},
	{"mqtt: {url: \"http://x\"}\n", "f:1:13: error: mqtt.url: \"http://x\" is no broker" BROKER},
	{"mqtt: {url: \"mqtt://\"}\n", "f:1:13: error: mqtt.url: \"mqtt://\" is no broker" BROKER},
	{"mqtt: {url: \"mqtt://h:99999\"}\n",
		"f:1:13: error: mqtt.url: \"mqtt://h:99999\" is no broker" BROKER},
	{"mqtt: {url: \"mqtt://u:p@h\"}\n", "f:1:13: error: mqtt.url: \"mqtt://u:p@h\" is no broker" BROKER},
	{"mqtt: {discovery: on}\n",
		"f:1:19: error: mqtt.discovery: \"on\" is not a yes or no; true or false"},
	{"http: {listen: \"8090\"}\n", "f:1:16: error: http.listen: \"8090\" is no address" ADDRESS},
	{"http: {listen: \":8090\"}\n", "f:1:16: error: http.listen: \":8090\" is no address" ADDRESS},
	{"http: {listen: \"::1:8090\"}\n", "f:1:16: error: http.listen: \"::1:8090\" is no address" ADDRESS},
	{"http: {listen: \"1.2.3.4:x\"}\n",
		"f:1:16: error: http.listen: \"1.2.3.4:x\" is no address" ADDRESS},
	{"retention: {keep: none}\n", "f:1:19: error: retention.keep: \"none\" is unknown; one of all"},
	{"retention: {keep: all, days: 3}\n",
		"f:1:24: error: retention.days: a second rule; one of keep, days, takes and free"},
	{"retention: {days: 0}\n", "f:1:19: error: retention.days: 0 is out of range; 1 to 36500"},
	{"retention: {free: 100 %}\n", "f:1:19: error: retention.free: 100 % is out of range; 1 % to 99 %"},
	{"- a\n", "f:1:1: error: not a mapping; KEY: VALUE, where KEY is one of woodshed, name, takes, "
		  "session, "
		  "interfaces, recording, mqtt, http, render, retention"},
	{"name: [\n", "f:2:1: error: no value where one belongs; look at the brackets and commas"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct appliance appliance;
		assert_int_equal(load(&appliance, bad_files[i].text), -EINVAL);
		assert_null(appliance.takes);
		expect_faults(&faults, bad_files[i].faults);
	}
}

static void test_missing(void **state)
{
	(void)state;
	struct appliance appliance;
	faults_init(&faults, "nowhere.yaml");
	assert_int_equal(appliance_load(&appliance, "nowhere.yaml", &faults), -EINVAL);
	expect_faults(&faults, "nowhere.yaml:1:1: error: cannot be read: No such file or directory");
}

static void test_is_no_session(void **state)
{
	(void)state;
	put("f", whole);
	assert_false(session_is_one("f"));
	put("f", "woodshed: 1\nname: x\n");
	assert_false(session_is_one("f"));
	put("f", "a: [\n");
	assert_false(session_is_one("f"));
	assert_false(session_is_one("nowhere.yaml"));
	put("f", "woodshed: 1\nsong: {title: x}\n");
	assert_true(session_is_one("f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_is_no_session),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

#include "config/appliance.h"

#define APPLIANCE(member) offsetof(struct appliance, member)
#define INTERFACE(member) offsetof(struct interface_config, member)
#define RECORDING(member) offsetof(struct recording_config, member)
#define SECONDS(from, to) .unit = UNIT_SECONDS, .least = (from), .most = (to)
#define RECORD(text, type, table) \
	{ \
		text, table##_help, sizeof(type), table, KEY_COUNT(table) \
	}

static const char *const clocks[] = {"own", "shared", NULL};
static const char *const starts[] = {"signal", "command", NULL};
static const char *const stops[] = {"silence", "command", NULL};
static const char *const keeps[] = {"all", NULL};

static const char interface_keys_help[] = "An interface that is recorded.";
static const struct key interface_keys[] = {
	{"name", KEY_TEXT, INTERFACE(name), .most = 64, .required = true,
		.help = "What sessions call it, without a slash."},
	{"node", KEY_TEXT, INTERFACE(node), .required = true, .help = "A glob on PipeWire's node.name."},
	{"channels", KEY_INTEGER, INTERFACE(channels), .least = 1, .most = 64,
		.help = "How many of its channels are recorded; all where it is left out."},
	{"clock", KEY_CHOICE, INTERFACE(clock), .choices = clocks,
		.help = "Whether it runs on its own crystal or on a word clock shared with the first."},
};
static const struct record interface_record = RECORD("interface", struct interface_config, interface_keys);

static const char start_keys_help[] = "What starts a take.";
static const struct key start_keys[] = {
	{"when", KEY_CHOICE, offsetof(struct start_config, when), .choices = starts,
		.help = "On a signal, or only by command."},
	{"above", KEY_NUMBER, offsetof(struct start_config, above_db), .unit = UNIT_DB, .least = -120,
		.most = 0, .automatic = true, .fallback = "auto",
		.help = "The level that a signal passes; auto learns each track's noise floor."},
	{"for", KEY_NUMBER, offsetof(struct start_config, for_s), SECONDS(0, 60), .fallback = "300 ms",
		.help = "For how long, at least."},
};
static const struct record start_record = RECORD("start", struct start_config, start_keys);

static const char stop_keys_help[] = "What ends a take.";
static const struct key stop_keys[] = {
	{"when", KEY_CHOICE, offsetof(struct stop_config, when), .choices = stops,
		.help = "On silence, or only by command."},
	{"below", KEY_NUMBER, offsetof(struct stop_config, below_db), .unit = UNIT_DB, .least = -120,
		.most = 0, .automatic = true, .fallback = "auto",
		.help = "The level that silence stays below; auto learns each track's noise floor."},
	{"for", KEY_NUMBER, offsetof(struct stop_config, for_s), SECONDS(0.1, 3600), .fallback = "20 s",
		.help = "For how long, at least."},
};
static const struct record stop_record = RECORD("stop", struct stop_config, stop_keys);

static const char songs_keys_help[] = "How songs are found in a take: they become markers, nothing is cut.";
static const struct key songs_keys[] = {
	{"above", KEY_NUMBER, offsetof(struct songs_config, above_db), .unit = UNIT_DB, .least = 1,
		.most = 60, .fallback = "10 dB", .help = "How far over the noise floor a song stands."},
	{"enter", KEY_NUMBER, offsetof(struct songs_config, enter_s), SECONDS(0.1, 60), .fallback = "2 s",
		.help = "A song has begun when it was played for so long."},
	{"leave", KEY_NUMBER, offsetof(struct songs_config, leave_s), SECONDS(0.1, 60), .fallback = "4 s",
		.help = "A song has ended when nothing was played for so long."},
	{"least", KEY_NUMBER, offsetof(struct songs_config, least_s), SECONDS(0.1, 3600), .fallback = "45 s",
		.help = "What is shorter is no song."},
};
static const struct record songs_record = RECORD("songs", struct songs_config, songs_keys);

static const char recording_keys_help[] = "How takes are recorded.";
static const struct key recording_keys[] = {
	{"bit_depth", KEY_INTEGER, RECORDING(bit_depth), .unit = UNIT_BITS, .least = 16, .most = 24,
		.step = 8, .fallback = "24", .help = "The word length of the raw tracks."},
	{"pre_roll", KEY_NUMBER, RECORDING(pre_roll_s), SECONDS(0, 600), .fallback = "120 s",
		.help = "How much from before the start a take holds."},
	{"sync_every", KEY_NUMBER, RECORDING(sync_every_s), SECONDS(0.1, 60), .fallback = "1 s",
		.help = "The most that a power cut may cost."},
	{"start", KEY_RECORD, RECORDING(start), .record = &start_record, .help = start_keys_help},
	{"stop", KEY_RECORD, RECORDING(stop), .record = &stop_record, .help = stop_keys_help},
	{"post_roll", KEY_NUMBER, RECORDING(post_roll_s), SECONDS(0, 600), .fallback = "2 s",
		.help = "How long a take goes on after its end; a restart within it continues the same "
			"take."},
	{"max_length", KEY_NUMBER, RECORDING(max_length_s), SECONDS(1, 86400), .fallback = "4 h",
		.help = "After it a new take follows without a lost frame."},
	{"keep_free", KEY_NUMBER, RECORDING(keep_free_s), SECONDS(0, 2592000), .fallback = "1 h",
		.help = "Warn when the disk has room for less recording."},
	{"songs", KEY_RECORD, RECORDING(songs), .record = &songs_record, .help = songs_keys_help},
};
static const struct record recording_record = RECORD("recording", struct recording_config, recording_keys);

static const char mqtt_keys_help[] = "The broker of the home automation.";
static const struct key mqtt_keys[] = {
	{"url", KEY_TEXT, offsetof(struct mqtt_config, url),
		.help = "mqtt://HOST:PORT or mqtts://HOST:PORT; mqtt://localhost:1883 where `mqtt:` has "
			"none."},
	{"username", KEY_TEXT, offsetof(struct mqtt_config, username), .help = "The user's name there."},
	{"password_file", KEY_TEXT, offsetof(struct mqtt_config, password_file),
		.help = "A file whose first line is the password."},
	{"ca_file", KEY_TEXT, offsetof(struct mqtt_config, ca_file),
		.help = "Certificates (PEM) that the broker's must come from; those of the system where it "
			"is "
			"left out. For mqtts://."},
	{"cert_file", KEY_TEXT, offsetof(struct mqtt_config, cert_file),
		.help = "The box's own certificate (PEM), for a broker that asks for one."},
	{"key_file", KEY_TEXT, offsetof(struct mqtt_config, key_file),
		.help = "The key (PEM, without a password) of cert_file; in that file where it is left out."},
	{"discovery", KEY_FLAG, offsetof(struct mqtt_config, discovery), .fallback = "true",
		.help = "Whether to introduce the box to Home Assistant."},
};
static const struct record mqtt_record = RECORD("mqtt", struct mqtt_config, mqtt_keys);

static const char http_keys_help[] = "The page and the API.";
static const struct key http_keys[] = {
	{"listen", KEY_TEXT, offsetof(struct http_config, listen), .fallback = "0.0.0.0:8090",
		.help = "ADDRESS:PORT to serve on; an IPv6 address stands in brackets."},
	{"token_file", KEY_TEXT, offsetof(struct http_config, token_file),
		.help = "Where the token is kept; http.token in the takes folder where it is left out."},
};
static const struct record http_record = RECORD("http", struct http_config, http_keys);

static const char render_keys_help[] = "When takes are rendered.";
static const struct key render_keys[] = {
	{"on_stop", KEY_FLAG, offsetof(struct render_config, on_stop), .fallback = "true",
		.help = "Whether every take is rendered as it ends."},
};
static const struct record render_record = RECORD("render", struct render_config, render_keys);

static const char retention_keys_help[] = "Which takes may be removed; one of keep, days, takes and free.";
static const struct key retention_keys[] = {
	{"keep", KEY_CHOICE, offsetof(struct retention_config, keep), .choices = keeps, .fallback = "",
		.help = "Remove nothing."},
	{"days", KEY_INTEGER, offsetof(struct retention_config, days), .least = 1, .most = 36500,
		.help = "Remove takes older than this."},
	{"takes", KEY_INTEGER, offsetof(struct retention_config, takes), .least = 1, .most = 1000000,
		.help = "Remove the oldest when there are more than this."},
	{"free", KEY_NUMBER, offsetof(struct retention_config, free_percent), .unit = UNIT_PERCENT,
		.least = 1, .most = 99, .help = "Remove the oldest when less of the disk is free."},
};
static const struct record retention_record = RECORD("retention", struct retention_config, retention_keys);

static const char appliance_keys_help[] = "The box: its interfaces and where it speaks.";
static const struct key appliance_keys[] = {
	{"woodshed", KEY_INTEGER, APPLIANCE(woodshed), .least = 1, .most = 1, .fallback = "1",
		.help = "The format of this file."},
	{"name", KEY_NAME, APPLIANCE(name), .fallback = "room1", .help = "The box's name on MQTT."},
	{"takes", KEY_TEXT, APPLIANCE(takes), .fallback = "/var/lib/woodshed/takes",
		.help = "The folder that takes are recorded to."},
	{"session", KEY_TEXT, APPLIANCE(session),
		.help = "The session file for new takes; one track a channel where it is left out."},
	{"interfaces", KEY_RECORDS, APPLIANCE(interfaces), .most = 64, .record = &interface_record,
		.help = "The interfaces to record; every one there is where it is left out."},
	{"recording", KEY_RECORD, APPLIANCE(recording), .record = &recording_record,
		.help = recording_keys_help},
	{"mqtt", KEY_RECORD, APPLIANCE(mqtt), .record = &mqtt_record, .absent = true,
		.help = "The broker of the home automation; none where it is left out."},
	{"http", KEY_RECORD, APPLIANCE(http), .record = &http_record, .help = http_keys_help},
	{"render", KEY_RECORD, APPLIANCE(render), .record = &render_record, .help = render_keys_help},
	{"retention", KEY_RECORD, APPLIANCE(retention), .record = &retention_record,
		.help = retention_keys_help},
};
const struct record appliance_record = RECORD("appliance", struct appliance, appliance_keys);

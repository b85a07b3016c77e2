/* A service of nothing but the network: it answers commands from a few variables, so that the tests can
 * try the broker and the browser side for real. Prints `ready PORT` and ends on SIGTERM. */
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "network/network.h"
#include "network/server.h"
#include "takes/take.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host {
	struct loop *loop;
	struct network *network;
	struct network_state state;
	char session[64];
	bool discovery;
	int done; /* commands, for the tests to see that one was not done twice */
};

static int start(struct host *host, struct error *e)
{
	if (host->state.record == RECORD_RECORDING)
		return error_set(e, EBUSY, "a take is being recorded");
	host->state.record = RECORD_RECORDING;
	host->state.take = "20261122-190311-thursday";
	return 0;
}

static int stop(struct host *host, struct error *e)
{
	if (host->state.record != RECORD_RECORDING)
		return error_set(e, EBUSY, "nothing is being recorded");
	host->state.record = RECORD_IDLE;
	host->state.take = NULL;
	return 0;
}

static void send_levels(struct host *host, bool on_mqtt)
{
	network_set_levels(host->network,
		(struct network_level[]){
			{"xr18", -12.345, -20, 0}, {"xr18", -INFINITY, -INFINITY, 0}, {"um2", 0, -3, 7}},
		3, on_mqtt);
}

static void introduce(struct host *host)
{
	network_set_home(host->network, &(struct network_home){
						.discovery = host->discovery,
						.pre_roll_s = 120,
						.session = host->session,
						.sessions = (const char *[]){"default", "thursday"},
						.session_count = 2,
						.interfaces = (const char *[]){"xr18", "um2"},
						.interface_count = 2,
					});
}

static int on_command(void *data, const struct command *command, json_t **result, struct error *e)
{
	struct host *host = data;
	int status = 0;
	host->done++;
	switch (command->verb) {
	case COMMAND_RECORD_START:
		status = start(host, e);
		break;
	case COMMAND_RECORD_SAVE:
		if (host->state.record == RECORD_RECORDING)
			return error_set(e, EBUSY, "a take is being recorded");
		break;
	case COMMAND_RECORD_STOP:
		status = stop(host, e);
		break;
	case COMMAND_MARKER_ADD:
		network_event(host->network, "marker", json_pack("{s:s}", "label", command->label));
		break;
	case COMMAND_SESSION_SET:
		if (strcmp(command->session, "missing") == 0)
			return error_set(e, ENOENT, "there is no session \"missing\"");
		snprintf(host->session, sizeof(host->session), "%s", command->session);
		break;
	case COMMAND_SESSION_LIST:
		*result = json_pack(
			"{s:[s,s], s:s}", "sessions", "default", "thursday", "session", host->session);
		return 0;
	case COMMAND_TAKE_GET:
	case COMMAND_TAKE_RENDER:
	case COMMAND_TAKE_KEEP:
	case COMMAND_TAKE_PATCH:
	case COMMAND_TAKE_REMOVE:
		*result = json_pack("{s:s}", "take", command->take);
		break;
	case COMMAND_TAKE_LIST:
	case COMMAND_LEVELS:
		send_levels(host, true);
		break;
	case COMMAND_LEVELS_WATCH:
		break;
	case COMMAND_CONFIG_RELOAD:
		host->discovery = !host->discovery;
		introduce(host);
		break;
	}
	if (!*result)
		*result = json_pack("{s:i}", "done", host->done);
	network_set_state(host->network, &host->state);
	return status;
}

static void write_file(const char *folder, const char *name, size_t size, struct hash *hash)
{
	struct error e;
	char *path = file_join(folder, name);
	char *data = memory_new(size);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 % 251);
	if (file_replace(path, data, size, &e) < 0 || hash_file(path, hash, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	free(data);
	free(path);
}

static void make_take(const char *takes, int64_t started_ns, struct manifest *take)
{
	struct error e;
	char *folder;
	*take = (struct manifest){.session = memory_text("thursday"),
		.title = memory_text("Night Bus"),
		.artist = memory_text("The Trays"),
		.state = TAKE_MASTERED,
		.started_ns = started_ns,
		.rate = 48000,
		.frames = 480000,
		.tracks = memory_new(sizeof(struct take_track)),
		.track_count = 1};
	if (take_create(takes, started_ns, "thursday", &take->id, &folder, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	struct take_track *track = take->tracks;
	*track = (struct take_track){.index = 1,
		.name = memory_text("kick"),
		.file = take_raw_name(1, "kick", 1),
		.frames = 480000};
	track->inputs = memory_new(sizeof(char *));
	track->inputs[0] = memory_text("xr18/1");
	track->input_count = 1;
	track->peak_dbfs = track->lufs = NAN;
	write_file(folder, track->file, 100000, &track->hash);
	struct take_render master = {.file = (char[]){"master.flac"}, .lufs = -14.02, .dbtp = -1.0};
	write_file(folder, master.file, 3000000, &master.hash);
	struct hash unused;
	write_file(folder, "secret.txt", 10, &unused);
	manifest_set_render(take, &master);
	if (manifest_save(take, folder, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	free(folder);
}

static void on_signal(void *data, int signal)
{
	(void)signal;
	loop_quit(data, 0);
}

static void on_tick(void *data)
{
	struct host *host = data;
	const char *alerts[] = {"disk \"low\""};
	struct network_health health = {.ok = true,
		.alerts = alerts,
		.alert_count = 1,
		.hours_left = NAN,
		.free_bytes = 5000000000,
		.disk_frames = 4096};
	network_set_health(host->network, &health);
}

/* Levels and a render's progress, as the service would tell while somebody looks. */
static void on_beat(void *data)
{
	struct host *host = data;
	if (network_watched(host->network)) {
		send_levels(host, false);
		network_set_progress(host->network, "20261122-190311-thursday", "mix", 0.25);
	}
}

/* For whoever holds the description of the API against them. */
static int print_routes(void)
{
	for (size_t i = 0; i < route_count; i++)
		printf("%s %s %s\n", routes[i].method, routes[i].pattern,
			routes[i].guard == GUARD_OPEN ? "open" : "guarded");
	return 0;
}

static void read_options(int argc, char **argv, struct appliance *config, int *takes)
{
	static const struct option options[] = {{"name", 1, NULL, 'n'}, {"mqtt", 1, NULL, 'm'},
		{"username", 1, NULL, 'u'}, {"password-file", 1, NULL, 'p'}, {"listen", 1, NULL, 'l'},
		{"token-file", 1, NULL, 't'}, {"ca-file", 1, NULL, 'c'}, {"cert-file", 1, NULL, 'e'},
		{"key-file", 1, NULL, 'y'}, {"discovery", 0, NULL, 'i'}, {"takes", 1, NULL, 'd'},
		{"make", 1, NULL, 'k'}, {"routes", 0, NULL, 'r'}, {0}};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		char **text = option == 'n'   ? &config->name
			      : option == 'm' ? &config->mqtt.url
			      : option == 'u' ? &config->mqtt.username
			      : option == 'p' ? &config->mqtt.password_file
			      : option == 'l' ? &config->http.listen
			      : option == 't' ? &config->http.token_file
			      : option == 'd' ? &config->takes
			      : option == 'c' ? &config->mqtt.ca_file
			      : option == 'e' ? &config->mqtt.cert_file
			      : option == 'y' ? &config->mqtt.key_file
					      : NULL;
		if (text)
			*text = optarg;
		else if (option == 'i')
			config->mqtt.discovery = true;
		else if (option == 'r')
			exit(print_routes());
		else
			*takes = atoi(optarg);
	}
}

static int run(struct host *host, const struct manifest *latest)
{
	host->state.since_ns = clock_utc_ns();
	json_t *info = json_pack("{s:s}", "version", WOODSHED_VERSION);
	network_set_info(host->network, info);
	json_decref(info);
	network_set_state(host->network, &host->state);
	network_set_latest(host->network, latest);
	introduce(host);
	struct loop_source *tick = loop_add_timer(host->loop, on_tick, host);
	struct loop_source *beat = loop_add_timer(host->loop, on_beat, host);
	loop_set_timer(tick, 1, CLOCK_NSEC_PER_SEC);
	loop_set_timer(beat, 1, CLOCK_NSEC_PER_SEC / 5);
	printf("ready %u\n", network_http_port(host->network));
	fflush(stdout);
	loop_run(host->loop);
	network_destroy(host->network);
	loop_remove(tick);
	loop_remove(beat);
	return 0;
}

int main(int argc, char **argv)
{
	struct appliance config = {.name = (char[]){"room1"}};
	struct host host = {.session = "default", .state.session = host.session};
	struct manifest latest = {0};
	struct error e;
	int takes = 0;
	read_options(argc, argv, &config, &takes);
	host.discovery = config.mqtt.discovery;
	for (int i = 0; i < takes; i++) {
		manifest_finish(&latest);
		make_take(
			config.takes, (INT64_C(1795374191) + INT64_C(60) * i) * CLOCK_NSEC_PER_SEC, &latest);
	}
	if (loop_create(&host.loop, &e) < 0)
		return 1;
	struct loop_source *term = loop_add_signal(host.loop, SIGTERM, on_signal, host.loop);
	int status = 1;
	if (network_create(&host.network, host.loop, &config, config.takes, on_command, &host, &e) < 0)
		fprintf(stderr, "%s\n", e.text);
	else
		status = run(&host, takes ? &latest : NULL);
	loop_remove(term);
	loop_destroy(host.loop);
	manifest_finish(&latest);
	return status;
}

/* woodshed record: one take in the foreground. */
#include "appliance/meters.h"
#include "appliance/room-left.h"
#include "appliance/sessions.h"
#include "appliance/subcommand.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* How long after PipeWire told of every node the inputs may take to be linked and running. */
#define LINK_NS (5 * CLOCK_NSEC_PER_SEC)
#define DRAW_NS (CLOCK_NSEC_PER_SEC / 10)

struct foreground {
	struct loop *loop;
	struct recorder *recorder;
	const struct appliance *appliance;
	struct loop_source *patience, *draw;
	struct meters *meters;
	uint64_t ring_bytes; /* as `patience` last saw them */
	double seconds;	     /* 0: until told */
	bool begun, started;
	bool stopping; /* told to, before or while recording */
	int status;
};

static void begin(struct foreground *app)
{
	const struct recorder_start start = {.click = true, .seconds = app->seconds};
	struct error e;
	app->begun = true;
	loop_set_timer(app->patience, 0, 0);
	if (recorder_begin(app->recorder, &start, &e) < 0)
		loop_quit(app->loop, subcommand_failed(&e));
	else
		loop_set_timer(app->draw, DRAW_NS, DRAW_NS);
}

static void on_changed(void *data)
{
	struct foreground *app = data;
	struct error e;
	if (!app->begun && app->recorder && !recorder_missing(app->recorder, &e))
		begin(app);
}

static void on_patience(void *data)
{
	struct foreground *app = data;
	struct recorder_status status;
	struct error e;
	on_changed(app);
	if (app->begun || !recorder_missing(app->recorder, &e))
		return;
	/* Rings were made anew for the interfaces' rates, which takes as long as there is memory to be
	 * faulted in. */
	recorder_status(app->recorder, &status);
	if (status.ring_bytes == app->ring_bytes)
		loop_quit(app->loop, subcommand_failed(&e));
	else
		loop_set_timer(app->patience, LINK_NS, 0);
	app->ring_bytes = status.ring_bytes;
}

/* An interface that was announced but does not run yet gets a little time; one that nobody knows gets none
 * more. */
static void on_ready(void *data)
{
	struct foreground *app = data;
	struct recorder_status status;
	recorder_status(app->recorder, &status);
	app->ring_bytes = status.ring_bytes;
	loop_set_timer(app->patience, LINK_NS, 0);
	on_changed(app);
}

static void on_draw(void *data)
{
	struct foreground *app = data;
	struct recorder_status status;
	on_changed(app);
	recorder_status(app->recorder, &status);
	double seconds = (double)(clock_monotonic_ns() - status.origin_ns) / (double)CLOCK_NSEC_PER_SEC;
	if (status.state == RECORDER_RECORDING)
		meters_draw(app->meters, app->recorder, seconds);
}

/* Warned of, never refused. */
static void warn_of_disk(const struct appliance *appliance, const struct manifest *take)
{
	struct statvfs disk;
	uint32_t channels = 0;
	for (size_t i = 0; i < take->track_count; i++)
		channels += (uint32_t)take->tracks[i].input_count;
	if (statvfs(appliance->takes, &disk) < 0)
		return;
	double left_s = room_left_s((uint64_t)disk.f_bavail * disk.f_frsize, channels, take->rate,
		appliance->recording.bit_depth);
	if (left_s < appliance->recording.keep_free_s)
		log_warning("the disk has room for %.0f minutes of this; keep_free asks for %.0f",
			left_s / 60, appliance->recording.keep_free_s / 60);
}

static void on_started(void *data, const struct manifest *take)
{
	struct foreground *app = data;
	meters_clear(app->meters);
	meters_begin(app->meters, take);
	app->started = true;
	if (!meters_are_seen(app->meters))
		loop_set_timer(app->draw, 0, 0);
	warn_of_disk(app->appliance, take);
	fprintf(stderr, "recording %zu tracks at %u Hz as %s%s\n", take->track_count, take->rate, take->id,
		app->seconds > 0 ? "" : "; Ctrl-C ends the take");
}

/* What an interface lost, all its tracks lost; what the disk did not take, one of them; of what no clock told
 * of, nobody knows how much it was. */
static void tell_end(const struct manifest *take)
{
	uint64_t lost = 0, of_tracks = 0, suspected = 0;
	for (size_t i = 0; i < take->interface_count; i++) {
		lost += take->interfaces[i].gap_frames_more;
		suspected += take->interfaces[i].suspected_total;
		for (size_t g = 0; g < take->interfaces[i].gap_count; g++)
			lost += take->interfaces[i].gaps[g].frames;
	}
	for (size_t i = 0; i < take->track_count; i++)
		of_tracks += take_track_gap_frames(&take->tracks[i]);
	fprintf(stderr, "%zu tracks of %.3f s (%llu frames), %llu frames lost", take->track_count,
		(double)take->frames / take->rate, (unsigned long long)take->frames,
		(unsigned long long)lost);
	if (of_tracks > 0)
		fprintf(stderr, ", and %llu of single tracks to the disk", (unsigned long long)of_tracks);
	if (suspected > 0)
		fprintf(stderr, ", %llu %s suspected", (unsigned long long)suspected,
			suspected == 1 ? "loss" : "losses");
	fprintf(stderr, "\n");
}

static void on_stopped(void *data, const char *folder, const struct manifest *take)
{
	struct foreground *app = data;
	struct error e;
	meters_clear(app->meters);
	if (folder) {
		printf("%s\n", folder);
		tell_end(take);
	}
	if (take->error) {
		error_set(&e, EIO, "%s", take->error);
		app->status = subcommand_failed(&e);
	}
	if (!recorder_busy(app->recorder))
		loop_quit(app->loop, app->status);
}

static void on_gap(void *data, const char *interface, const struct take_gap *gap)
{
	struct foreground *app = data;
	meters_clear(app->meters);
	meters_gap(app->meters, interface, gap);
	log_warning("interface %s: %llu frames lost at frame %llu (%s)", interface,
		(unsigned long long)gap->frames, (unsigned long long)gap->frame, gap_cause_name(gap->cause));
}

static void on_suspect(void *data, const char *interface, const struct take_suspect *loss)
{
	struct foreground *app = data;
	meters_clear(app->meters);
	meters_suspect(app->meters, interface, loss);
	log_warning("interface %s: a loss that no clock told of is suspected at frame %llu (%s)", interface,
		(unsigned long long)loss->frame, suspect_kind_name(loss->kind));
}

static void on_loss(void *data, const char *track, const struct take_gap *gap)
{
	struct foreground *app = data;
	meters_clear(app->meters);
	meters_gap(app->meters, track, gap);
	log_error("track %s: %llu frames from frame %llu on are lost (%s)", track,
		(unsigned long long)gap->frames, (unsigned long long)gap->frame, gap_cause_name(gap->cause));
}

static void on_alert(void *data, const char *text)
{
	struct foreground *app = data;
	meters_clear(app->meters);
	if (app->started) /* what keeps a take from being made at all is said at the end */
		log_warning("%s", text);
}

static void on_signal(void *data, int signal)
{
	(void)signal;
	struct foreground *app = data;
	struct error e;
	if (app->begun && recorder_end(app->recorder, &e) < 0)
		log_debug("%s", e.text); /* it ends already */
	if (!recorder_busy(app->recorder))
		loop_quit(app->loop, app->status);
}

static int record(struct foreground *app, const struct appliance *appliance,
	const struct loaded_session *session, struct error *e)
{
	struct recorder_config config = {
		.appliance = appliance, .source = &source_pipewire, .takes = appliance->takes};
	struct recorder_callbacks callbacks = {.ready = on_ready,
		.changed = on_changed,
		.take_started = on_started,
		.take_stopped = on_stopped,
		.gap = on_gap,
		.suspect = on_suspect,
		.loss = on_loss,
		.alert = on_alert,
		.data = app};
	app->appliance = appliance;
	struct loop_source *interrupt = loop_add_signal(app->loop, SIGINT, on_signal, app);
	struct loop_source *terminate = loop_add_signal(app->loop, SIGTERM, on_signal, app);
	app->meters = meters_create(stderr);
	app->patience = loop_add_timer(app->loop, on_patience, app);
	app->draw = loop_add_timer(app->loop, on_draw, app);
	struct recorder *recorder = NULL;
	int result = recorder_create(&recorder, app->loop, &config, &callbacks, e);
	if (result == 0) {
		app->recorder = recorder;
		recorder_set_session(recorder, &session->session, session->text);
		loop_set_timer(app->draw, DRAW_NS, DRAW_NS);
		result = loop_run(app->loop);
	}
	recorder_destroy(recorder);
	meters_clear(app->meters);
	meters_destroy(app->meters);
	loop_remove(app->patience);
	loop_remove(app->draw);
	loop_remove(interrupt);
	loop_remove(terminate);
	return result;
}

/* What `record` does differently from the service: it starts at once and only ends when told. */
static void foreground_recording(struct recording_config *recording)
{
	recording->start.when = START_ON_COMMAND;
	recording->stop.when = STOP_ON_COMMAND;
	recording->pre_roll_s = 0;
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct foreground app = {.status = EXIT_DONE};
	const char *length = subcommand_option(command, arguments, "for");
	if (length && subcommand_parse_time(length, 0.001, &app.seconds) < 0)
		return subcommand_misused(command, "--for: %s is no time such as 6s, 10m or 4 h", length);
	struct appliance appliance;
	const char *path, *name = subcommand_option(command, arguments, "name");
	int status = subcommand_load_appliance(command, arguments, &appliance, &path);
	if (status != EXIT_DONE)
		return status;
	foreground_recording(&appliance.recording);
	const char *takes = subcommand_option(command, arguments, "takes");
	if (takes) {
		free(appliance.takes);
		appliance.takes = memory_text(takes);
	}
	const char *session_path = subcommand_option(command, arguments, "session");
	struct loaded_session session;
	struct faults faults;
	struct error e;
	if (!session_path)
		session_path = appliance.session;
	faults_init(&faults, session_path ? session_path : "defaults");
	int result = sessions_load(&session, session_path, name ? name : "take", &appliance, &faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	status = subcommand_unloaded(result);
	if (result == 0) {
		if (name) {
			free(session.session.name);
			session.session.name = memory_text(name);
		}
		result = loop_create(&app.loop, &e);
		if (result == 0)
			result = record(&app, &appliance, &session, &e);
		status = result < 0 ? subcommand_failed(&e) : result;
		loop_destroy(app.loop);
		sessions_finish(&session);
	}
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_record = {
	.name = "record",
	.synopsis = "",
	.help = "record one take in the foreground, with meters; prints the take's folder",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"session", "FILE",
				"the session (default: the appliance's, else every channel a track)"},
			{"for", "TIME", "end after so long, counted from the first frame (6s, 10m, 4 h)"},
			SUBCOMMAND_TAKES_OPTION,
			{"name", "N", "the name in the take's id (default: the session's)"},
		},
	.run = run,
};

/* woodshed run: the service. Parts are made in the order of their dependence and taken down in one place. */
#include "appliance/service.h"

#include "appliance/subcommand.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/edit.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEALTH_NS (10 * CLOCK_NSEC_PER_SEC)

/* ---- what the recorder says ---- */

static void stop_if_done(struct service *service)
{
	if (service->stopping && !recorder_busy(service->recorder))
		loop_quit(service->loop, EXIT_DONE);
}

static void on_ready(void *data)
{
	struct service *service = data;
	service->ready = true;
	service_publish_info(service);
	service_look_for_sessions(service);
	service_publish_health(service);
	manager_ready(service->manager);
}

static void on_changed(void *data)
{
	struct service *service = data;
	/* The recorder may speak before it has been handed out. */
	if (!service->recorder || !service->network || !service->jobs)
		return;
	service_publish_interfaces(service);
	service_publish_state(service);
	stop_if_done(service);
}

json_t *service_take_fields(const struct manifest *take)
{
	return json_pack("{s:s?, s:s?, s:s?, s:f}", "take", take->id, "title", take->title, "session",
		take->session, "seconds", take->rate ? (double)take->frames / take->rate : 0);
}

static void on_started(void *data, const struct manifest *take)
{
	struct service *service = data;
	service->recording_alert[0] = '\0';
	network_event(service->network, "take_started", service_take_fields(take));
	network_set_latest(service->network, take);
	service_take_begun(service, take->id);
	service_publish_health(service);
}

static void on_stopped(void *data, const char *folder, const struct manifest *take)
{
	struct service *service = data;
	json_t *fields = service_take_fields(take);
	if (take->error)
		json_object_set_new(fields, "error", json_string(take->error));
	network_event(service->network, take->state == TAKE_FAILED ? "take_failed" : "take_stopped", fields);
	if (!folder)
		return;
	if (take->state == TAKE_FAILED)
		service_note_cut_off(service, take->id);
	network_set_latest(service->network, take);
	if (take->error)
		snprintf(service->recording_alert, sizeof(service->recording_alert), "%s: %s", take->id,
			take->error);
	if (service->appliance->render.on_stop && !service->stopping && take->frames > 0 &&
		take->state != TAKE_FAILED)
		jobs_add(service->jobs, folder, NULL);
	service_look_after_takes(service);
	service_publish_health(service);
}

static void on_alert(void *data, const char *text)
{
	struct service *service = data;
	log_error("%s", text);
	snprintf(service->recording_alert, sizeof(service->recording_alert), "%s", text);
	service_publish_health(service);
}

/* ---- what the renders say ---- */

static void on_render_started(void *data, const char *folder)
{
	struct service *service = data;
	log_info("rendering %s", folder);
	service_publish_state(service);
}

static void on_render_progress(void *data, const char *folder, int percent, const char *what)
{
	struct service *service = data;
	const char *slash = strrchr(folder, '/');
	network_set_progress(service->network, slash ? slash + 1 : folder, what, percent / 100.0);
}

static void tell_mastered(struct service *service, const struct manifest *take)
{
	json_t *fields = service_take_fields(take);
	const struct take_render *master = manifest_master(take);
	if (master && isfinite(master->lufs)) {
		json_object_set_new(fields, "lufs", json_real(round(master->lufs * 100) / 100));
		json_object_set_new(fields, "dbtp", json_real(round(master->dbtp * 100) / 100));
	}
	network_event(service->network, "take_mastered", fields);
}

/* A child that was killed could not say so in the manifest. */
static void note_failure(struct manifest *take, const char *folder, const char *error)
{
	struct error e;
	if (take->state == TAKE_FAILED)
		return;
	take->state = TAKE_FAILED;
	free(take->error);
	take->error = memory_text(error);
	if (take_save(take, folder, &e) < 0)
		log_error("%s", e.text);
}

static void on_render_finished(void *data, const char *folder, const char *error)
{
	struct service *service = data;
	struct manifest take;
	struct error e;
	if (manifest_load(&take, folder, &e) < 0) {
		log_error("%s", e.text); /* somebody removed it meanwhile, say */
		service_publish_state(service);
		return;
	}
	if (error) {
		note_failure(&take, folder, error);
		snprintf(service->render_alert, sizeof(service->render_alert), "%s: %s", take.id, error);
		json_t *fields = service_take_fields(&take);
		json_object_set_new(fields, "error", json_string(error));
		network_event(service->network, "take_failed", fields);
	} else {
		log_info("mastered %s", folder);
		service->render_alert[0] = '\0';
		tell_mastered(service, &take);
	}
	network_set_latest(service->network, &take);
	manifest_finish(&take);
	service_publish_state(service);
	service_publish_health(service);
}

/* ---- signals and time ---- */

static void on_terminate(void *data, int signal)
{
	(void)signal;
	struct service *service = data;
	struct error e;
	service->stopping = true;
	manager_stopping(service->manager);
	/* Whatever is being recorded is closed whole first. */
	if (recorder_end(service->recorder, &e) < 0)
		stop_if_done(service);
}

static void on_hangup(void *data, int signal)
{
	(void)signal;
	struct command command = {.verb = COMMAND_CONFIG_RELOAD};
	struct error e;
	json_t *result = NULL;
	if (service_command(data, &command, &result, &e) < 0)
		log_error("the configuration stays as it was: %s", e.text);
	json_decref(result);
}

static void on_health_timer(void *data)
{
	service_publish_health(data);
	service_look_for_sessions(data);
	service_recover_cut_off(data);
}

static bool writers_advance(void *data)
{
	struct service *service = data;
	return recorder_advances(service->recorder);
}

/* ---- making and ending ---- */

static int load_first_session(struct service *service)
{
	struct faults faults;
	const char *path = service->started->session;
	faults_init(&faults, path ? path : "defaults");
	int result = sessions_load(&service->session, path, "take", service->started, &faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	return result;
}

static int start(struct service *service, struct error *e)
{
	struct recorder_config config = {
		.appliance = service->started, .source = &source_pipewire, .takes = service->started->takes};
	struct recorder_callbacks from_recorder = {.ready = on_ready,
		.changed = on_changed,
		.take_started = on_started,
		.take_stopped = on_stopped,
		.gap = service_on_gap,
		.suspect = service_on_suspect,
		.loss = service_on_loss,
		.alert = on_alert,
		.data = service};
	struct jobs_callbacks from_jobs = {.started = on_render_started,
		.progress = on_render_progress,
		.finished = on_render_finished,
		.data = service};
	int result = service_folder_have(service, e);
	if (result == 0)
		result = service_takes_start(service, e);
	if (result == 0)
		result = network_create(&service->network, service->loop, service->started,
			service->started->takes, service_command, service, e);
	if (result == 0)
		result = recorder_create(&service->recorder, service->loop, &config, &from_recorder, e);
	if (result < 0)
		return result;
	recorder_set_session(service->recorder, &service->session.session, service->session.text);
	service->jobs = jobs_create(service->loop, service->config_path, &from_jobs);
	result = service_folder_use(service, e);
	if (result < 0)
		return result;
	service_publish_state(service);
	service_publish_info(service);
	loop_set_timer(service->health_timer, HEALTH_NS, HEALTH_NS);
	char url[NETWORK_URL_SIZE];
	if (network_http_url(service->network, url)[0])
		log_info("%s at %s", service->started->name, url);
	return 0;
}

/* Every client of the network has a descriptor or two; those must not be the ones that a take wants. */
static void want_descriptors(void)
{
	enum { DESCRIPTORS = 4096 };
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("no more than the usual number of open files");
}

static int serve(struct service *service, struct error *e)
{
	want_descriptors();
	int result = loop_create(&service->loop, e);
	if (result < 0)
		return result;
	service->manager = manager_create(
		service->loop, &(struct manager_questions){.advances = writers_advance, .data = service});
	service->signals[0] = loop_add_signal(service->loop, SIGTERM, on_terminate, service);
	service->signals[1] = loop_add_signal(service->loop, SIGINT, on_terminate, service);
	service->signals[2] = loop_add_signal(service->loop, SIGHUP, on_hangup, service);
	service->health_timer = loop_add_timer(service->loop, on_health_timer, service);
	service->levels_timer = loop_add_timer(service->loop, service_levels_tick, service);
	service->folder_timer = loop_add_timer(service->loop, service_folder_tick, service);
	result = start(service, e);
	if (result == 0)
		result = loop_run(service->loop);
	service_folder_finish(service);
	service_takes_stop(service);
	recorder_destroy(service->recorder);
	jobs_destroy(service->jobs);
	network_destroy(service->network);
	manager_destroy(service->manager);
	loop_remove(service->health_timer);
	loop_remove(service->levels_timer);
	loop_remove(service->folder_timer);
	for (int i = 0; i < SERVICE_SIGNALS; i++)
		loop_remove(service->signals[i]);
	loop_destroy(service->loop);
	if (service->takes_lock >= 0)
		close(service->takes_lock);
	return result;
}

static int run(const struct subcommand *subcommand, const struct arguments *arguments)
{
	struct appliance appliance;
	struct service service = {.started = &appliance, .appliance = &appliance, .takes_lock = -1};
	struct error e;
	int status = subcommand_load_appliance(subcommand, arguments, &appliance, &service.config_path);
	if (status != EXIT_DONE)
		return status;
	int result = load_first_session(&service);
	if (result < 0) {
		appliance_finish(&appliance);
		return subcommand_unloaded(result);
	}
	result = serve(&service, &e);
	if (result < 0)
		status = subcommand_failed(&e);
	sessions_finish(&service.session);
	service_sessions_finish(&service);
	if (service.appliance != &appliance) {
		appliance_finish(service.appliance);
		free(service.appliance);
	}
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_run = {
	.name = "run",
	.synopsis = "",
	.help = "the service: record by itself, render, and speak MQTT and HTTP",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};

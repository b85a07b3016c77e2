#include "appliance/service.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "config/schema.h"
#include "takes/take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSION_ENDING ".yaml"

/* ---- sessions and configuration ---- */

char *service_session_folder(const struct service *service)
{
	if (service->appliance->session)
		return file_folder(service->appliance->session);
	if (!service->config_path)
		return memory_text("sessions");
	char *folder = file_folder(service->config_path);
	char *sessions = file_join(folder, "sessions");
	free(folder);
	return sessions;
}

/* Of the file `path`; NULL: the defaults. `tell`: all of its faults on standard error, too. */
static int load_session(const struct service *service, const char *path, bool tell,
	struct loaded_session *loaded, struct error *e)
{
	struct faults faults;
	faults_init(&faults, path ? path : "defaults");
	int result = sessions_load(loaded, path, "take", service->appliance, &faults);
	if (result < 0) {
		faults_first(&faults, e);
		if (tell)
			faults_print(&faults, stderr);
	}
	faults_finish(&faults);
	return result;
}

/* Puts `loaded` in place of the session in use, which the caller gets. The struct moves, what the recorder is
 * given does not. */
static struct loaded_session put_session(struct service *service, const struct loaded_session *loaded)
{
	struct loaded_session before = service->session;
	service->session = *loaded;
	recorder_set_session(service->recorder, &service->session.session, service->session.text);
	return before;
}

int service_use_session(struct service *service, const char *path, bool tell, struct error *e)
{
	struct loaded_session loaded;
	int result = load_session(service, path, tell, &loaded, e);
	if (result < 0)
		return result;
	loaded = put_session(service, &loaded);
	sessions_finish(&loaded);
	return 0;
}

/* What is read at the start alone: the network and the folder of takes are not taken down under a band. */
static void list_unread(struct service *service, const struct appliance *fresh, json_t *restart)
{
	static const char *const names[] = {"name", "takes", "mqtt", "http"};
	struct appliance but_discovery = *fresh; /* which is read again */
	but_discovery.mqtt.discovery = service->started->mqtt.discovery;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (schema_same_key(&appliance_record, names[i], service->started, &but_discovery))
			continue;
		log_warning("%s was changed: the service has to be started again for it", names[i]);
		json_array_append_new(restart, json_string(names[i]));
	}
}

int service_reload(struct service *service, json_t *restart, struct error *e)
{
	struct appliance *fresh = memory_new(sizeof(*fresh));
	struct faults faults;
	faults_init(&faults, service->config_path ? service->config_path : "defaults");
	int result = appliance_load(fresh, service->config_path, &faults);
	if (result < 0) {
		faults_first(&faults, e);
		faults_print(&faults, stderr);
		free(fresh);
	}
	faults_finish(&faults);
	if (result < 0)
		return result;
	/* The session is checked against the interfaces of the new file, and both change or none does. */
	struct appliance *old = service->appliance;
	service->appliance = fresh;
	result = service_use_session(service, fresh->session, true, e);
	struct appliance *unused = result < 0 ? fresh : old;
	service->appliance = result < 0 ? old : fresh;
	if (result == 0) {
		recorder_reload(service->recorder, fresh);
		list_unread(service, fresh, restart);
	}
	if (unused != service->started) {
		appliance_finish(unused);
		free(unused);
	}
	return result;
}

/* The path of a session's file, the caller's to free. */
static char *session_path(const struct service *service, const char *name)
{
	char *folder = service_session_folder(service);
	char *path = memory_format("%s/%s" SESSION_ENDING, folder, name);
	free(folder);
	return path;
}

/* Puts the session `name` in place of the one in use, which becomes `before`, the caller's to finish. */
static int change_session(
	struct service *service, const char *name, struct loaded_session *before, struct error *e)
{
	*before = (struct loaded_session){0};
	struct loaded_session loaded;
	char *path = session_path(service, name);
	/* The session in use may have a name that no file has; it is what a panel shows, and may choose. */
	int result = 0;
	if (access(path, F_OK) == 0) {
		result = load_session(service, path, false, &loaded, e);
		if (result == 0)
			*before = put_session(service, &loaded);
	} else if (strcmp(name, service->session.session.name) != 0) {
		result = error_set(e, ENOENT, "there is no session \"%s\"", name);
	}
	free(path);
	return result;
}

static void tell_session(struct service *service)
{
	log_info("session %s", service->session.session.name);
	service_publish_state(service);
	service_publish_info(service);
	service_look_for_sessions(service);
}

/* ---- the verbs ---- */

/* A take that is refused changes nothing: the session stays, too. */
static int on_record_start(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	struct loaded_session other = {0};
	int status = command->session ? change_session(service, command->session, &other, e) : 0;
	if (status < 0)
		return status;
	status = recorder_begin(service->recorder,
		&(struct recorder_start){.pre_roll = true, .click = true, .title = command->title}, e);
	if (status < 0 && other.text)
		other = put_session(service, &other);
	else if (status == 0 && command->session)
		tell_session(service);
	sessions_finish(&other);
	return status;
}

static int on_record_stop(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)command;
	(void)result;
	return recorder_end(service->recorder, e);
}

static int on_record_save(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	return recorder_save(service->recorder, command->title, e);
}

static int on_marker(struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	struct recorder_status recorder;
	int status = recorder_mark(service->recorder, command->label, e);
	if (status < 0)
		return status;
	recorder_status(service->recorder, &recorder);
	network_event(service->network, "marker",
		json_pack("{s:s, s:s?}", "label", command->label, "take", recorder.take));
	return 0;
}

/* Who asks hears what is wrong at once; and a take is not a failed one because another could not be made of
 * it.
 */
static int check_render(const char *folder, const char *session, struct error *e)
{
	struct manifest take;
	struct loaded_session loaded;
	struct faults faults;
	int result = manifest_load(&take, folder, e);
	if (result < 0)
		return result;
	if (take.state == TAKE_RECORDING)
		result = error_set(e, EBUSY, "take %s is still being recorded", take.id);
	manifest_finish(&take);
	if (result < 0 || !session)
		return result;
	if (access(session, F_OK) < 0 && errno == ENOENT)
		return error_set(e, ENOENT, "there is no such session: no file %s", session);
	faults_init(&faults, session);
	result = sessions_load(&loaded, session, "", NULL, &faults);
	if (result < 0)
		faults_first(&faults, e);
	else
		sessions_finish(&loaded);
	faults_finish(&faults);
	return result;
}

static int on_render(struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	char *folder, *session = NULL;
	int status = take_find(service->started->takes, command->take, &folder, e);
	if (status < 0)
		return status;
	if (command->session)
		session = session_path(service, command->session);
	status = check_render(folder, session, e);
	if (status == 0) {
		jobs_add(service->jobs, folder, session);
		service_publish_state(service);
	}
	free(session);
	free(folder);
	return status;
}

static int on_session_set(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	struct loaded_session before;
	int status = change_session(service, command->session, &before, e);
	if (status < 0)
		return status;
	sessions_finish(&before);
	tell_session(service);
	return 0;
}

static int on_reload(struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)command;
	json_t *restart = json_array();
	int status = service_reload(service, restart, e);
	snprintf(service->config_alert, sizeof(service->config_alert), "%s%s",
		status < 0 ? "the configuration stays as it was: " : "", status < 0 ? e->text : "");
	if (status < 0) {
		json_decref(restart);
		service_publish_health(service);
		return status;
	}
	*result = json_pack("{s:o}", "restart", restart);
	log_info("configuration read again");
	service_publish_state(service);
	service_publish_info(service);
	service_publish_home(service);
	service_look_for_sessions(service);
	service_publish_health(service);
	return 0;
}

int service_command(void *data, const struct command *command, json_t **result, struct error *e)
{
	static int (*const verbs[])(struct service *, const struct command *, json_t **, struct error *) = {
		[COMMAND_RECORD_START] = on_record_start,
		[COMMAND_RECORD_STOP] = on_record_stop,
		[COMMAND_RECORD_SAVE] = on_record_save,
		[COMMAND_MARKER_ADD] = on_marker,
		[COMMAND_TAKE_LIST] = service_take_command,
		[COMMAND_TAKE_GET] = service_take_command,
		[COMMAND_TAKE_RENDER] = on_render,
		[COMMAND_TAKE_KEEP] = service_take_command,
		[COMMAND_TAKE_PATCH] = service_take_command,
		[COMMAND_TAKE_REMOVE] = service_take_command,
		[COMMAND_SESSION_SET] = on_session_set,
		[COMMAND_SESSION_LIST] = service_session_list,
		[COMMAND_LEVELS] = service_levels_command,
		[COMMAND_LEVELS_WATCH] = service_watch_command,
		[COMMAND_CONFIG_RELOAD] = on_reload,
	};
	struct service *service = data;
	if (service->stopping)
		return error_set(e, EBUSY, "the service is being stopped");
	return verbs[command->verb](service, command, result, e);
}

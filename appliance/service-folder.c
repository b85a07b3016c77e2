/* The folder of takes: had at the start or, where its disk comes later, when it is there; and what the last
 * run left behind in it. */
#include "appliance/service.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/library.h"
#include "takes/lock.h"
#include "takes/take.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_NS (2 * CLOCK_NSEC_PER_SEC)

/* Takes that are looked at for renders left undone: those of years, but not a million manifests at each
 * start. */
enum { RESUME_MOST = 1000 };

/* ---- what the last run left behind ---- */

static void publish_newest(struct service *service)
{
	struct take_list list;
	struct error e;
	if (take_list_load(&list, service->started->takes, NULL, 1, &e) < 0) {
		log_error("%s", e.text);
		return;
	}
	if (list.count > 0)
		network_set_latest(service->network, &list.entries[0].manifest);
	take_list_finish(&list);
}

/* Renders that the last run of the service did not come to; recovery has put back those that were cut off. */
static void resume_renders(struct service *service)
{
	struct take_list list;
	struct error e;
	if (take_list_load(&list, service->started->takes, NULL, RESUME_MOST, &e) < 0) {
		log_error("%s", e.text);
		return;
	}
	for (size_t i = list.count; i-- > 0;) {
		const struct manifest *take = &list.entries[i].manifest;
		bool waits = take->state == TAKE_RECORDED && take->render_count == 0;
		if (!service->appliance->render.on_stop || !waits)
			continue;
		char *folder = file_join(service->started->takes, list.entries[i].id);
		jobs_add(service->jobs, folder, NULL);
		free(folder);
	}
	take_list_finish(&list);
}

static void on_rescued(void *data, const struct recovery_report *report)
{
	struct service *service = data;
	if (report->error) {
		snprintf(service->recording_alert, sizeof(service->recording_alert), "%s: %s", report->id,
			report->error);
		service_publish_health(service);
		return;
	}
	if (report->outcome == RECOVERY_UNRENDERED) {
		log_info("take %s: its render was cut off; it is made again", report->id);
		if (service->appliance->render.on_stop)
			jobs_add(service->jobs, report->folder, NULL);
		return;
	}
	log_info("take %s recovered: %.1f s", report->id, (double)report->take->frames / report->take->rate);
	json_t *fields = service_take_fields(report->take);
	if (report->take->error)
		json_object_set_new(fields, "error", json_string(report->take->error));
	network_event(service->network, "take_recovered", fields);
	publish_newest(service);
}

static void on_rescue_done(void *data)
{
	struct service *service = data;
	service->rescuing = false;
	resume_renders(service);
	service_look_after_takes(service);
}

static int start_rescue(struct service *service, struct error *e)
{
	struct rescue_callbacks callbacks = {.rescued = on_rescued, .done = on_rescue_done, .data = service};
	int result =
		rescue_create(&service->rescue, service->loop, service->started->takes, NULL, &callbacks, e);
	service->rescuing = result == 0;
	return result;
}

/* ---- what the disk cut off ---- */

void service_note_cut_off(struct service *service, const char *id)
{
	service->cut_off =
		memory_grow(service->cut_off, service->cut_off_count + 1, sizeof(*service->cut_off));
	service->cut_off[service->cut_off_count++] = memory_text(id);
}

static void on_one_rescued(void *data, const struct recovery_report *report)
{
	struct service *service = data;
	on_rescued(service, report);
	if (!report->error && report->take->frames > 0 && service->appliance->render.on_stop)
		jobs_add(service->jobs, report->folder, NULL);
}

static void on_one_done(void *data)
{
	struct service *service = data;
	service->rescuing = false;
	service_look_after_takes(service);
}

/* Once each: what fails again is told, and left to the next start. */
void service_recover_cut_off(struct service *service)
{
	struct rescue_callbacks callbacks = {.rescued = on_one_rescued, .done = on_one_done, .data = service};
	struct recorder_status status;
	struct error e;
	recorder_status(service->recorder, &status);
	if (service->cut_off_count == 0 || service->rescuing || status.blocked || service->takes_lock < 0)
		return;
	rescue_destroy(service->rescue);
	service->rescue = NULL;
	char *id = service->cut_off[--service->cut_off_count];
	int result =
		rescue_create(&service->rescue, service->loop, service->started->takes, id, &callbacks, &e);
	service->rescuing = result == 0;
	if (result < 0)
		log_error("%s", e.text);
	free(id);
}

/* ---- the folder ---- */

int service_folder_have(struct service *service, struct error *e)
{
	const char *takes = service->started->takes;
	struct error missing;
	if (take_folder_make(takes, &missing) < 0) {
		if (!service->takes_alert[0])
			log_error("%s; nothing is recorded until it is there", missing.text);
		snprintf(service->takes_alert, sizeof(service->takes_alert), "%s", missing.text);
		return 0;
	}
	service->takes_lock = takes_lock(takes, e);
	return service->takes_lock < 0 ? service->takes_lock : 0;
}

int service_folder_use(struct service *service, struct error *e)
{
	if (service->takes_lock < 0) {
		loop_set_timer(service->folder_timer, LOOK_NS, LOOK_NS);
		return 0;
	}
	int result = start_rescue(service, e);
	if (result == 0)
		publish_newest(service);
	return result;
}

void service_folder_finish(struct service *service)
{
	rescue_destroy(service->rescue);
	for (size_t i = 0; i < service->cut_off_count; i++)
		free(service->cut_off[i]);
	free(service->cut_off);
}

void service_folder_tick(void *data)
{
	struct service *service = data;
	struct error e = {""};
	int result = service_folder_have(service, &e);
	if (result == 0 && service->takes_lock < 0)
		return;
	if (result == 0) {
		log_info("the takes are in %s", service->started->takes);
		loop_set_timer(service->folder_timer, 0, 0);
		service->recording_alert[0] = '\0';
		retention_clock_load(&service->clock, service->started->takes);
		result = service_folder_use(service, &e);
	}
	if (result < 0)
		log_error("%s", e.text);
	snprintf(service->takes_alert, sizeof(service->takes_alert), "%s", e.text);
	service_publish_health(service);
}

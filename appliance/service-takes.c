/* What the world asks of takes that are on the disk, and their retention: done by workers, since the disk may
 * take its time and the control thread must not. */
#include "appliance/service.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/edit.h"
#include "takes/library.h"
#include "takes/removal.h"
#include "takes/take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Requests that are not answered yet; whoever sends more is told so, and nobody fills the memory. */
enum { ERRANDS_MOST = 64 };

#define RETENTION_NS (3600 * CLOCK_NSEC_PER_SEC)

/* ---- errands: commands ---- */

struct errand {
	struct service *service;
	struct network_reply *reply;
	enum command_verb verb;
	char *takes, *take, *title, *cursor;
	enum said keep;
	size_t limit;
	/* what came of it */
	int result;
	struct error error;
	json_t *data;
	bool changed;
	struct take_list newest; /* one take at most, after a change */
};

static json_t *take_json(const struct manifest *take)
{
	char *text = manifest_json(take);
	json_t *json = json_loads(text, 0, NULL);
	free(text);
	return json;
}

static int list(struct errand *errand, const char *folder)
{
	(void)folder;
	struct take_list takes;
	size_t limit = errand->limit ? errand->limit : NETWORK_LIMIT;
	int result = take_list_load(&takes, errand->takes, errand->cursor, limit, &errand->error);
	if (result < 0)
		return result;
	json_t *entries = json_array();
	for (size_t i = 0; i < takes.count; i++)
		json_array_append_new(entries, take_json(&takes.entries[i].manifest));
	errand->data = json_pack("{s:o, s:s?}", "takes", entries, "cursor", takes.cursor);
	take_list_finish(&takes);
	return 0;
}

static int get(struct errand *errand, const char *folder)
{
	struct manifest take;
	int result = manifest_load(&take, folder, &errand->error);
	if (result == 0) {
		errand->data = take_json(&take);
		manifest_finish(&take);
	}
	return result;
}

static int edit(struct errand *errand, const char *folder)
{
	struct manifest take;
	bool keep = errand->keep != SAID_NO;
	struct take_edit changes = {.title = errand->title};
	if (errand->keep != SAID_NOTHING || errand->verb == COMMAND_TAKE_KEEP)
		changes.keep = &keep;
	int result = take_edit(folder, &changes, &take, &errand->error);
	if (result == 0) {
		errand->changed = true;
		errand->data = take_json(&take);
		manifest_finish(&take);
	}
	return result;
}

static int remove_take(struct errand *errand, const char *folder)
{
	int result = removal_run(folder, &errand->error);
	if (result == 0) {
		errand->changed = true;
		errand->data = json_pack("{s:s}", "take", errand->take);
		log_info("removed %s", folder);
	}
	return result;
}

static void work(void *data)
{
	static int (*const verbs[])(struct errand *, const char *) = {
		[COMMAND_TAKE_LIST] = list,
		[COMMAND_TAKE_GET] = get,
		[COMMAND_TAKE_KEEP] = edit,
		[COMMAND_TAKE_PATCH] = edit,
		[COMMAND_TAKE_REMOVE] = remove_take,
	};
	struct errand *errand = data;
	struct error unused;
	char *folder = NULL;
	errand->result = errand->take ? take_find(errand->takes, errand->take, &folder, &errand->error) : 0;
	if (errand->result == 0)
		errand->result = verbs[errand->verb](errand, folder);
	if (errand->changed && take_list_load(&errand->newest, errand->takes, NULL, 1, &unused) < 0)
		errand->changed = false;
	free(folder);
}

static void finish(struct errand *errand)
{
	errand->service->errands--;
	network_answer(errand->reply, errand->result, errand->data, &errand->error);
	take_list_finish(&errand->newest);
	free(errand->takes);
	free(errand->take);
	free(errand->title);
	free(errand->cursor);
	free(errand);
}

static void set_latest(struct service *service, const struct take_list *newest)
{
	network_set_latest(service->network, newest->count > 0 ? &newest->entries[0].manifest : NULL);
}

static void done(void *data)
{
	struct errand *errand = data;
	if (errand->changed)
		set_latest(errand->service, &errand->newest);
	finish(errand);
}

static void drop(void *data)
{
	struct errand *errand = data;
	json_decref(errand->data);
	errand->data = NULL;
	errand->result = error_set(&errand->error, ESHUTDOWN, "the service is being stopped");
	finish(errand);
}

static char *copy(const char *text)
{
	return text ? memory_text(text) : NULL;
}

/* A take that waits for its render is not closed yet, though its manifest says so. */
static int check(struct service *service, const struct command *command, struct error *e)
{
	if (service->errands >= ERRANDS_MOST)
		return error_set(e, EBUSY, "%d requests about takes wait already", ERRANDS_MOST);
	if (command->verb == COMMAND_TAKE_PATCH && !command->title && command->keep == SAID_NOTHING)
		return error_set(e, EINVAL, "there is nothing to change: neither title nor keep");
	if (command->verb != COMMAND_TAKE_REMOVE)
		return 0;
	char *folder = file_join(service->started->takes, command->take);
	bool has = jobs_has(service->jobs, folder);
	free(folder);
	return has ? error_set(e, EBUSY, "%s is being rendered, or waits for it", command->take) : 0;
}

int service_take_command(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	static const struct worker_job kind = {work, done, drop};
	int status = check(service, command, e);
	if (status < 0)
		return status;
	struct errand *errand = memory_new(sizeof(*errand));
	*errand = (struct errand){.service = service,
		.reply = command->reply,
		.verb = command->verb,
		.takes = memory_text(service->started->takes),
		.take = copy(command->take),
		.title = copy(command->title),
		.cursor = copy(command->cursor),
		.keep = command->keep,
		.limit = command->limit};
	service->errands++;
	worker_run(service->asked, &kind, errand);
	return NETWORK_LATER;
}

/* ---- chores: nobody waits for them ---- */

struct chore {
	struct service *service;
	struct retention retention;
	char *begun; /* folder of a take that has just begun; NULL: none */
	char **busy;
	bool sweep;
	int removed;
	struct take_list newest;
};

static void do_chore(void *data)
{
	struct chore *chore = data;
	struct error e;
	if (chore->sweep)
		removal_sweep(chore->retention.takes);
	if (chore->begun && retention_protect(&chore->retention.clock, chore->begun, &e) < 0)
		log_warning("%s", e.text);
	if (!chore->begun)
		chore->removed = retention_run(&chore->retention, &e);
	if (chore->removed < 0)
		log_error("retention: %s", e.text);
	library_refresh(chore->retention.takes);
	if (chore->removed > 0 && take_list_load(&chore->newest, chore->retention.takes, NULL, 1, &e) < 0)
		chore->removed = 0;
}

static void free_chore(void *data)
{
	struct chore *chore = data;
	for (size_t i = 0; i < chore->retention.busy_count; i++)
		free(chore->busy[i]);
	free(chore->busy);
	free(chore->begun);
	take_list_finish(&chore->newest);
	free(chore);
}

static void chore_done(void *data)
{
	struct chore *chore = data;
	if (chore->removed > 0) {
		set_latest(chore->service, &chore->newest);
		service_publish_health(chore->service); /* there is more room */
	}
	free_chore(chore);
}

static struct chore *new_chore(struct service *service)
{
	struct chore *chore = memory_new(sizeof(*chore));
	chore->service = service;
	chore->retention = (struct retention){
		.takes = service->started->takes, /* outlives the worker */
		.config = service->appliance->retention,
		.clock = service->clock,
		.stop = &service->enough,
	};
	return chore;
}

static void run_chore(struct chore *chore)
{
	static const struct worker_job kind = {do_chore, chore_done, free_chore};
	worker_run(chore->service->chores, &kind, chore);
}

void service_look_after_takes(struct service *service)
{
	struct chore *chore = new_chore(service);
	chore->busy = jobs_folders(service->jobs, &chore->retention.busy_count);
	chore->retention.busy = chore->busy;
	chore->sweep = !service->swept;
	service->swept = true;
	run_chore(chore);
}

void service_take_begun(struct service *service, const char *id)
{
	struct chore *chore = new_chore(service);
	chore->begun = file_join(service->started->takes, id);
	run_chore(chore);
}

/* ---- beginning and end ---- */

static void on_retention_timer(void *data)
{
	service_look_after_takes(data);
}

int service_takes_start(struct service *service, struct error *e)
{
	retention_clock_load(&service->clock, service->started->takes);
	int result = worker_create(&service->asked, service->loop, e);
	if (result == 0)
		result = worker_create(&service->chores, service->loop, e);
	service->retention_timer = loop_add_timer(service->loop, on_retention_timer, service);
	loop_set_timer(service->retention_timer, RETENTION_NS, RETENTION_NS);
	return result;
}

void service_takes_stop(struct service *service)
{
	atomic_store(&service->enough, true);
	worker_destroy(service->chores);
	worker_destroy(service->asked);
	loop_remove(service->retention_timer);
}

/* Which sessions there are: files that come and go while the service runs, looked for by a worker; and what
 * Home Assistant is told of them and of the rest of the box. */
#include "appliance/service.h"

#include "common/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".yaml"

enum { SESSIONS_MOST = 500, NAME_MOST = 64 };

struct look {
	struct service *service;
	struct network_reply *reply; /* NULL: nobody waits for it */
	char *folder;
	char **names;
	size_t count;
};

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* A name that `session.set` takes. */
static int is_session(const struct dirent *entry)
{
	size_t length = strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return length > 0 && length <= NAME_MOST && strcmp(entry->d_name + length, ENDING) == 0;
}

static void look(void *data)
{
	struct look *look = data;
	struct dirent **entries;
	int count = scandir(look->folder, &entries, is_session, alphasort);
	if (count < 0)
		return; /* no folder, no sessions */
	look->names = memory_array((size_t)count + 1, sizeof(*look->names));
	for (int i = 0; i < count; i++) {
		if (i < SESSIONS_MOST)
			look->names[look->count++] = memory_format(
				"%.*s", (int)strcspn(entries[i]->d_name, "."), entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void free_look(void *data)
{
	struct look *look = data;
	free_names(look->names, look->count);
	free(look->folder);
	free(look);
}

static void tell(struct look *look)
{
	json_t *names = json_array();
	for (size_t i = 0; i < look->count; i++)
		json_array_append_new(names, json_string(look->names[i]));
	json_t *data =
		json_pack("{s:o, s:s}", "sessions", names, "session", look->service->session.session.name);
	network_answer(look->reply, 0, data, NULL);
}

static void looked(void *data)
{
	struct look *look = data;
	struct service *service = look->service;
	if (look->reply)
		tell(look);
	else
		service->looking = false;
	char **names = service->sessions;
	size_t count = service->session_count;
	service->sessions = look->names;
	service->session_count = look->count;
	service->sessions_known = true;
	look->names = names;
	look->count = count;
	service_publish_home(service);
	free_look(look);
}

static void dropped(void *data)
{
	struct look *look = data;
	struct error e;
	int result = error_set(&e, ESHUTDOWN, "the service is being stopped");
	if (look->reply)
		network_answer(look->reply, result, NULL, &e);
	free_look(look);
}

static void run_look(struct service *service, struct network_reply *reply)
{
	static const struct worker_job kind = {look, looked, dropped};
	struct look *made = memory_new(sizeof(*made));
	*made = (struct look){.service = service, .reply = reply, .folder = service_session_folder(service)};
	worker_run(service->asked, &kind, made);
}

void service_look_for_sessions(struct service *service)
{
	if (service->looking)
		return;
	service->looking = true;
	run_look(service, NULL);
}

int service_session_list(
	struct service *service, const struct command *command, json_t **result, struct error *e)
{
	(void)result;
	(void)e;
	run_look(service, command->reply);
	return NETWORK_LATER;
}

void service_publish_home(struct service *service)
{
	if (!service->sessions_known)
		return; /* they will be, soon, and then all is told at once */
	struct recorder_interface interfaces[SERVICE_INTERFACES_MOST];
	const char *names[SERVICE_INTERFACES_MOST];
	size_t count = service_interfaces(service, interfaces);
	for (size_t i = 0; i < count; i++)
		names[i] = interfaces[i].name;
	network_set_home(service->network, &(struct network_home){
						   .discovery = service->appliance->mqtt.discovery,
						   .pre_roll_s = service->appliance->recording.pre_roll_s,
						   .session = service->session.session.name,
						   .sessions = (const char *const *)service->sessions,
						   .session_count = service->session_count,
						   .interfaces = names,
						   .interface_count = count,
					   });
}

void service_sessions_finish(struct service *service)
{
	free_names(service->sessions, service->session_count);
}

#include "appliance/sessions.h"

#include "appliance/check-chains.h"
#include "appliance/processors.h"
#include "common/file.h"
#include "common/memory.h"

#include <stdlib.h>

enum { SESSION_FILE_MOST = 4 << 20 };

int sessions_load(struct loaded_session *loaded, const char *path, const char *name,
	const struct appliance *appliance, struct faults *faults)
{
	*loaded = (struct loaded_session){0};
	int result = session_load(&loaded->session, path, processors_records(), appliance, faults);
	if (result < 0)
		return result;
	if (!path) {
		free(loaded->session.name);
		loaded->session.name = memory_text(name);
		loaded->text = memory_format("woodshed: 1\nname: %s\n", name);
		return 0;
	}
	size_t size;
	struct error e;
	result = file_read(path, SESSION_FILE_MOST, &loaded->text, &size, &e);
	if (result < 0) {
		faults->starved |= result == -ENOMEM;
		faults_add(faults, 0, 0, "%s", e.text);
		session_finish(&loaded->session);
		return result;
	}
	loaded->path = memory_text(path);
	return 0;
}

int sessions_load_of_take(
	struct loaded_session *loaded, const char *folder, const char *given, uint32_t rate, struct error *e)
{
	char *own = file_join(folder, "session.yaml");
	const char *path = given ? given : own;
	struct faults faults;
	faults_init(&faults, path);
	int result = sessions_load(loaded, path, "", NULL, &faults);
	if (result == 0)
		result = check_chains(&loaded->session, rate, &faults);
	if (result < 0) {
		faults_print(&faults, stderr);
		error_set(e, -result,
			result == -ENOMEM ? "there is no memory for the session: %s"
					  : "the session is wrong: %s",
			path);
	}
	faults_finish(&faults);
	free(own);
	return result;
}

void sessions_finish(struct loaded_session *loaded)
{
	session_finish(&loaded->session);
	free(loaded->text);
	free(loaded->path);
	*loaded = (struct loaded_session){0};
}

#include "common/memory.h"
#include "config/preset_search.h"
#include "config/schema.h"
#include "config/session.h"
#include "config/session_check.h"
#include "config/session_presets.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "songs/Night Bus.yaml" is the session night-bus. */
static char *name_of_file(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *name = memory_text(slash ? slash + 1 : path ? path : "session");
	char *dot = strrchr(name, '.');
	if (dot && dot > name)
		*dot = '\0';
	size_t length = strlen(name);
	if (length > 64)
		name[64] = '\0';
	for (char *c = name; *c; c++)
		*c = (char)(isascii(*c) && isalnum(*c) ? tolower(*c) : '-');
	return name;
}

int session_load(struct session *session, const char *path, const struct record_table *processors,
	const struct appliance *appliance, struct faults *faults)
{
	*session = (struct session){0};
	struct yaml_file file = {0};
	int result = path ? yaml_load(&file, path, faults) : 0;
	if (result < 0)
		return result;
	schema_load(&session_record, session, file.root, processors, faults);
	session_check(session, file.root, appliance, faults);
	key_check(session, file.root, processors, faults);
	if (!session->name)
		session->name = name_of_file(path);
	session_resolve(session, path, file.root, processors, faults);
	routing_check(session, file.root, faults);
	if (faults->errors == 0)
		routing_warn(session, file.root, faults);
	if (faults->errors == 0)
		delivery_check(session, path, file.root, faults);
	yaml_finish(&file);
	result = faults_result(faults);
	if (result < 0)
		session_finish(session);
	return result;
}

void session_finish(struct session *session)
{
	schema_finish(&session_record, session);
	schema_finish_chain(&session->chain_of_mix);
	schema_finish_chain(&session->edit.chain);
	preset_files_finish(&session->presets);
	*session = (struct session){0};
}

/* Keys that only one of the two files has tell them apart; a text in the other's favour is outvoted. */
static int balance_of_keys(const struct yaml_node *root)
{
	int balance = 0;
	for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++) {
		bool session = schema_find_key(&session_record, root->pairs[i].key) != NULL;
		bool appliance = schema_find_key(&appliance_record, root->pairs[i].key) != NULL;
		balance += session - appliance;
	}
	return balance;
}

bool session_is_one(const char *path)
{
	struct faults faults;
	struct yaml_file file;
	faults_init(&faults, path);
	int balance = yaml_load(&file, path, &faults) == 0 ? balance_of_keys(file.root) : 0;
	yaml_finish(&file);
	if (faults.starved) /* which of the two it is nobody knows */
		memory_is_out();
	faults_finish(&faults);
	return balance > 0;
}

int session_parse_input(const char *input, char **interface, int *channel)
{
	const char *slash = strrchr(input, '/');
	size_t digits = slash ? strspn(slash + 1, "0123456789") : 0;
	if (digits == 0 || digits > 4 || slash[1 + digits] || slash[1] == '0' || slash == input ||
		memchr(input, '/', (size_t)(slash - input)))
		return -EINVAL;
	*interface = memory_format("%.*s", (int)(slash - input), input);
	*channel = atoi(slash + 1);
	return 0;
}

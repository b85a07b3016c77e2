/* woodshed check: every fault of appliance and session files, or what such a file comes to. */
#include "appliance/check-chains.h"
#include "appliance/interfaces.h"
#include "appliance/processors.h"
#include "appliance/subcommand.h"
#include "common/log.h"
#include "config/preset_check.h"
#include "config/print.h"
#include "config/yaml.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* High enough for every frequency that a key allows: which rate a take will have is not known here. */
enum { CHECK_RATE = 96000 };

struct check {
	/* What sessions are checked against: the last appliance file among those given, else the one of
	 * --config. */
	struct appliance appliance;
	bool print;
	int status;
};

/* ---- interfaces that are not there ---- */

struct search {
	const struct appliance *appliance;
	const struct yaml_node *list;
	struct faults *faults;
};

/* The most channels of a node that the glob matches; 0: none does. */
static uint32_t channels_now(const char *glob, const struct source_node *nodes, size_t count)
{
	uint32_t most = 0;
	for (size_t n = 0; n < count; n++)
		if (fnmatch(glob, nodes[n].name, 0) == 0 && nodes[n].channels > most)
			most = nodes[n].channels;
	return most;
}

static void warn_unseen(void *data, const struct source_node *nodes, size_t count)
{
	const struct search *search = data;
	const struct interface_config *interfaces = search->appliance->interfaces.items;
	for (size_t i = 0; i < search->appliance->interfaces.count; i++) {
		const struct yaml_node *item = yaml_item(search->list, i);
		const struct yaml_node *node = yaml_value_of(item, "node");
		const struct yaml_node *channels = yaml_value_of(item, "channels");
		uint32_t has = channels_now(interfaces[i].node, nodes, count);
		if (has == 0 && node)
			faults_warn(search->faults, node->line, node->column,
				"interfaces[%zu].node: not there now; woodshed interfaces lists those that "
				"are",
				i);
		else if (channels && interfaces[i].channels > (int)has)
			faults_warn(search->faults, channels->line, channels->column,
				"interfaces[%zu].channels: there are %u now; it is recorded when it has all",
				i, has);
	}
}

/* Without a PipeWire, as where the files are kept and not used, nothing can be said. */
static void look_for_interfaces(const struct appliance *appliance, const char *path, struct faults *faults)
{
	struct faults unused;
	struct yaml_file file;
	struct error e;
	if (appliance->interfaces.count == 0)
		return;
	faults_init(&unused, path);
	if (yaml_load(&file, path, &unused) == 0) {
		struct search search = {appliance, yaml_value_of(file.root, "interfaces"), faults};
		if (interfaces_now(warn_unseen, &search, &e) < 0)
			log_debug("%s", e.text);
		yaml_finish(&file);
	}
	faults_finish(&unused);
}

/* ---- a file ---- */

static size_t count_warnings(const struct faults *faults)
{
	size_t count = 0;
	for (size_t i = 0; i < faults->count; i++)
		count += faults->list[i].warning;
	for (size_t i = 0; i < faults->other_count; i++)
		count += count_warnings(&faults->others[i]);
	return count;
}

static void add_count(char *text, size_t size, size_t count, const char *what)
{
	size_t used = strlen(text);
	if (count > 0)
		snprintf(text + used, size - used, "%s%zu %s%s", used ? ", " : "", count, what,
			count == 1 ? "" : "s");
}

/* The faults, and a line that sums them up: in words for people, `ok` for programs. */
static void tell(struct check *check, const struct faults *faults)
{
	char counts[64] = "";
	faults_print(faults, stderr);
	if (faults->errors > 0 && check->status != EXIT_USAGE)
		check->status = subcommand_unloaded(faults_result(faults));
	if (check->print)
		return;
	add_count(counts, sizeof(counts), faults->errors, "error");
	add_count(counts, sizeof(counts), count_warnings(faults), "warning");
	if (!isatty(STDOUT_FILENO)) {
		if (faults->errors == 0)
			printf("%s: ok\n", faults->file);
	} else if (faults->errors > 0) {
		printf("%s: %s\n", faults->file, counts);
	} else {
		printf("%s: fine%s%s\n", faults->file, counts[0] ? ", " : "", counts);
	}
	fflush(stdout);
}

static void check_session(struct check *check, const char *path, struct faults *faults)
{
	struct session session;
	int result = session_load(&session, path, processors_records(), &check->appliance, faults);
	int made = result == 0 ? check_chains(&session, CHECK_RATE, faults) : 0;
	tell(check, faults);
	if (result < 0)
		return;
	if (check->print && made == 0)
		print_record(&session_record, &session, stdout);
	session_finish(&session);
}

/* With the session that it names, which has faults of its own. */
static void check_appliance(struct check *check, const char *path, struct faults *faults)
{
	struct appliance appliance;
	int result = appliance_load(&appliance, path, faults);
	if (result == 0)
		look_for_interfaces(&appliance, path, faults);
	tell(check, faults);
	if (result < 0)
		return;
	appliance_finish(&check->appliance);
	check->appliance = appliance;
	if (check->print) {
		print_record(&appliance_record, &appliance, stdout);
	} else if (appliance.session) {
		struct faults of_session;
		faults_init(&of_session, appliance.session);
		check_session(check, appliance.session, &of_session);
		faults_finish(&of_session);
	}
}

/* A preset alone comes to nothing yet: what it does is printed of a session that names it. */
static void check_preset(struct check *check, const char *path, struct faults *faults)
{
	if (preset_check(path, processors_records(), faults) == 0 && check->print)
		faults_add(faults, 0, 0,
			"a preset; --print of a session that names it, or woodshed presets NAME");
	tell(check, faults);
}

static void check_file(struct check *check, const char *name)
{
	struct faults faults;
	faults_init(&faults, name);
	/* What is printed may be loaded from another folder, so its paths are whole. */
	char *whole = check->print ? realpath(name, NULL) : NULL;
	const char *path = whole ? whole : name;
	if (preset_is_one(path))
		check_preset(check, path, &faults);
	else
		(session_is_one(path) ? check_session : check_appliance)(check, path, &faults);
	free(whole);
	faults_finish(&faults);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct check check = {.print = subcommand_option(command, arguments, "print") != NULL};
	const char *config;
	if (check.print && arguments->word_count > 1)
		return subcommand_misused(command, "--print takes one file");
	int status = subcommand_load_appliance(command, arguments, &check.appliance, &config);
	if (status != EXIT_DONE)
		return status;
	for (int i = 0; i < arguments->word_count; i++)
		check_file(&check, arguments->words[i]);
	appliance_finish(&check.appliance);
	return check.status;
}

const struct subcommand subcommand_check = {
	.name = "check",
	.synopsis = "FILE…",
	.least_words = 1,
	.most_words = 1000,
	.help = "check appliance, session and preset files: every fault, with its line and column",
	.options = {SUBCOMMAND_CONFIG_OPTION,
		{"print", NULL, "print the whole configuration that the file comes to, defaults included"}},
	.run = run,
};

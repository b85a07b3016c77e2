#include "appliance/subcommand.h"

#include "appliance/check-chains.h"
#include "appliance/processors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* High enough for every frequency that a key allows: which rate a take will have is not known here. */
enum { CHECK_RATE = 96000 };

static int check_appliance(const char *path, struct faults *faults)
{
	struct appliance appliance;
	int result = appliance_load(&appliance, path, faults);
	if (result == 0)
		appliance_finish(&appliance);
	return result;
}

static int check_session(const char *path, const struct appliance *appliance, struct faults *faults)
{
	struct session session;
	int result = session_load(&session, path, processors_records(), appliance, faults);
	if (result < 0)
		return result;
	result = check_chains(&session, CHECK_RATE, faults);
	session_finish(&session);
	return result;
}

/* A session is checked against the interfaces of the appliance, where there is one that says which. */
static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct appliance appliance;
	const char *config;
	int status = subcommand_load_appliance(command, arguments, &appliance, &config);
	if (status != EXIT_DONE)
		return status;
	for (int i = 0; i < arguments->word_count; i++) {
		const char *path = arguments->words[i];
		struct faults faults;
		faults_init(&faults, path);
		int result = session_is_one(path) ? check_session(path, &appliance, &faults)
						  : check_appliance(path, &faults);
		faults_print(&faults, stderr);
		faults_finish(&faults);
		if (result < 0)
			status = EXIT_USAGE;
		else
			printf("%s: ok\n", path);
	}
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_check = {
	.name = "check",
	.synopsis = "FILE…",
	.least_words = 1,
	.most_words = 1000,
	.help = "check appliance and session files: every fault, with its line and column",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};

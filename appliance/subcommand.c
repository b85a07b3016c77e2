#include "appliance/subcommand.h"

#include "common/memory.h"
#include "takes/take.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/woodshed/appliance.yaml"

const char *subcommand_option(
	const struct subcommand *command, const struct arguments *arguments, const char *name)
{
	for (int i = 0; command->options[i].name; i++)
		if (strcmp(command->options[i].name, name) == 0)
			return arguments->values[i];
	abort();
}

int subcommand_failed(const struct error *e)
{
	fprintf(stderr, "woodshed: %s\n", e->text);
	return EXIT_FAILED;
}

int subcommand_misused(const struct subcommand *command, const char *format, ...)
{
	fprintf(stderr, "woodshed %s: ", command->name);
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; woodshed %s --help tells how\n", command->name);
	return EXIT_USAGE;
}

int subcommand_unloaded(int result)
{
	return result == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
}

int subcommand_parse_time(const char *text, double least, double *seconds)
{
	int result = units_parse(text, UNIT_SECONDS, 1, seconds);
	return result < 0 || *seconds < least ? -EINVAL : 0;
}

int subcommand_load_appliance(const struct subcommand *command, const struct arguments *arguments,
	struct appliance *appliance, const char **path)
{
	const char *given = subcommand_option(command, arguments, "config");
	*path = given ? given : access(DEFAULT_CONFIG, F_OK) == 0 ? DEFAULT_CONFIG : NULL;
	struct faults faults;
	faults_init(&faults, *path ? *path : "defaults");
	int result = appliance_load(appliance, *path, &faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	return result < 0 ? subcommand_unloaded(result) : EXIT_DONE;
}

/* The folder of takes, the caller's to free. EXIT_DONE, or EXIT_USAGE with the faults printed. */
static int load_takes(const struct subcommand *command, const struct arguments *arguments, char **takes)
{
	struct appliance appliance;
	const char *path, *given = subcommand_option(command, arguments, "takes");
	int status = subcommand_load_appliance(command, arguments, &appliance, &path);
	if (status != EXIT_DONE)
		return status;
	*takes = memory_text(given ? given : appliance.takes);
	appliance_finish(&appliance);
	return EXIT_DONE;
}

static int status_of(int result, const struct error *e)
{
	if (result < 0)
		return subcommand_failed(e);
	return result > 0 ? EXIT_FAILED : EXIT_DONE;
}

int subcommand_in_takes(const struct subcommand *command, const struct arguments *arguments)
{
	struct error e;
	char *takes;
	int status = load_takes(command, arguments, &takes);
	if (status != EXIT_DONE)
		return status;
	status = status_of(command->in_takes(command, arguments, takes, &e), &e);
	free(takes);
	return status;
}

int subcommand_find_take(const struct subcommand *command, const struct arguments *arguments, char **folder)
{
	struct error e;
	char *takes;
	int status = load_takes(command, arguments, &takes);
	if (status != EXIT_DONE)
		return status;
	status = status_of(take_find(takes, arguments->words[0], folder, &e), &e);
	free(takes);
	return status;
}

int subcommand_on_take(const struct subcommand *command, const struct arguments *arguments)
{
	struct error e;
	char *folder;
	int status = subcommand_find_take(command, arguments, &folder);
	if (status != EXIT_DONE)
		return status;
	status = status_of(command->on_take(command, arguments, folder, &e), &e);
	free(folder);
	return status;
}

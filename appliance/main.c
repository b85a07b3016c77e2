/* woodshed: the program. A table of subcommands; each has a file of its own. */
#include "appliance/subcommand.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct subcommand *const commands[] = {
	&subcommand_run,
	&subcommand_record,
	&subcommand_render,
	&subcommand_master,
	&subcommand_measure,
	&subcommand_recover,
	&subcommand_takes,
	&subcommand_show,
	&subcommand_keep,
	&subcommand_remove,
	&subcommand_verify,
	&subcommand_export,
	&subcommand_song,
	&subcommand_check,
	&subcommand_schema,
	&subcommand_interfaces,
	&subcommand_processors,
	&subcommand_presets,
	&subcommand_token,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *stream)
{
	fprintf(stream, "usage: woodshed COMMAND [OPTION…]\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-11s %s\n", commands[i]->name, commands[i]->help);
	fprintf(stream,
		"\nwoodshed COMMAND --help tells each command's options; woodshed --version the version.\n"
		"woodshed --help --json is all of it, for programs.\n");
}

/* For whatever is made from the table: man pages, completions. */
static int print_json(void)
{
	json_t *list = json_array();
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		json_t *options = json_array();
		for (const struct option_spec *option = commands[i]->options; option->name; option++)
			json_array_append_new(
				options, json_pack("{s:s, s:s?, s:s}", "name", option->name, "argument",
						 option->argument, "help", option->help));
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o}", "name", commands[i]->name, "synopsis",
				      commands[i]->synopsis, "help", commands[i]->help, "options", options));
	}
	json_t *all = json_pack("{s:s, s:o}", "version", WOODSHED_VERSION, "commands", list);
	json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
	putchar('\n');
	return EXIT_DONE;
}

static void print_help(const struct subcommand *command)
{
	printf("usage: woodshed %s%s%s [OPTION…]\n\n%s\n\n", command->name, command->synopsis[0] ? " " : "",
		command->synopsis, command->help);
	for (const struct option_spec *option = command->options; option->name; option++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", option->name, option->argument ? " " : "",
			option->argument ? option->argument : "");
		printf("  %-18s %s\n", left, option->help);
	}
}

/* Takes argv[*at] (and its value) as an option. EXIT_DONE or EXIT_USAGE. */
static int take_option(
	const struct subcommand *command, struct arguments *arguments, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2;
	size_t length = strcspn(name, "=");
	for (int i = 0; command->options[i].name; i++) {
		const struct option_spec *option = &command->options[i];
		if (strlen(option->name) != length || strncmp(option->name, name, length) != 0)
			continue;
		if (!option->argument && name[length] == '=')
			return subcommand_misused(command, "--%s takes no value", option->name);
		if (!option->argument)
			arguments->values[i] = "";
		else if (name[length] == '=')
			arguments->values[i] = name + length + 1;
		else if (*at + 1 < argc)
			arguments->values[i] = argv[++*at];
		else
			return subcommand_misused(
				command, "--%s needs a value: %s", option->name, option->argument);
		return EXIT_DONE;
	}
	return subcommand_misused(command, "there is no option --%.*s", (int)length, name);
}

static int run(const struct subcommand *command, int argc, char **argv)
{
	struct arguments arguments = {.words = argv};
	bool options = true;
	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--help") == 0) {
			print_help(command);
			return EXIT_DONE;
		}
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			int result = take_option(command, &arguments, argc, argv, &i);
			if (result != EXIT_DONE)
				return result;
		} else {
			arguments.words[arguments.word_count++] = argv[i];
		}
	}
	if (arguments.word_count < command->least_words)
		return subcommand_misused(command, "%s is missing", command->synopsis);
	if (arguments.word_count > command->most_words)
		return subcommand_misused(
			command, "%s is one word too many", arguments.words[command->most_words]);
	return command->run(command, &arguments);
}

/* Of a pipe or socket. */
static bool reader_is_gone(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLOUT};
	return poll(&end, 1, 0) == 1 && (end.revents & (POLLERR | POLLHUP));
}

/* Whoever sends the output to a disk that is full must not take half of it for all of it. A reader that went
 * away had enough. */
static int finish_output(int status)
{
	errno = 0;
	bool whole = fflush(stdout) == 0 && !ferror(stdout);
	int failure = errno; /* of the last piece; an earlier one has left no word */
	if (whole || status != EXIT_DONE || reader_is_gone(STDOUT_FILENO))
		return status;
	fprintf(stderr, "woodshed: standard output: %s\n",
		failure ? strerror(failure) : "not all of it could be written");
	return EXIT_FAILED;
}

static int dispatch(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("woodshed %s\n", WOODSHED_VERSION);
		return EXIT_DONE;
	}
	if (argc == 3 && strcmp(argv[1], "--help") == 0 && strcmp(argv[2], "--json") == 0)
		return print_json();
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; argc >= 2 && i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return run(commands[i], argc - 2, argv + 2);
	if (argc >= 2)
		fprintf(stderr, "woodshed: there is no command %s\n", argv[1]);
	print_usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	/* Who writes to a closed pipe or socket gets an error to handle, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	json_set_alloc_funcs(memory_block, free);
	if (getenv("WOODSHED_DEBUG"))
		log_set_level(LOG_LEVEL_DEBUG);
	return finish_output(dispatch(argc, argv));
}

/* A subcommand is one row of a table: its name, how it is called, its options and what it does. */
#ifndef WOODSHED_APPLIANCE_SUBCOMMAND_H
#define WOODSHED_APPLIANCE_SUBCOMMAND_H

#include "common/error.h"
#include "config/appliance.h"
#include "config/session.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { OPTIONS_MOST = 12 };

struct option_spec {
	const char *name;     /* without the dashes; NULL ends the list */
	const char *argument; /* "FILE"; NULL: a flag */
	const char *help;
};

struct arguments {
	const char
		*values[OPTIONS_MOST]; /* as the command's options; NULL: not given, "" for a flag that is */
	char **words;		       /* what is no option */
	int word_count;
};

struct subcommand;

/* What a command does in a folder, of all takes or of one. 0; 1: done, and something there is faulty; or
 * negative errno. */
typedef int (*subcommand_fn)(const struct subcommand *command, const struct arguments *arguments,
	const char *folder, struct error *e);

struct subcommand {
	const char *name;
	const char *synopsis; /* of the words: "TAKE", "FILE…", "" */
	int least_words, most_words;
	const char *help;
	struct option_spec options[OPTIONS_MOST + 1];
	int (*run)(const struct subcommand *command, const struct arguments *arguments); /* the exit status */
	subcommand_fn in_takes; /* for subcommand_in_takes */
	subcommand_fn on_take;	/* for subcommand_on_take */
};

/* The value of option `name`; NULL if it was not given. Asking for one that the command has not is a defect
 * and aborts. */
const char *subcommand_option(
	const struct subcommand *command, const struct arguments *arguments, const char *name);

/* One line on standard error, with the command's name; returns EXIT_FAILED. */
int subcommand_failed(const struct error *e);

/* The same for a wrong call; returns EXIT_USAGE. */
int subcommand_misused(const struct subcommand *command, const char *format, ...) PRINTF(2, 3);

/* Of the result of loading a configuration, whose faults have been told: EXIT_USAGE, or EXIT_FAILED where it
 * was memory that was wanting. */
int subcommand_unloaded(int result);

/* Reads a time such as 6s, 10m or 4 h into seconds, at least `least`. 0 or -EINVAL. */
int subcommand_parse_time(const char *text, double least, double *seconds);

/* ---- what most commands start with ---- */

#define SUBCOMMAND_CONFIG_OPTION \
	{ \
		"config", "FILE", \
			"the appliance's configuration (default /etc/woodshed/appliance.yaml, if there)" \
	}

#define SUBCOMMAND_TAKES_OPTION \
	{ \
		"takes", "DIR", "the folder of takes (default: the appliance's)" \
	}

/* Loads the appliance of --config, else of /etc, else the defaults. EXIT_DONE, or EXIT_USAGE with the faults
 * printed. `path` becomes the file's, NULL for the defaults. */
int subcommand_load_appliance(const struct subcommand *command, const struct arguments *arguments,
	struct appliance *appliance, const char **path);

/* `run` of a command that works with the takes of --takes, else of the appliance of --config: has its
 * `in_takes` done, and tells a failure. The exit status. */
int subcommand_in_takes(const struct subcommand *command, const struct arguments *arguments);

/* For a command whose first word is a take, a path or an id: its folder, the caller's to free, and EXIT_DONE;
 * or what was wrong has been told, and it is the exit status. */
int subcommand_find_take(const struct subcommand *command, const struct arguments *arguments, char **folder);

/* `run` of a command on a take: has its `on_take` done, and tells a failure. The exit status. */
int subcommand_on_take(const struct subcommand *command, const struct arguments *arguments);

/* ---- the commands, a file each ---- */

extern const struct subcommand subcommand_check, subcommand_export, subcommand_interfaces, subcommand_keep,
	subcommand_master, subcommand_measure, subcommand_presets, subcommand_processors, subcommand_record,
	subcommand_recover, subcommand_remove, subcommand_render, subcommand_run, subcommand_schema,
	subcommand_show, subcommand_song, subcommand_takes, subcommand_token, subcommand_verify;

#endif

/* woodshed keep, remove and verify: what is done with takes that are there. */
#include "appliance/subcommand.h"
#include "takes/edit.h"
#include "takes/removal.h"
#include "takes/take.h"
#include "takes/verify.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keep ---- */

static int keep(const struct subcommand *command, const struct arguments *arguments, const char *folder,
	struct error *e)
{
	bool wanted = !subcommand_option(command, arguments, "not");
	struct take_edit edit = {.keep = &wanted};
	struct manifest take;
	int result = take_edit(folder, &edit, &take, e);
	if (result == 0)
		manifest_finish(&take);
	return result;
}

/* ---- remove ---- */

static int remove_take(const struct subcommand *command, const struct arguments *arguments,
	const char *folder, struct error *e)
{
	(void)command, (void)arguments;
	return removal_run(folder, e);
}

/* ---- verify ---- */

static void print_file(void *data, const struct verification *file)
{
	(void)data;
	printf("%-28s %s\n", file->file,
		file->unchecked ? "is being rendered; not checked"
		: file->fault	? file->fault
				: "OK");
	fflush(stdout); /* an hour of eighteen tracks takes its time */
}

static void collect_file(void *data, const struct verification *file)
{
	json_t *object = json_pack("{s:s, s:o}", "file", file->file, "ok",
		file->unchecked ? json_null() : json_boolean(!file->fault));
	json_object_set_new(object, "fault", file->fault ? json_string(file->fault) : json_null());
	json_array_append_new(data, object);
}

static int verify_json(const char *folder, struct error *e)
{
	json_t *files = json_array();
	int result = verify_take(folder, collect_file, files, e);
	if (result >= 0) {
		json_t *report = json_pack("{s:b, s:O}", "ok", result == 0, "files", files);
		json_dumpf(report, stdout, JSON_INDENT(2));
		printf("\n");
		json_decref(report);
	}
	json_decref(files);
	return result;
}

static int verify(const struct subcommand *command, const struct arguments *arguments, const char *folder,
	struct error *e)
{
	int result = subcommand_option(command, arguments, "json") ? verify_json(folder, e)
								   : verify_take(folder, print_file, NULL, e);
	if (result > 0)
		fprintf(stderr, "woodshed: %d %s not as the manifest says\n", result,
			result == 1 ? "file is" : "files are");
	return result;
}

const struct subcommand subcommand_keep = {
	.name = "keep",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "keep a take: it is never removed, by retention or by hand",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
			{"not", NULL, "no longer keep it"},
		},
	.run = subcommand_on_take,
	.on_take = keep,
};

const struct subcommand subcommand_remove = {
	.name = "remove",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "remove a take for good, unless it is kept or in use",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
		},
	.run = subcommand_on_take,
	.on_take = remove_take,
};

const struct subcommand subcommand_verify = {
	.name = "verify",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "check every file of a take against its manifest",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
			{"json", NULL, "for programs"},
		},
	.run = subcommand_on_take,
	.on_take = verify,
};

/* woodshed export: a take for other programs. */
#include "appliance/exporting.h"
#include "appliance/subcommand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_made(void *data, const char *path)
{
	(void)data;
	printf("%s\n", path);
}

/* EXIT_DONE, or EXIT_USAGE with the forms that there are. */
static int read_form(const struct subcommand *command, const char *text, enum export_form *form)
{
	char list[128] = "";
	for (int i = 0; i < EXPORT_FORMS; i++) {
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s",
			i == 0		       ? ""
			: i + 1 < EXPORT_FORMS ? ", "
					       : " or ",
			export_form_name((enum export_form)i));
	}
	if (!text)
		return subcommand_misused(command, "--as is missing: %s", list);
	*form = export_form_of(text);
	if (*form == EXPORT_FORMS)
		return subcommand_misused(command, "--as: there is no format %s; %s", text, list);
	return EXIT_DONE;
}

static int export_take(struct exporting *exporting)
{
	struct error e;
	if (export_run(exporting, &e) == 0)
		return EXIT_DONE;
	subcommand_failed(&e);
	return exporting->wrong_session ? EXIT_USAGE : EXIT_FAILED;
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct exporting exporting = {.session = subcommand_option(command, arguments, "session"),
		.out = subcommand_option(command, arguments, "out"),
		.force = subcommand_option(command, arguments, "force"),
		.made = print_made};
	int status = read_form(command, subcommand_option(command, arguments, "as"), &exporting.form);
	if (status != EXIT_DONE)
		return status;
	if (!exporting.out || !exporting.out[0])
		return subcommand_misused(command, "--out is missing: the folder to write into");
	char *folder;
	status = subcommand_find_take(command, arguments, &folder);
	if (status != EXIT_DONE)
		return status;
	exporting.folder = folder;
	status = export_take(&exporting);
	free(folder);
	return status;
}

const struct subcommand subcommand_export = {
	.name = "export",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "a take for other programs: stems, and a project that knows them",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"as", "FORMAT", "wav, reaper, audacity, dawproject or cue"},
			{"out", "DIR", "the folder to write into, made if need be"},
			{"force", NULL, "replace files that are there already"},
			{"session", "FILE", "another session than the take's own"},
			SUBCOMMAND_TAKES_OPTION,
		},
	.run = run,
};

/* woodshed schema: the shape of the files, for editors and for people. */
#include "appliance/processors.h"
#include "appliance/subcommand.h"
#include "config/jsonschema.h"
#include "config/preset.h"
#include "config/reference.h"

#include <stdio.h>
#include <string.h>

static void print_schema(const struct record *record)
{
	json_t *schema = jsonschema_of(record, processors_records());
	json_dumpf(schema, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(schema);
}

/* Those that come with the program, with their line of help. */
static void print_presets(void)
{
	printf("\n## Roles and presets\n\nWhat a track's `role` and the `preset` of `edit`, `mix` and "
	       "`master` may "
	       "be; files of one's own may add more (presets.md).\n\n| name | what |\n| --- | --- |\n");
	for (size_t i = 0; i < preset_count; i++) {
		struct faults faults;
		struct preset_tree tree;
		struct preset_place nowhere = {.key = "preset"};
		faults_init(&faults, presets[i].name);
		struct preset_request request = {NULL, processors_records(), &faults, NULL};
		if (preset_tree_open(&tree, &request, presets[i].kind, presets[i].name, &nowhere) == 0) {
			const char *help = preset_help(&tree);
			printf("| `%s/%s` | %s |\n", preset_kind_name(presets[i].kind), presets[i].name,
				help ? help : "");
			preset_tree_finish(&tree);
		}
		faults_finish(&faults);
	}
}

static void print_reference(void)
{
	printf("# Reference\n\n"
	       "Every key of the files that Woodshed reads, as `woodshed schema reference` prints it for "
	       "version "
	       "%s. Values take units: `-18 dB`,\n`80 Hz`, `2.5 kHz`, `10 ms`, `20 s`, `4 h`, `3:1`, `30 "
	       "%%`, "
	       "`L30`, `C`, `-14 LUFS`; a bare number counts in the unit that the range\nhas.\n",
		WOODSHED_VERSION);
	reference_record(&appliance_record, "The appliance file", stdout);
	reference_record(&session_record, "A session file", stdout);
	print_presets();
	reference_processors(processors_records(), stdout);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	const char *what = arguments->words[0];
	if (strcmp(what, "appliance") == 0)
		print_schema(&appliance_record);
	else if (strcmp(what, "session") == 0)
		print_schema(&session_record);
	else if (strcmp(what, "reference") == 0)
		print_reference();
	else
		return subcommand_misused(
			command, "there is no schema of %s; appliance, session or reference", what);
	return EXIT_DONE;
}

const struct subcommand subcommand_schema = {
	.name = "schema",
	.synopsis = "appliance|session|reference",
	.least_words = 1,
	.most_words = 1,
	.help = "print the JSON Schema of a file, for editors, or the reference of every key",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};

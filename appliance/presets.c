#include "appliance/subcommand.h"

#include "appliance/processors.h"
#include "config/preset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_line(const struct preset *preset)
{
	char name[64];
	struct error e;
	struct mix_preset mix = {0};
	struct master_preset master = {0};
	const char *help = "";
	snprintf(name, sizeof(name), "%s/%s", preset_kind_name(preset->kind), preset->name);
	if (preset->kind == PRESET_MIX && mix_preset_open(&mix, preset->name, processors_records(), &e) == 0)
		help = mix.help;
	else if (preset->kind == PRESET_MASTER && master_preset_open(&master, preset->name, &e) == 0)
		help = master.help;
	printf("%-20s %s\n", name, help ? help : "");
	mix_preset_finish(&mix);
	master_preset_finish(&master);
}

static int print_preset(const char *name)
{
	int found = 0;
	for (size_t i = 0; i < preset_count; i++) {
		char full[64];
		snprintf(full, sizeof(full), "%s/%s", preset_kind_name(presets[i].kind), presets[i].name);
		if (strcmp(name, full) != 0 && strcmp(name, presets[i].name) != 0)
			continue;
		printf("# %s\n", full);
		fwrite(presets[i].text, 1, presets[i].size, stdout);
		found++;
	}
	if (found)
		return EXIT_DONE;
	struct error e;
	error_set(&e, ENOENT, "there is no preset %s; woodshed presets lists them", name);
	return subcommand_failed(&e);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	(void)command;
	if (arguments->word_count > 0)
		return print_preset(arguments->words[0]);
	for (size_t i = 0; i < preset_count; i++)
		print_line(&presets[i]);
	return EXIT_DONE;
}

const struct subcommand subcommand_presets = {
	.name = "presets",
	.synopsis = "[NAME]",
	.most_words = 1,
	.help = "list the presets that a session may name, or print one",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};

#include "appliance/processors.h"

#include "appliance/subcommand.h"
#include "audio/processor.h"
#include "config/schema.h"
#include "mixer/mix.h"

#include <stdio.h>

enum { PROCESSORS_MOST = 64 };

/* Every name that a session may hold: those that are not in the table yet are no slip of the pen. */
static const char *const names[] = {"highpass", "lowpass", "eq", "gate", "compressor", "deesser", "transient",
	"saturation", "chorus", "delay", "reverb", "width", "multiband", "limiter", "polarity", "align",
	"hum", "declick", "denoise", "lv2", NULL};

const struct record_table *processors_records(void)
{
	static const struct record *records[PROCESSORS_MOST];
	static struct record_table table;
	if (table.count == 0) {
		for (size_t i = 0; i < mixer_processors.count && i < PROCESSORS_MOST; i++)
			records[i] = mixer_processors.types[i]->settings;
		table = (struct record_table){
			.records = records, .count = mixer_processors.count, .later = names};
	}
	return &table;
}

static void print_keys(const struct record *record, int indent)
{
	for (size_t i = 0; i < record->key_count; i++) {
		const struct key *key = &record->keys[i];
		char allowed[256];
		printf("%*s%-*s %s", indent, "", 22 - indent, key->name,
			schema_allowed(key, allowed, sizeof(allowed)));
		if (key->fallback && key->fallback[0])
			printf(" (default %s)", key->fallback);
		printf("\n%*s%s\n", 23, "", key->help ? key->help : "");
		if (key->record)
			print_keys(key->record, indent + 2);
	}
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	(void)command;
	(void)arguments;
	const struct record_table *table = processors_records();
	for (size_t i = 0; i < table->count; i++) {
		printf("%s%s: %s\n", i ? "\n" : "", table->records[i]->name, table->records[i]->help);
		print_keys(table->records[i], 2);
	}
	return EXIT_DONE;
}

const struct subcommand subcommand_processors = {
	.name = "processors",
	.synopsis = "",
	.help = "list the processors that a chain may name, with every parameter's range and default",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};

#include "appliance/processors.h"

#include "appliance/subcommand.h"
#include "config/schema.h"
#include "editing/processors.h"
#include "mastering/master.h"
#include "mixer/mix.h"

#include <assert.h>
#include <stdio.h>

enum { PROCESSORS_MOST = 64 };

static const struct processor_table *const rooms[] = {
	&editing_processors, &mixer_processors, &mastering_processors};

const struct processor_table *processors_all(void)
{
	static const struct processor_type *types[PROCESSORS_MOST];
	static struct processor_table table = {.types = types};
	if (table.count > 0)
		return &table;
	for (size_t room = 0; room < KEY_COUNT(rooms); room++)
		for (size_t i = 0; i < rooms[room]->count; i++) {
			assert(table.count < PROCESSORS_MOST);
			types[table.count++] = rooms[room]->types[i];
		}
	return &table;
}

const struct record_table *processors_records(void)
{
	static const struct record *records[PROCESSORS_MOST];
	static struct record_table table = {.records = records};
	const struct processor_table *all = processors_all();
	for (; table.count < all->count; table.count++)
		records[table.count] = all->types[table.count]->settings;
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

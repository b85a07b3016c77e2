#include "appliance/processors.h"

#include "appliance/subcommand.h"
#include "config/schema.h"
#include "editing/processors.h"
#include "mastering/master.h"
#include "mixer/mix.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PROCESSORS_MOST = 64 };

/* Every name that a session may hold: those that are not in the table yet are no slip of the pen. */
static const char *const names[] = {"highpass", "lowpass", "eq", "gate", "compressor", "deesser", "transient",
	"saturation", "chorus", "delay", "reverb", "width", "multiband", "limiter", "polarity", "align",
	"hum", "declick", "denoise", "lv2", NULL};

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
	static struct record_table table = {.records = records, .later = names};
	const struct processor_table *all = processors_all();
	for (; table.count < all->count; table.count++)
		records[table.count] = all->types[table.count]->settings;
	return &table;
}

static void print_keys(const struct record *record, int indent)
{
	for (size_t i = 0; i < record->key_count; i++) {
		const struct key *key = &record->keys[i];
		char allowed[256], fallback[256];
		printf("%*s%-*s %s", indent, "", 22 - indent, key->name,
			schema_allowed(key, allowed, sizeof(allowed)));
		if (key->required)
			printf(" (has to be given)");
		else if (schema_default(key, fallback, sizeof(fallback))[0])
			printf(" (default %s)", fallback);
		printf("\n%*s%s\n", 23, "", key->help ? key->help : "");
		if (key->record)
			print_keys(key->record, indent + 2);
	}
}

static void print_text(const struct record_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		printf("%s%s: %s\n", i ? "\n" : "", table->records[i]->name, table->records[i]->help);
		print_keys(table->records[i], 2);
		print_keys(&schema_insert, 2);
	}
}

/* ---- the same for programs ---- */

static json_t *keys_json(const struct record *record);

/* In the unit's base, as the range is; a text where it is one. */
static json_t *default_json(const struct key *key)
{
	char fallback[256];
	double value, scale = key->bare_scale != 0 ? key->bare_scale : 1;
	schema_default(key, fallback, sizeof(fallback));
	if (key->type == KEY_FLAG)
		return json_boolean(strcmp(fallback, "true") == 0);
	if ((key->type == KEY_NUMBER || key->type == KEY_INTEGER) &&
		units_parse(fallback, key->unit, scale, &value) == 0)
		return json_real(value);
	return fallback[0] ? json_string(fallback) : json_null();
}

static void add_number(json_t *json, const struct key *key)
{
	json_object_set_new(json, "unit", json_string(units_base(key->unit)));
	if (key->least == 0 && key->most == 0)
		return;
	json_object_set_new(json, "least", json_real(key->least));
	json_object_set_new(json, "most", json_real(key->most));
	if (key->step > 0)
		json_object_set_new(json, "step", json_real(key->step));
}

static json_t *key_json(const struct key *key)
{
	char allowed[256];
	json_t *json = json_pack("{s:s, s:s?, s:s, s:b, s:o}", "name", key->name, "help", key->help,
		"allowed", schema_allowed(key, allowed, sizeof(allowed)), "required", key->required,
		"default", default_json(key));
	if (key->type == KEY_NUMBER || key->type == KEY_INTEGER)
		add_number(json, key);
	json_t *choices = json_array();
	for (size_t i = 0; key->choices && key->choices[i]; i++)
		json_array_append_new(choices, json_string(key->choices[i]));
	if (key->choices)
		json_object_set(json, "choices", choices);
	json_decref(choices);
	if (key->record)
		json_object_set_new(json, "parameters", keys_json(key->record));
	return json;
}

static json_t *keys_json(const struct record *record)
{
	json_t *list = json_array();
	for (size_t i = 0; i < record->key_count; i++)
		json_array_append_new(list, key_json(&record->keys[i]));
	return list;
}

static void print_json(const struct record_table *table)
{
	json_t *list = json_array();
	for (size_t i = 0; i < table->count; i++) {
		json_t *parameters = keys_json(table->records[i]);
		json_array_append_new(parameters, key_json(&schema_insert.keys[0]));
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o}", "name", table->records[i]->name, "help",
				      table->records[i]->help, "parameters", parameters));
	}
	json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	printf("\n");
	json_decref(list);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	const struct record_table *table = processors_records();
	if (subcommand_option(command, arguments, "json"))
		print_json(table);
	else
		print_text(table);
	return EXIT_DONE;
}

const struct subcommand subcommand_processors = {
	.name = "processors",
	.synopsis = "",
	.help = "list the processors that a chain may name, with every parameter's range and default",
	.options = {SUBCOMMAND_CONFIG_OPTION, {"json", NULL, "for programs"}},
	.run = run,
};

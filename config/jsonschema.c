#include "config/jsonschema.h"

#include "config/schema.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"

/* A processor's record stands in $defs with what every insert has; a named one without its name. */
enum flavour { PLAIN, INSERT, NAMED };

struct writer {
	const struct record_table *processors;
	json_t *defs;
};

static json_t *value_of(struct writer *w, const struct key *key);

static json_t *nullable(json_t *schema)
{
	return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
}

/* A word that is a number stands in a file without quotes, and so as a number. */
static json_t *names_of(const char *const *names)
{
	json_t *list = json_array();
	for (size_t i = 0; names && names[i]; i++) {
		double number;
		json_array_append_new(list, json_string(names[i]));
		if (units_parse(names[i], UNIT_NONE, 1, &number) == 0)
			json_array_append_new(list, json_real(number));
	}
	return list;
}

/* ---- numbers ---- */

static void append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);
	snprintf(out + used, size - used, "%s", text);
}

/* Case does not matter to units_parse, and a schema's patterns have no flag for it. */
static void append_suffix(char *out, size_t size, const char *suffix)
{
	for (; *suffix; suffix++) {
		char letter[8] = {'[', *suffix, ']', '\0'};
		if (isalpha((unsigned char)*suffix))
			snprintf(letter, sizeof(letter), "[%c%c]", tolower((unsigned char)*suffix),
				toupper((unsigned char)*suffix));
		append(out, size, letter);
	}
}

/* What units_parse reads for `unit`, as a regular expression of ECMA 262; returns `out`. */
static char *unit_pattern(enum unit unit, char *out, size_t size)
{
	const char *suffix;
	snprintf(out, size, "^(" NUMBER " *");
	for (size_t i = 0; (suffix = units_suffix(unit, i)) != NULL; i++) {
		append(out, size, i ? "|" : "(");
		append_suffix(out, size, suffix);
	}
	append(out, size, units_suffix(unit, 0) ? ")?" : "");
	if (unit == UNIT_PAN)
		append(out, size, "|[cC]|[lLrR](100([.]0*)?|[0-9]{1,2}([.][0-9]*)?)");
	if (unit == UNIT_SECONDS)
		append(out, size, "|[0-9]{1,6}(:[0-5][0-9]){1,2}([.][0-9]*)?");
	if (unit == UNIT_NOTE)
		append(out, size, "|" NUMBER "/" NUMBER);
	append(out, size, ")$");
	return out;
}

/* What a table has in base units, in what a bare number counts in; without the last bits' noise. */
static json_t *bare(const struct key *key, double value)
{
	char text[32];
	snprintf(text, sizeof(text), "%.12g", value / (key->bare_scale != 0 ? key->bare_scale : 1));
	double number = strtod(text, NULL);
	return number == floor(number) && fabs(number) < 1e15 ? json_integer((json_int_t)number)
							      : json_real(number);
}

static json_t *number_of(struct writer *w, const struct key *key)
{
	(void)w;
	char pattern[512];
	json_t *number = json_pack("{s:s}", "type", key->type == KEY_INTEGER ? "integer" : "number");
	if (key->least != 0 || key->most != 0) {
		json_object_set_new(number, "minimum", bare(key, key->least));
		json_object_set_new(number, "maximum", bare(key, key->most));
	}
	if (key->step > 0 && fmod(key->least, key->step) == 0)
		json_object_set_new(number, "multipleOf", bare(key, key->step));
	json_t *any = json_pack("[o, {s:s, s:s}]", number, "type", "string", "pattern",
		unit_pattern(key->unit, pattern, sizeof(pattern)));
	if (key->automatic)
		json_array_append_new(any, json_pack("{s:s}", "const", "auto"));
	return json_pack("{s:o}", "anyOf", any);
}

/* ---- words ---- */

static json_t *flag_of(struct writer *w, const struct key *key)
{
	(void)w;
	(void)key;
	return json_pack("{s:s}", "type", "boolean");
}

static json_t *choice_of(struct writer *w, const struct key *key)
{
	(void)w;
	json_t *names = names_of(key->choices);
	json_t *later = names_of(key->later);
	json_array_extend(names, later);
	json_decref(later);
	return json_pack("{s:o}", "enum", names);
}

static json_t *choices_of(struct writer *w, const struct key *key)
{
	return json_pack("{s:[o, {s:s, s:o, s:i}]}", "anyOf", choice_of(w, key), "type", "array", "items",
		choice_of(w, key), "minItems", 1);
}

/* A text that looks like a number or a flag needs no quotes. */
static json_t *text_of(struct writer *w, const struct key *key)
{
	(void)w;
	json_t *text = json_pack("{s:[s], s:i}", "type", "string", "minLength", 1);
	json_t *types = json_object_get(text, "type");
	if (!key->form || key->form->fits("1"))
		json_array_append_new(types, json_string("number"));
	if (!key->form || key->form->fits("true"))
		json_array_append_new(types, json_string("boolean"));
	if (key->most > 0)
		json_object_set_new(text, "maxLength", json_integer((json_int_t)key->most));
	if (key->form)
		json_object_set_new(text, "pattern", json_string(key->form->pattern));
	if (!key->offer)
		return text;
	json_t *offered = json_array();
	for (size_t i = 0; key->offer(i); i++)
		json_array_append_new(offered, json_string(key->offer(i)));
	return json_pack("{s:[{s:o}, o]}", "anyOf", "enum", offered, text);
}

static json_t *name_of(struct writer *w, const struct key *key)
{
	(void)w;
	(void)key;
	return json_pack("{s:[s, s], s:s}", "type", "string", "integer", "pattern", "^[a-z0-9-]{1,64}$");
}

static json_t *texts_of(struct writer *w, const struct key *key)
{
	return json_pack(
		"{s:[o, {s:s, s:o}]}", "anyOf", text_of(w, key), "type", "array", "items", text_of(w, key));
}

static json_t *levels_of(struct writer *w, const struct key *key)
{
	return nullable(json_pack("{s:s, s:o}", "type", "object", "additionalProperties", number_of(w, key)));
}

/* ---- records ---- */

static json_t *default_of(const struct key *key, const char *fallback)
{
	double number;
	if (key->type == KEY_FLAG)
		return json_boolean(strcmp(fallback, "true") == 0);
	if ((key->type == KEY_NUMBER || key->type == KEY_INTEGER) &&
		units_parse(fallback, UNIT_NONE, 1, &number) == 0)
		return number == floor(number) ? json_integer((json_int_t)number) : json_real(number);
	return json_string(fallback);
}

static void describe(const struct key *key, json_t *schema)
{
	char allowed[512], text[1024], fallback[256];
	bool scaled = key->bare_scale != 0 && key->bare_scale != 1;
	snprintf(text, sizeof(text), "%s\n%s%s%s", key->help ? key->help : "",
		schema_allowed(key, allowed, sizeof(allowed)),
		scaled ? "; a bare number counts in thousandths" : "",
		key->unused || key->type == KEY_LATER ? "\nNothing in this version uses it yet." : "");
	json_object_set_new(schema, "description", json_string(text));
	if (schema_default(key, fallback, sizeof(fallback))[0])
		json_object_set_new(schema, "default", default_of(key, fallback));
}

static void add_keys(
	struct writer *w, const struct key *keys, size_t count, json_t *properties, json_t *required)
{
	for (size_t i = 0; i < count; i++) {
		json_t *schema = value_of(w, &keys[i]);
		describe(&keys[i], schema);
		json_object_set_new(properties, keys[i].name, schema);
		if (keys[i].required)
			json_array_append_new(required, json_string(keys[i].name));
	}
}

static json_t *object_of(struct writer *w, const struct record *record, enum flavour flavour)
{
	size_t skip = flavour == NAMED;
	json_t *properties = json_object(), *required = json_array();
	add_keys(w, record->keys + skip, record->key_count - skip, properties, required);
	if (flavour == INSERT)
		add_keys(w, schema_insert.keys, schema_insert.key_count, properties, required);
	json_t *object = json_pack("{s:s, s:s?, s:o, s:b}", "type", "object", "description", record->help,
		"properties", properties, "additionalProperties", 0);
	if (json_array_size(required) > 0)
		json_object_set(object, "required", required);
	json_decref(required);
	return object;
}

/* A reference into $defs, where the record is put at its first mention. Records of one name are told apart by
 * number: the band of an equaliser is another than that of a multiband compressor. */
static json_t *reference(struct writer *w, const struct record *record, enum flavour flavour)
{
	static const char *const kinds[] = {[PLAIN] = "", [INSERT] = "processor-", [NAMED] = "named-"};
	char name[96], path[112];
	for (int number = 1;; number++) {
		snprintf(name, sizeof(name), number == 1 ? "%s%s" : "%s%s-%d", kinds[flavour], record->name,
			number);
		json_t *known = json_object_get(w->defs, name);
		if (known && json_integer_value(json_object_get(known, "")) != (json_int_t)(intptr_t)record)
			continue;
		if (!known) {
			/* Marked first: a record may hold itself. */
			json_t *mark = json_pack("{s:I}", "", (json_int_t)(intptr_t)record);
			json_object_set_new(w->defs, name, mark);
			json_t *object = object_of(w, record, flavour);
			json_object_update(mark, object);
			json_decref(object);
		}
		break;
	}
	snprintf(path, sizeof(path), "#/$defs/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

static json_t *record_of(struct writer *w, const struct key *key)
{
	return nullable(reference(w, key->record, PLAIN));
}

static json_t *list_of(const struct key *key, json_t *items)
{
	json_t *list = json_pack("{s:s, s:o}", "type", "array", "items", items);
	if (key->most > 0)
		json_object_set_new(list, "maxItems", json_integer((json_int_t)key->most));
	return nullable(list);
}

static json_t *records_of(struct writer *w, const struct key *key)
{
	return list_of(key, reference(w, key->record, PLAIN));
}

/* Names of mappings, or of the single value that the second key is. */
static json_t *map_of(struct writer *w, const struct key *key)
{
	json_t *single = value_of(w, &key->record->keys[1]);
	describe(&key->record->keys[1], single);
	json_t *map = json_pack("{s:s, s:{s:[o, o]}}", "type", "object", "additionalProperties", "anyOf",
		single, reference(w, key->record, NAMED));
	if (key->most > 0)
		json_object_set_new(map, "maxProperties", json_integer((json_int_t)key->most));
	return nullable(map);
}

/* ---- chains ---- */

/* One processor: its name alone, or {name: settings}. */
static json_t *insert(struct writer *w)
{
	json_t *properties = json_object(), *names = json_array();
	const char *const *later = w->processors ? w->processors->later : NULL;
	for (size_t i = 0; w->processors && i < w->processors->count; i++) {
		const struct record *record = w->processors->records[i];
		json_t *schema = nullable(reference(w, record, INSERT));
		json_object_set_new(schema, "description", json_string(record->help));
		json_object_set_new(properties, record->name, schema);
		json_array_append_new(names, json_string(record->name));
	}
	for (size_t i = 0; later && later[i]; i++) {
		if (json_object_get(properties, later[i]))
			continue;
		json_object_set_new(properties, later[i],
			json_pack("{s:s}", "description", "Not in this version yet: it is left out."));
		json_array_append_new(names, json_string(later[i]));
	}
	return json_pack("{s:[{s:o}, {s:s, s:o, s:b, s:i, s:i}]}", "anyOf", "enum", names, "type", "object",
		"properties", properties, "additionalProperties", 0, "minProperties", 1, "maxProperties", 1);
}

static json_t *chain_of(struct writer *w, const struct key *key)
{
	if (!json_object_get(w->defs, "processor")) {
		json_object_set_new(w->defs, "processor", json_object());
		json_object_set_new(w->defs, "processor", insert(w));
	}
	return list_of(key, json_pack("{s:s}", "$ref", "#/$defs/processor"));
}

static json_t *anything_of(struct writer *w, const struct key *key)
{
	(void)w;
	(void)key;
	return json_object();
}

static json_t *value_of(struct writer *w, const struct key *key)
{
	static json_t *(*const functions[])(struct writer *, const struct key *) = {
		[KEY_NUMBER] = number_of,
		[KEY_INTEGER] = number_of,
		[KEY_FLAG] = flag_of,
		[KEY_CHOICE] = choice_of,
		[KEY_TEXT] = text_of,
		[KEY_NAME] = name_of,
		[KEY_RECORD] = record_of,
		[KEY_RECORDS] = records_of,
		[KEY_MAP] = map_of,
		[KEY_TEXTS] = texts_of,
		[KEY_CHOICES] = choices_of,
		[KEY_LEVELS] = levels_of,
		[KEY_CHAIN] = chain_of,
		[KEY_LATER] = anything_of,
	};
	return functions[key->type](w, key);
}

json_t *jsonschema_of(const struct record *record, const struct record_table *processors)
{
	struct writer w = {processors, json_object()};
	json_t *object = object_of(&w, record, PLAIN);
	json_t *types = json_pack("[s, s]", "object", "null"); /* an empty file has all defaults */
	json_object_set_new(object, "type", types);
	json_t *root = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
		"title", record->name);
	json_object_update(root, object);
	json_decref(object);
	const char *name;
	json_t *definition;
	json_object_foreach(w.defs, name, definition) json_object_del(definition, "");
	json_object_set_new(root, "$defs", w.defs);
	return root;
}

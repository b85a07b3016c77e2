#include "config/value.h"

#include "common/memory.h"
#include "common/units.h"
#include "config/schema.h"
#include "config/suggest.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static size_t path_add(struct loader *loader, const char *format, ...) PRINTF(2, 3);

static size_t path_add(struct loader *loader, const char *format, ...)
{
	size_t before = loader->length, room = sizeof(loader->path) - before;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(loader->path + before, room, format, args);
	va_end(args);
	loader->length = n < 0 || (size_t)n >= room ? sizeof(loader->path) - 1 : before + (size_t)n;
	return before;
}

size_t loader_enter(struct loader *loader, const char *key)
{
	return path_add(loader, "%s%.64s", loader->length > 0 ? "." : "", key);
}

size_t loader_enter_item(struct loader *loader, size_t index)
{
	return path_add(loader, "[%zu]", index);
}

void loader_leave(struct loader *loader, size_t length)
{
	loader->path[length] = '\0';
	loader->length = length;
}

typedef void (*add_fn)(struct faults *faults, int line, int column, const char *format, ...);

static void add(
	struct loader *loader, add_fn function, int line, int column, const char *format, va_list args)
{
	char text[768];
	vsnprintf(text, sizeof(text), format, args);
	const char *colon = loader->length > 0 ? ": " : "";
	function(loader->faults, line, column, "%s%s%s", loader->path, colon, text);
}

void loader_fault(struct loader *loader, const struct yaml_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(loader, faults_add, node->line, node->column, format, args);
	va_end(args);
}

void loader_fault_at(struct loader *loader, int line, int column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(loader, faults_add, line, column, format, args);
	va_end(args);
}

void loader_warn(struct loader *loader, int line, int column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(loader, faults_warn, line, column, format, args);
	va_end(args);
}

/* The text of a scalar; NULL and a fault when it is none, or nothing. */
static const char *text_of(struct loader *loader, const struct key *key, const struct yaml_node *node)
{
	if (node->kind == YAML_TEXT && !yaml_is_null(node) && node->text[0])
		return node->text;
	char allowed[256];
	schema_allowed(key, allowed, sizeof(allowed));
	if (node->kind == YAML_TEXT)
		loader_fault(loader, node, "has no value; %s", allowed);
	else
		loader_fault(loader, node, "a %s is no single value; %s",
			node->kind == YAML_LIST ? "list" : "mapping", allowed);
	return NULL;
}

/* A file may say 20 ms where the table says 0.02 s; the last bit of a double must not decide. */
static bool in_range(const struct key *key, double *value)
{
	if (key->least == 0 && key->most == 0)
		return true;
	double slack = 1e-9 * fmax(fabs(key->least), fabs(key->most));
	if (*value < key->least - slack || *value > key->most + slack)
		return false;
	*value = fmin(fmax(*value, key->least), key->most);
	return true;
}

static bool on_step(const struct key *key, double value)
{
	double steps = key->step > 0 ? (value - key->least) / key->step : 0;
	return fabs(steps - round(steps)) < 1e-6;
}

/* True when `node` is a number that the key allows. */
static bool read_number(
	struct loader *loader, const struct key *key, const struct yaml_node *node, double *value)
{
	const char *text = text_of(loader, key, node);
	if (!text)
		return false;
	double scale = key->bare_scale != 0 ? key->bare_scale : 1;
	bool number = units_parse(text, key->unit, scale, value) == 0, fits = number && in_range(key, value);
	if (fits && on_step(key, *value))
		return true;
	char allowed[256];
	schema_allowed(key, allowed, sizeof(allowed));
	if (!number)
		loader_fault(
			loader, node, "\"%.40s\" is not %s; %s", text, units_example(key->unit), allowed);
	else if (!fits)
		loader_fault(loader, node, "%.40s is out of range; %s", text, allowed);
	else
		loader_fault(loader, node, "%.40s is between the steps; %s", text, allowed);
	return false;
}

void value_number(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	double value;
	if (key->automatic && node->kind == YAML_TEXT && strcmp(node->text, "auto") == 0)
		*(double *)member = (double)NAN;
	else if (read_number(loader, key, node, &value))
		*(double *)member = value;
}

void value_integer(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	double value;
	if (!read_number(loader, key, node, &value))
		return;
	char allowed[256];
	schema_allowed(key, allowed, sizeof(allowed));
	if (value != floor(value) || fabs(value) > INT_MAX)
		loader_fault(loader, node, "%.40s is not a whole number; %s", node->text, allowed);
	else
		*(int *)member = (int)value;
}

void value_flag(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	const char *text = text_of(loader, key, node);
	if (!text)
		return;
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		*(bool *)member = text[0] == 't';
	else
		loader_fault(loader, node, "\"%.40s\" is not a yes or no; true or false", text);
}

bool value_is_later(const char *const *later, const char *name)
{
	for (size_t i = 0; later && later[i]; i++)
		if (strcmp(later[i], name) == 0)
			return true;
	return false;
}

/* The index of the node's text among the choices, or -1 and a fault or warning. */
static int read_choice(struct loader *loader, const struct key *key, const struct yaml_node *node)
{
	const char *text = text_of(loader, key, node);
	if (!text)
		return -1;
	struct suggestion suggestion = {.word = text};
	for (int i = 0; key->choices[i]; i++) {
		if (strcmp(key->choices[i], text) == 0)
			return i;
		suggestion_offer(&suggestion, key->choices[i]);
	}
	char mean[SUGGESTION_SIZE];
	if (value_is_later(key->later, text))
		loader_warn(loader, node->line, node->column,
			"%s is not in this version yet and left out; one of %s", text, suggestion.allowed);
	else
		loader_fault(
			loader, node, "\"%.40s\" is unknown; %s", text, suggestion_text(&suggestion, mean));
	return -1;
}

static int fallback_choice(const struct key *key)
{
	for (int i = 0; key->fallback && key->choices[i]; i++)
		if (strcmp(key->choices[i], key->fallback) == 0)
			return i;
	return 0;
}

void value_choice(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	int choice = read_choice(loader, key, node);
	*(int *)member = choice >= 0 ? choice : fallback_choice(key);
}

void value_choices(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	unsigned bits = 0;
	if (node->kind != YAML_LIST) {
		int choice = read_choice(loader, key, node);
		bits = choice >= 0 ? 1u << choice : 0;
	}
	for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++) {
		size_t before = loader_enter_item(loader, i);
		int choice = read_choice(loader, key, node->items[i]);
		bits |= choice >= 0 ? 1u << choice : 0;
		loader_leave(loader, before);
	}
	if (node->kind == YAML_LIST && node->count == 0)
		loader_fault(loader, node, "an empty list; at least one");
	*(unsigned *)member = bits ? bits : 1u << fallback_choice(key);
}

static char *read_text(struct loader *loader, const struct key *key, const struct yaml_node *node)
{
	const char *text = text_of(loader, key, node);
	size_t most = key->most > 0 ? (size_t)key->most : 4096;
	if (!text)
		return NULL;
	if (strlen(text) > most)
		loader_fault(loader, node, "too long; %zu bytes", most);
	else if (key->form && !key->form->fits(text))
		loader_fault(
			loader, node, "\"%.60s\" is no %s; %s", text, key->form->what, key->form->allowed);
	else
		return memory_text(text);
	return NULL;
}

void value_text(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	*(char **)member = read_text(loader, key, node);
}

void value_name(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	const char *text = text_of(loader, key, node);
	if (!text)
		return;
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] || strlen(text) > 64)
		loader_fault(loader, node, "\"%.40s\" is not a name; up to 64 of a-z, 0-9 and -", text);
	else
		*(char **)member = memory_text(text);
}

void value_texts(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	struct key_list *list = member;
	size_t count = node->kind == YAML_LIST ? node->count : 1;
	char **texts = memory_array(count, sizeof(*texts));
	*list = (struct key_list){.items = texts};
	for (size_t i = 0; i < count; i++) {
		size_t before = loader->length;
		if (node->kind == YAML_LIST)
			loader_enter_item(loader, i);
		const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;
		texts[list->count] = read_text(loader, key, item);
		list->count += texts[list->count] != NULL;
		loader_leave(loader, before);
	}
}

void value_levels(struct loader *loader, const struct key *key, void *member, const struct yaml_node *node)
{
	struct key_list *list = member;
	if (node->kind != YAML_MAP && !yaml_is_null(node)) {
		loader_fault(loader, node, "not a mapping; names, each with %s", units_example(key->unit));
		return;
	}
	size_t count = node->kind == YAML_MAP ? node->count : 0;
	struct key_level *levels = memory_array(count, sizeof(*levels));
	*list = (struct key_list){.items = levels};
	for (size_t i = 0; i < count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		double value;
		size_t before = loader_enter(loader, pair->key);
		if (!pair->refused && read_number(loader, key, pair->value, &value))
			levels[list->count++] = (struct key_level){memory_text(pair->key), value};
		loader_leave(loader, before);
	}
}

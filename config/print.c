#include "config/print.h"

#include "common/text.h"
#include "config/schema.h"
#include "config/utf8.h"
#include "config/yaml.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is being written: a block of lines at an indentation, or a mapping within one line. */
struct block {
	FILE *stream;
	int indent;
	bool flow;
	bool begun; /* something stands in it already */
};

static void put_members(struct block *block, const struct record *record, size_t skip, const void *loaded);

/* ---- single values ---- */

static bool is_number(const char *text)
{
	double value;
	return units_parse(text, UNIT_NONE, 1, &value) == 0;
}

/* True for what any YAML parser takes for exactly this text without quotes, also within brackets. */
static bool is_plain(const char *text)
{
	static const char *const words[] = {
		"null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", NULL};
	for (size_t i = 0; words[i]; i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	size_t length = strlen(text);
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_/+.- ", text[i]))
			return false;
	return length > 0 &&
	       (isalpha((unsigned char)text[0]) || isdigit((unsigned char)text[0]) || text[0] == '/') &&
	       text[length - 1] != ' ' && !is_number(text);
}

static void put_quoted(const char *text, FILE *stream)
{
	putc('"', stream);
	for (size_t length; *text; text += length) {
		uint32_t character = 0;
		length = utf8_read(text, strlen(text), &character);
		if (character == '"' || character == '\\')
			fprintf(stream, "\\%c", (int)character);
		else if (character == '\n' || character == '\t')
			fprintf(stream, "\\%c", character == '\n' ? 'n' : 't');
		else if (character == 0x2028 || character == 0x2029)
			fprintf(stream, "\\%c", character == 0x2028 ? 'L' : 'P');
		else
			fwrite(text, 1, length ? length : 1, stream);
		length = length ? length : 1;
	}
	putc('"', stream);
}

static void put_text(const char *text, FILE *stream)
{
	if (is_plain(text))
		fputs(text, stream);
	else
		put_quoted(text, stream);
}

static void put_number(const struct key *key, double value, FILE *stream)
{
	char text[64];
	fputs(isnan(value) ? "auto" : units_format(value, key->unit, text, sizeof(text)), stream);
}

/* A number that its own table refuses stands for one that was not given. */
static bool is_given(const struct key *key, double value)
{
	if (isnan(value))
		return key->automatic;
	return (key->least == 0 && key->most == 0) || (value >= key->least && value <= key->most);
}

static void put_choices(const struct key *key, unsigned bits, FILE *stream)
{
	const char *comma = "";
	putc('[', stream);
	for (size_t i = 0; key->choices[i]; i++) {
		if (!(bits & 1u << i))
			continue;
		fprintf(stream, "%s%s", comma, key->choices[i]);
		comma = ", ";
	}
	putc(']', stream);
}

static void put_texts(const struct key_list *list, FILE *stream)
{
	char *const *texts = list->items;
	putc('[', stream);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", stream);
		put_text(texts[i], stream);
	}
	putc(']', stream);
}

static void put_levels(const struct key *key, const struct key_list *list, FILE *stream)
{
	const struct key_level *levels = list->items;
	putc('{', stream);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", stream);
		put_text(levels[i].name, stream);
		fputs(": ", stream);
		put_number(key, levels[i].value, stream);
	}
	putc('}', stream);
}

/* ---- mappings and lists ---- */

static void put_key(struct block *block, const char *name)
{
	if (block->flow)
		fputs(block->begun ? ", " : "", block->stream);
	else
		fprintf(block->stream, "%*s", block->indent, "");
	block->begun = true;
	put_text(name, block->stream);
	fputs(":", block->stream);
}

/* The members of a mapping; in a flow in braces, in a block on lines of their own below. */
static void put_map(const struct block *outer, const struct record *record, size_t skip, const void *loaded)
{
	struct text text;
	struct block inner = {.stream = text_open(&text), .indent = outer->indent + 2, .flow = outer->flow};
	put_members(&inner, record, skip, loaded);
	char *members = text_close(&text);
	if (outer->flow || text.size == 0)
		fprintf(outer->stream, " {%s}%s", members, outer->flow ? "" : "\n");
	else
		fprintf(outer->stream, "\n%s", members);
	free(members);
}

/* A mapping in a list: a dash in place of its first line's last two blanks. */
static void put_item(const struct block *outer, const struct record *record, const void *loaded)
{
	struct text text;
	struct block inner = {.stream = text_open(&text), .indent = outer->indent + 4};
	put_members(&inner, record, 0, loaded);
	char *members = text_close(&text);
	if (text.size == 0)
		fprintf(outer->stream, "%*s- {}\n", outer->indent + 2, "");
	else
		fprintf(outer->stream, "%*s- %s", outer->indent + 2, "", members + outer->indent + 4);
	free(members);
}

static void put_records(const struct block *block, const struct record *record, const struct key_list *list)
{
	const char *items = list->items;
	struct block item = {.stream = block->stream, .flow = true};
	if (block->flow || list->count == 0) {
		fputs(" [", block->stream);
		for (size_t i = 0; i < list->count; i++) {
			fprintf(block->stream, "%s{", i ? ", " : "");
			item.begun = false;
			put_members(&item, record, 0, items + i * record->size);
			putc('}', block->stream);
		}
		fprintf(block->stream, "]%s", block->flow ? "" : "\n");
		return;
	}
	putc('\n', block->stream);
	for (size_t i = 0; i < list->count; i++)
		put_item(block, record, items + i * record->size);
}

/* The first key is the name before the colon. */
static void put_named(const struct block *block, const struct record *record, const struct key_list *list)
{
	const char *items = list->items;
	struct block inner = {.stream = block->stream, .indent = block->indent + 2, .flow = block->flow};
	if (block->flow || list->count == 0)
		fputs(" {", block->stream);
	else
		putc('\n', block->stream);
	for (size_t i = 0; i < list->count; i++) {
		const char *item = items + i * record->size;
		put_key(&inner, *(char *const *)(item + record->keys[0].offset));
		put_map(&inner, record, 1, item);
	}
	if (block->flow || list->count == 0)
		fprintf(block->stream, "}%s", block->flow ? "" : "\n");
}

static void put_insert(const struct key_insert *insert, FILE *stream)
{
	struct block settings = {.stream = stream, .flow = true};
	fprintf(stream, "%s: {", insert->type->name);
	put_members(&settings, insert->type, 0, insert->settings);
	if (insert->bypass)
		fprintf(stream, "%sbypass: true", settings.begun ? ", " : "");
	putc('}', stream);
}

static void put_chain(const struct block *block, const struct key_list *chain)
{
	const struct key_insert *inserts = chain->items;
	bool flow = block->flow || chain->count == 0;
	fputs(flow ? " [" : "\n", block->stream);
	for (size_t i = 0; i < chain->count; i++) {
		if (flow)
			fputs(i ? ", {" : "{", block->stream);
		else
			fprintf(block->stream, "%*s- ", block->indent + 2, "");
		put_insert(&inserts[i], block->stream);
		fputs(flow ? "}" : "\n", block->stream);
	}
	if (flow)
		fprintf(block->stream, "]%s", block->flow ? "" : "\n");
}

static bool has_value(const struct key *key, const void *member)
{
	switch (key->type) {
	case KEY_NUMBER:
		return is_given(key, *(const double *)member);
	case KEY_INTEGER:
		return is_given(key, *(const int *)member);
	case KEY_CHOICE:
		return *(const int *)member >= 0;
	case KEY_TEXT:
	case KEY_NAME:
		return *(char *const *)member != NULL;
	case KEY_RECORD:
		return !key->absent || *(char *const *)((const char *)member + key->record->keys[0].offset);
	case KEY_LATER:
		return false;
	case KEY_FLAG:
	case KEY_CHOICES:
		return true;
	default:
		return ((const struct key_list *)member)->items != NULL;
	}
}

/* What fits behind the colon on its line. */
static void put_value(const struct key *key, const void *member, FILE *stream)
{
	putc(' ', stream);
	if (key->type == KEY_NUMBER)
		put_number(key, *(const double *)member, stream);
	else if (key->type == KEY_INTEGER)
		put_number(key, *(const int *)member, stream);
	else if (key->type == KEY_FLAG)
		fputs(*(const bool *)member ? "true" : "false", stream);
	else if (key->type == KEY_CHOICE)
		fputs(key->choices[*(const int *)member], stream);
	else if (key->type == KEY_CHOICES)
		put_choices(key, *(const unsigned *)member, stream);
	else if (key->type == KEY_TEXTS)
		put_texts(member, stream);
	else if (key->type == KEY_LEVELS)
		put_levels(key, member, stream);
	else
		put_text(*(char *const *)member, stream);
}

/* A mapping of which nothing is given is as good as none. */
static bool is_empty(const struct record *record, const void *loaded)
{
	for (size_t i = 0; i < record->key_count; i++)
		if (has_value(&record->keys[i], (const char *)loaded + record->keys[i].offset))
			return false;
	return true;
}

static void put_member(struct block *block, const struct key *key, const void *member)
{
	if (key->type == KEY_RECORD && is_empty(key->record, member))
		return;
	put_key(block, key->name);
	switch (key->type) {
	case KEY_RECORD:
		put_map(block, key->record, 0, member);
		break;
	case KEY_RECORDS:
		put_records(block, key->record, member);
		break;
	case KEY_MAP:
		put_named(block, key->record, member);
		break;
	case KEY_CHAIN:
		put_chain(block, member);
		break;
	default:
		put_value(key, member, block->stream);
		fputs(block->flow ? "" : "\n", block->stream);
		break;
	}
}

static void put_members(struct block *block, const struct record *record, size_t skip, const void *loaded)
{
	for (size_t i = skip; i < record->key_count; i++) {
		const void *member = (const char *)loaded + record->keys[i].offset;
		if (has_value(&record->keys[i], member))
			put_member(block, &record->keys[i], member);
	}
}

void print_record(const struct record *record, const void *loaded, FILE *stream)
{
	struct block block = {.stream = stream};
	put_members(&block, record, 0, loaded);
}

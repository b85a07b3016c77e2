#include "config/reference.h"

#include "config/schema.h"

#include <stdbool.h>
#include <string.h>

enum { RECORDS_MOST = 128, PATH_SIZE = 256 };

struct page {
	FILE *stream;
	/* What was told already, and where. */
	const struct record *told[RECORDS_MOST];
	char paths[RECORDS_MOST][PATH_SIZE];
	size_t count;
};

/* A bar would end the cell. */
static void put_cell(const char *text, FILE *stream)
{
	for (; *text; text++) {
		if (*text == '|')
			putc('\\', stream);
		putc(*text, stream);
	}
}

static const char *told_at(const struct page *page, const struct record *record)
{
	for (size_t i = 0; i < page->count; i++)
		if (page->told[i] == record)
			return page->paths[i];
	return NULL;
}

static void put_row(const struct key *key, FILE *stream)
{
	char allowed[1024], fallback[256];
	fprintf(stream, "| `%s` | ", key->name);
	put_cell(schema_allowed(key, allowed, sizeof(allowed)), stream);
	if (key->bare_scale != 0 && key->bare_scale != 1)
		fprintf(stream, "; a bare number counts in thousandths");
	fprintf(stream, " | ");
	put_cell(key->required ? "has to be given" : schema_default(key, fallback, sizeof(fallback)), stream);
	fprintf(stream, " | ");
	put_cell(key->help ? key->help : "", stream);
	if (key->unused || key->type == KEY_LATER)
		fprintf(stream, " *Nothing in this version uses it yet.*");
	for (size_t i = 0; key->later && key->later[i]; i++)
		fprintf(stream, "%s`%s`%s", i ? ", " : " *To come:* ", key->later[i],
			key->later[i + 1] ? "" : ".");
	fprintf(stream, " |\n");
}

static void put_table(const struct record *record, FILE *stream)
{
	fprintf(stream, "| key | value | default | what |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < record->key_count; i++)
		put_row(&record->keys[i], stream);
}

static void put_record(struct page *page, const struct record *record, const char *path, int level);

static void put_inner(struct page *page, const struct key *key, const char *path, int level)
{
	char inner[PATH_SIZE];
	const char *list = key->type == KEY_RECORDS ? "[]" : key->type == KEY_MAP ? ".NAME" : "";
	snprintf(inner, sizeof(inner), "%.180s%s%.60s%s", path, path[0] ? "." : "", key->name, list);
	const char *told = told_at(page, key->record);
	if (told)
		fprintf(page->stream, "\n`%s` has the keys of `%s`.\n", inner, told);
	else
		put_record(page, key->record, inner, level);
}

static void put_record(struct page *page, const struct record *record, const char *path, int level)
{
	if (page->count < RECORDS_MOST) {
		page->told[page->count] = record;
		snprintf(page->paths[page->count++], PATH_SIZE, "%s", path);
	}
	if (path[0])
		fprintf(page->stream, "\n%.*s `%s`\n", level, "######", path);
	fprintf(page->stream, "\n%s\n\n", record->help);
	put_table(record, page->stream);
	for (size_t i = 0; i < record->key_count; i++)
		if (record->keys[i].record)
			put_inner(page, &record->keys[i], path, level);
}

void reference_record(const struct record *record, const char *title, FILE *stream)
{
	struct page page = {.stream = stream};
	fprintf(stream, "\n## %s\n", title);
	put_record(&page, record, "", 3);
}

void reference_processors(const struct record_table *processors, FILE *stream)
{
	struct page page = {.stream = stream};
	fprintf(stream,
		"\n## Processors\n\nAny may stand in any `chain`, by its name alone or with settings: "
		"`- NAME: {KEY: VALUE}`. Each takes these keys too:\n\n");
	put_table(&schema_insert, stream);
	for (size_t i = 0; i < processors->count; i++)
		put_record(&page, processors->records[i], processors->records[i]->name, 3);
}

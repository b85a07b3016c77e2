#include "common/memory.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

static void finish_records(const struct record *record, struct key_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		schema_finish(record, (char *)list->items + i * record->size);
}

static void finish_texts(struct key_list *list)
{
	char **texts = list->items;
	for (size_t i = 0; i < list->count; i++)
		free(texts[i]);
}

static void finish_levels(struct key_list *list)
{
	struct key_level *levels = list->items;
	for (size_t i = 0; i < list->count; i++)
		free(levels[i].name);
}

void schema_finish_chain(struct key_list *chain)
{
	struct key_insert *inserts = chain->items;
	for (size_t i = 0; i < chain->count; i++) {
		if (inserts[i].settings)
			schema_finish(inserts[i].type, inserts[i].settings);
		free(inserts[i].settings);
	}
	free(chain->items);
	*chain = (struct key_list){0};
}

static void finish_list(const struct key *key, struct key_list *list)
{
	if (key->type == KEY_RECORDS || key->type == KEY_MAP)
		finish_records(key->record, list);
	else if (key->type == KEY_TEXTS)
		finish_texts(list);
	else if (key->type == KEY_LEVELS)
		finish_levels(list);
	free(list->items);
	*list = (struct key_list){0};
}

static void finish_member(const struct key *key, void *member)
{
	switch (key->type) {
	case KEY_TEXT:
	case KEY_NAME:
		free(*(char **)member);
		*(char **)member = NULL;
		break;
	case KEY_RECORD:
		schema_finish(key->record, member);
		break;
	case KEY_RECORDS:
	case KEY_MAP:
	case KEY_TEXTS:
	case KEY_LEVELS:
		finish_list(key, member);
		break;
	case KEY_CHAIN:
		schema_finish_chain(member);
		break;
	default:
		break;
	}
}

void schema_finish(const struct record *record, void *loaded)
{
	for (size_t i = 0; i < record->key_count; i++)
		finish_member(&record->keys[i], (char *)loaded + record->keys[i].offset);
}

void schema_append_chain(struct key_list *chain, struct key_list *from)
{
	struct key_insert *inserts = memory_grow(chain->items, chain->count + from->count, sizeof(*inserts));
	if (from->count > 0)
		memcpy(inserts + chain->count, from->items, from->count * sizeof(*inserts));
	*chain = (struct key_list){inserts, chain->count + from->count};
	free(from->items);
	*from = (struct key_list){0};
}

#include "config/schema.h"

#include <math.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_number(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b;
}

static bool same_item(const struct key *key, const char *a, const char *b, size_t i)
{
	if (key->type == KEY_TEXTS)
		return same_text(((char *const *)a)[i], ((char *const *)b)[i]);
	if (key->type == KEY_LEVELS) {
		const struct key_level *x = (const struct key_level *)a + i,
				       *y = (const struct key_level *)b + i;
		return same_text(x->name, y->name) && same_number(x->value, y->value);
	}
	if (key->type == KEY_CHAIN) {
		const struct key_insert *x = (const struct key_insert *)a + i,
					*y = (const struct key_insert *)b + i;
		return x->type == y->type && x->bypass == y->bypass &&
		       schema_same(x->type, x->settings, y->settings);
	}
	return schema_same(key->record, a + i * key->record->size, b + i * key->record->size);
}

static bool same_list(const struct key *key, const struct key_list *a, const struct key_list *b)
{
	if (!a->items || !b->items)
		return a->items == b->items && a->count == b->count;
	bool same = a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++)
		same = same_item(key, a->items, b->items, i);
	return same;
}

static bool same_member(const struct key *key, const void *a, const void *b)
{
	switch (key->type) {
	case KEY_NUMBER:
		return same_number(*(const double *)a, *(const double *)b);
	case KEY_INTEGER:
	case KEY_CHOICE:
		return *(const int *)a == *(const int *)b;
	case KEY_FLAG:
		return *(const bool *)a == *(const bool *)b;
	case KEY_CHOICES:
		return *(const unsigned *)a == *(const unsigned *)b;
	case KEY_TEXT:
	case KEY_NAME:
		return same_text(*(char *const *)a, *(char *const *)b);
	case KEY_RECORD:
		return schema_same(key->record, a, b);
	case KEY_LATER:
		return true;
	default:
		return same_list(key, a, b);
	}
}

bool schema_same(const struct record *record, const void *a, const void *b)
{
	for (size_t i = 0; i < record->key_count; i++) {
		size_t at = record->keys[i].offset;
		if (!same_member(&record->keys[i], (const char *)a + at, (const char *)b + at))
			return false;
	}
	return true;
}

bool schema_same_key(const struct record *record, const char *name, const void *a, const void *b)
{
	const struct key *key = schema_find_key(record, name);
	return key && same_member(key, (const char *)a + key->offset, (const char *)b + key->offset);
}

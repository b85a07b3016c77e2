#include "common/memory.h"
#include "config/preset_tree.h"

#include <stdlib.h>
#include <string.h>

/* Lists whose items are told apart by one of their keys. */
static const struct {
	const char *list, *key;
} named_lists[] = {{"roles", "role"}, {"buses", "name"}};

static struct yaml_node *make_node(
	struct yaml_file *made, enum yaml_kind kind, const struct yaml_node *like, size_t room)
{
	struct yaml_node *node = memory_new(sizeof(*node));
	*node = (struct yaml_node){.kind = kind, .line = like->line, .column = like->column};
	if (kind == YAML_LIST)
		node->items = memory_array(room, sizeof(struct yaml_node *));
	else
		node->pairs = memory_array(room, sizeof(*node->pairs));
	made->nodes = memory_grow(made->nodes, made->count + 1, sizeof(struct yaml_node *));
	made->nodes[made->count++] = node;
	return node;
}

static void add_pair(struct yaml_node *map, const struct yaml_pair *pair, const struct yaml_node *value)
{
	struct yaml_pair *to = &map->pairs[map->count++];
	*to = *pair;
	to->key = memory_text(pair->key);
	to->value = (struct yaml_node *)value; /* only ever read */
}

static size_t count_of(const struct yaml_node *list)
{
	return list->kind == YAML_LIST ? list->count : 0;
}

static const struct yaml_node *join(
	struct yaml_file *made, const struct yaml_node *first, const struct yaml_node *second)
{
	struct yaml_node *list = make_node(made, YAML_LIST, second, count_of(first) + count_of(second));
	for (size_t i = 0; i < count_of(first); i++)
		list->items[list->count++] = first->items[i];
	for (size_t i = 0; i < count_of(second); i++)
		list->items[list->count++] = second->items[i];
	return list;
}

/* ---- KEY and KEY+ ---- */

static const struct yaml_node *value_of_plus(const struct yaml_node *map, const char *key)
{
	char *plus = memory_format("%s+", key);
	const struct yaml_node *value = yaml_value_of(map, plus);
	free(plus);
	return value;
}

/* The value of KEY for "KEY+"; NULL for other keys. */
static const struct yaml_node *value_of_plain(const struct yaml_node *map, const char *key)
{
	size_t length = strlen(key);
	if (length < 2 || key[length - 1] != '+')
		return NULL;
	char *plain = memory_format("%.*s", (int)length - 1, key);
	const struct yaml_node *value = yaml_value_of(map, plain);
	free(plain);
	return value;
}

/* A mapping that has both KEY and KEY+ becomes one with KEY alone. */
static const struct yaml_node *fold(struct yaml_file *made, const struct yaml_node *map)
{
	struct yaml_node *folded = make_node(made, YAML_MAP, map, map->count);
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		const struct yaml_node *plus = value_of_plus(map, pair->key);
		if (!pair->refused && !value_of_plain(map, pair->key))
			add_pair(folded, pair, plus ? join(made, pair->value, plus) : pair->value);
	}
	return folded;
}

/* ---- lists of what has a name ---- */

static const char *key_of_items(const char *list)
{
	for (size_t i = 0; i < sizeof(named_lists) / sizeof(named_lists[0]); i++)
		if (strcmp(named_lists[i].list, list) == 0)
			return named_lists[i].key;
	return NULL;
}

static const struct yaml_node *find_item(
	const struct yaml_node *list, const char *key, const struct yaml_node *like)
{
	const struct yaml_node *name = yaml_value_of(like, key);
	for (size_t i = 0; name && name->kind == YAML_TEXT && i < count_of(list); i++) {
		const struct yaml_node *other = yaml_value_of(list->items[i], key);
		if (other && other->kind == YAML_TEXT && strcmp(other->text, name->text) == 0)
			return list->items[i];
	}
	return NULL;
}

static const struct yaml_node *merge_lists(
	struct yaml_file *made, const char *key, const struct yaml_node *over, const struct yaml_node *base)
{
	struct yaml_node *list = make_node(made, YAML_LIST, over, count_of(over) + count_of(base));
	for (size_t i = 0; i < count_of(base); i++) {
		const struct yaml_node *item = find_item(over, key, base->items[i]);
		const struct yaml_node *merged =
			item ? preset_merge(made, item, base->items[i]) : base->items[i];
		list->items[list->count++] = (struct yaml_node *)merged;
	}
	for (size_t i = 0; i < count_of(over); i++)
		if (!find_item(base, key, over->items[i]))
			list->items[list->count++] = over->items[i];
	return list;
}

/* ---- mappings ---- */

/* What becomes of a pair of `base`; NULL: nothing. */
static const struct yaml_node *merge_pair(
	struct yaml_file *made, const struct yaml_node *over, const struct yaml_pair *base)
{
	const struct yaml_node *own = yaml_value_of(over, base->key);
	const struct yaml_node *plus = value_of_plus(over, base->key);
	const char *names = key_of_items(base->key);
	size_t length = strlen(base->key);
	if (value_of_plain(over, base->key))
		return NULL;
	if (own && names)
		return merge_lists(made, names, own, base->value);
	if (own)
		return length > 1 && base->key[length - 1] == '+' ? join(made, base->value, own) : own;
	return plus ? join(made, base->value, plus) : base->value;
}

const struct yaml_node *preset_merge(
	struct yaml_file *made, const struct yaml_node *over, const struct yaml_node *base)
{
	over = fold(made, over);
	base = fold(made, base);
	struct yaml_node *map = make_node(made, YAML_MAP, over, over->count + base->count);
	for (size_t i = 0; i < base->count; i++) {
		const struct yaml_node *value = merge_pair(made, over, &base->pairs[i]);
		if (value)
			add_pair(map, &base->pairs[i], value);
	}
	for (size_t i = 0; i < over->count; i++) {
		const struct yaml_pair *pair = &over->pairs[i];
		if (!yaml_pair_of(base, pair->key) && !value_of_plain(base, pair->key))
			add_pair(map, pair, pair->value);
	}
	return map;
}

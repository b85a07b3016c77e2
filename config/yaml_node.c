#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>

void yaml_finish(struct yaml_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		struct yaml_node *node = file->nodes[i];
		for (size_t pair = 0; node->kind == YAML_MAP && pair < node->count; pair++)
			free(node->pairs[pair].key);
		free(node->pairs);
		free(node->items);
		free(node->text);
		free(node);
	}
	free(file->nodes);
	*file = (struct yaml_file){0};
}

bool yaml_is_null(const struct yaml_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};
	for (size_t i = 0; node->kind == YAML_TEXT && node->plain && i < sizeof(words) / sizeof(words[0]);
		i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return false;
}

const struct yaml_pair *yaml_pair_of(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		if (!map->pairs[i].refused && strcmp(map->pairs[i].key, key) == 0)
			return &map->pairs[i];
	return NULL;
}

const struct yaml_node *yaml_value_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_pair *pair = yaml_pair_of(map, key);
	return pair ? pair->value : NULL;
}

const struct yaml_node *yaml_item(const struct yaml_node *list, size_t index)
{
	return list && list->kind == YAML_LIST && index < list->count ? list->items[index] : NULL;
}

#include "config/yaml.h"

#include "common/file.h"
#include "common/memory.h"
#include "config/utf8.h"
#include "config/yaml_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct anchor {
	char *name;
	struct yaml_node *node;
};

/* A map or list that is being read; of a map, also the key that waits for its value. */
struct level {
	struct yaml_node *node;
	struct yaml_pair pending;
};

struct builder {
	yaml_parser_t parser;
	struct yaml_file *file;
	struct faults *faults;
	const char *text;
	size_t size;
	struct level levels[YAML_MOST_DEPTH];
	size_t depth;
	struct anchor *anchors;
	size_t anchor_count;
	size_t nodes; /* aliases counted as what they stand for */
	int documents;
	bool done;
};

static int line_of(const yaml_mark_t *mark)
{
	return (int)mark->line + 1;
}

static int column_of(const yaml_mark_t *mark)
{
	return (int)mark->column + 1;
}

/* Every fault here ends the reading: what follows would be guesswork. */
static int stop(struct builder *b, const yaml_mark_t *mark, const char *text)
{
	faults_add(b->faults, line_of(mark), column_of(mark), "%s", text);
	return -EINVAL;
}

static int check_size(struct builder *b, const yaml_mark_t *mark, size_t more, size_t height)
{
	b->nodes += more;
	if (b->nodes > YAML_MOST_NODES)
		return stop(b, mark, "the file is too large with its aliases written out; 200000 values");
	if (b->depth + height > YAML_MOST_DEPTH)
		return stop(b, mark, "nested too deeply; 64 levels");
	return 0;
}

static int add_anchor(struct builder *b, const yaml_mark_t *mark, const void *name, struct yaml_node *node)
{
	if (!name)
		return 0;
	if (b->anchor_count >= YAML_MOST_ANCHORS)
		return stop(b, mark, "too many anchors; 1000");
	b->anchors = memory_grow(b->anchors, b->anchor_count + 1, sizeof(*b->anchors));
	b->anchors[b->anchor_count++] = (struct anchor){memory_text(name), node};
	return 0;
}

/* Room for one more item grows by doubling, so that a long list is not copied for each of its items. */
static void *grow(void *array, size_t count, size_t size)
{
	return (count & (count - 1)) == 0 ? memory_grow(array, count ? count * 2 : 1, size) : array;
}

/* The file owns the node from here on, whatever becomes of it. */
static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml_file *file = b->file;
	struct yaml_node *node = memory_new(sizeof(*node));
	node->kind = kind;
	node->line = line_of(mark);
	node->column = column_of(mark);
	node->nodes = 1;
	file->nodes = grow(file->nodes, file->count, sizeof(struct yaml_node *));
	file->nodes[file->count++] = node;
	return node;
}

static void add_value(struct level *level, struct yaml_node *value)
{
	struct yaml_node *node = level->node;
	if (node->kind == YAML_LIST) {
		node->items = grow(node->items, node->count, sizeof(struct yaml_node *));
		node->items[node->count++] = value;
	} else {
		level->pending.value = value;
		node->pairs = grow(node->pairs, node->count, sizeof(*node->pairs));
		node->pairs[node->count++] = level->pending;
		level->pending = (struct yaml_pair){0};
	}
	node->nodes += value->nodes;
	if (node->height <= value->height)
		node->height = value->height + 1;
}

static int set_key(struct builder *b, struct level *level, struct yaml_node *key, const yaml_mark_t *mark)
{
	if (key->kind != YAML_TEXT)
		return stop(b, mark, "a map or list as a key; a key is a text");
	level->pending =
		(struct yaml_pair){memory_text(key->text), line_of(mark), column_of(mark), false, NULL};
	if (key->plain && strcmp(key->text, "<<") == 0) {
		level->pending.refused = true;
		faults_add(b->faults, line_of(mark), column_of(mark),
			"<<: merge keys are not supported; write the keys out");
	}
	return 0;
}

/* Puts a node where the reading stands: the root, an item, a key, or a key's value. */
static int place(struct builder *b, struct yaml_node *node, const yaml_mark_t *mark)
{
	if (b->depth == 0) {
		b->file->root = node;
		return 0;
	}
	struct level *level = &b->levels[b->depth - 1];
	if (level->node->kind == YAML_MAP && !level->pending.key)
		return set_key(b, level, node, mark);
	add_value(level, node);
	return 0;
}

static int check_text(struct builder *b, const yaml_mark_t *mark, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		uint32_t character = 0;
		size_t length = utf8_read(text + at, size - at, &character);
		if (length == 0 || (utf8_is_control(character) && character != '\t' && character != '\n'))
			return stop(b, mark, "a control character in a text; text only");
		at += length;
	}
	return 0;
}

static int check_tag(struct builder *b, const yaml_mark_t *mark, const void *tag)
{
	return tag ? stop(b, mark, "tags such as !include are not supported; write the value itself") : 0;
}

static int take_text(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	const yaml_mark_t *mark = &event->start_mark;
	int result = check_tag(b, mark, event->data.scalar.tag);
	if (result == 0)
		result = check_size(b, mark, 1, 0);
	if (result == 0)
		result = check_text(b, mark, text, event->data.scalar.length);
	if (result < 0)
		return result;
	struct yaml_node *node = new_node(b, YAML_TEXT, mark);
	node->text = memory_text(text);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	result = add_anchor(b, mark, event->data.scalar.anchor, node);
	return result < 0 ? result : place(b, node, mark);
}

static int take_start(struct builder *b, const yaml_event_t *event)
{
	bool list = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_mark_t *mark = &event->start_mark;
	const void *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	const void *anchor = list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
	int result = check_tag(b, mark, tag);
	if (result == 0)
		result = check_size(b, mark, 1, 1);
	if (result < 0)
		return result;
	struct yaml_node *node = new_node(b, list ? YAML_LIST : YAML_MAP, mark);
	node->open = true;
	/* Anything but a value's place is refused now, so that the stack holds maps and lists only. */
	struct level *above = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;
	if (above && above->node->kind == YAML_MAP && !above->pending.key)
		return stop(b, mark, "a map or list as a key; a key is a text");
	b->levels[b->depth++] = (struct level){.node = node};
	return add_anchor(b, mark, anchor, node);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct yaml_pair *x = *(struct yaml_pair *const *)a, *y = *(struct yaml_pair *const *)b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x > y) - (x < y);
}

/* Where the map that has just ended stands: "tracks[2].chain[0].", or "" at the top. */
static void path_of(const struct builder *b, char *path, size_t size)
{
	size_t used = 0;
	path[0] = '\0';
	for (size_t i = 0; i < b->depth && used < size; i++) {
		const struct level *level = &b->levels[i];
		const char *dot = i + 1 < b->depth && b->levels[i + 1].node->kind == YAML_LIST ? "" : ".";
		int n = level->node->kind == YAML_LIST
				? snprintf(path + used, size - used, "[%zu]%s", level->node->count, dot)
				: snprintf(path + used, size - used, "%.64s%s", level->pending.key, dot);
		used += n > 0 ? (size_t)n : 0;
	}
}

/* Sorted, so that a hostile map with 100,000 keys costs no more than it should. */
static void find_duplicates(struct builder *b, struct yaml_node *map)
{
	struct yaml_pair **list = memory_array(map->count, sizeof(struct yaml_pair *));
	for (size_t i = 0; i < map->count; i++)
		list[i] = &map->pairs[i];
	qsort(list, map->count, sizeof(struct yaml_pair *), compare_pairs);
	const struct yaml_pair *first = map->count ? list[0] : NULL;
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(first->key, list[i]->key) != 0) {
			first = list[i];
		} else if (!list[i]->refused) {
			char path[256];
			list[i]->refused = true;
			path_of(b, path, sizeof(path));
			faults_add(b->faults, list[i]->line, list[i]->column,
				"%s%.64s: given twice; once, and line %d has it already", path, first->key,
				first->line);
		}
	}
	free(list);
}

static int take_end(struct builder *b)
{
	struct yaml_node *node = b->levels[--b->depth].node;
	yaml_mark_t mark = {.line = (size_t)node->line - 1, .column = (size_t)node->column - 1};
	node->open = false;
	if (node->kind == YAML_MAP)
		find_duplicates(b, node);
	return place(b, node, &mark);
}

static int take_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const yaml_mark_t *mark = &event->start_mark;
	struct yaml_node *node = NULL;
	for (size_t i = b->anchor_count; i-- > 0 && !node;) /* the latest of a name counts */
		node = strcmp(b->anchors[i].name, name) == 0 ? b->anchors[i].node : NULL;
	if (!node) {
		faults_add(b->faults, line_of(mark), column_of(mark),
			"*%.64s: no such anchor; put a text that starts with * in quotes", name);
		return -EINVAL;
	}
	if (node->open)
		return stop(b, mark, "an alias inside of what it stands for; no circles");
	int result = check_size(b, mark, node->nodes, (size_t)node->height + (node->kind != YAML_TEXT));
	return result < 0 ? result : place(b, node, mark);
}

static int take(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ > 0)
			return stop(b, &event->start_mark, "a second document; one a file");
		return 0;
	case YAML_ALIAS_EVENT:
		return take_alias(b, event);
	case YAML_SCALAR_EVENT:
		return take_text(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return take_start(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return take_end(b);
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return 0;
	default:
		return 0;
	}
}

static int syntax_fault(struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	/* The file is not to blame for it. */
	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		memory_is_out();
	const char *problem = parser->problem;
	const yaml_mark_t *mark = &parser->problem_mark;
	/* Where quotes that were never closed, and a key without its colon, were given up is a poor place. */
	if (strstr(problem, "unexpected end of stream") || strstr(problem, "could not find expected ':'"))
		mark = &parser->context_mark;
	yaml_text_fault(b->faults, b->text, b->size, line_of(mark), column_of(mark), problem);
	return -EINVAL;
}

static int read_events(struct builder *b)
{
	int result = 0;
	while (result == 0 && !b->done) {
		yaml_event_t event;
		if (!yaml_parser_parse(&b->parser, &event))
			return syntax_fault(b);
		result = take(b, &event);
		yaml_event_delete(&event);
	}
	return result;
}

static void release(struct builder *b)
{
	for (size_t i = 0; i < b->depth; i++)
		free(b->levels[i].pending.key);
	for (size_t i = 0; i < b->anchor_count; i++)
		free(b->anchors[i].name);
	free(b->anchors);
	yaml_parser_delete(&b->parser);
}

int yaml_parse(struct yaml_file *file, const char *text, size_t size, struct faults *faults)
{
	*file = (struct yaml_file){0};
	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		size -= 3;
	}
	if (!yaml_text_check(text, size, faults))
		return -EINVAL;
	struct builder b = {.file = file, .faults = faults, .text = text, .size = size};
	if (!yaml_parser_initialize(&b.parser))
		memory_is_out();
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, size);
	int result = read_events(&b);
	if (result == 0 && !file->root)
		file->root = new_node(&b, YAML_MAP, &(yaml_mark_t){0});
	release(&b);
	if (result < 0)
		yaml_finish(file);
	return result;
}

void yaml_unreadable(struct faults *faults, int result)
{
	faults->starved |= result == -ENOMEM;
	if (result == -EFBIG)
		faults_add(faults, 0, 0, "larger than 4 MiB; no configuration is");
	else if (result == -ENOTSUP)
		faults_add(faults, 0, 0, "no plain file; one with a text in it");
	else
		faults_add(faults, 0, 0, "cannot be read: %s", strerror(-result));
}

int yaml_load(struct yaml_file *file, const char *path, struct faults *faults)
{
	*file = (struct yaml_file){0};
	char *text = NULL;
	size_t size = 0;
	int result = file_read(path, YAML_MOST_BYTES, &text, &size, NULL);
	if (result < 0) {
		yaml_unreadable(faults, result);
		return faults_result(faults);
	}
	free(faults->source);
	faults->source = text;
	return yaml_parse(file, text, size, faults);
}

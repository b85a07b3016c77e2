#include "takes/members.h"

#include "common/clock.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a member becomes; NULL: nothing, the member is left out. `data` is the struct. */
typedef json_t *(*write_fn)(const struct member *member, const char *data);

static const void *at(const struct member *member, const char *data)
{
	return data + member->offset;
}

static size_t count_of(const struct member *member, const char *data)
{
	return *(const size_t *)(const void *)(data + member->count_offset);
}

/* JSON is UTF-8; names of devices come as any bytes. A take is not lost over one: what is no UTF-8 loses all
 * that is not ASCII. */
static json_t *text_value(const char *text)
{
	if (!text)
		return json_null();
	json_t *value = json_string(text);
	if (value)
		return value;
	char *plain = memory_text(text);
	for (char *c = plain; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	value = json_string(plain);
	free(plain);
	return value;
}

static json_t *write_text(const struct member *member, const char *data)
{
	return text_value(*(char *const *)at(member, data));
}

static json_t *write_flag(const struct member *member, const char *data)
{
	return json_boolean(*(const bool *)at(member, data));
}

static json_t *write_count(const struct member *member, const char *data)
{
	return json_integer((json_int_t) * (const uint64_t *)at(member, data));
}

static json_t *write_length(const struct member *member, const char *data)
{
	return *(const uint64_t *)at(member, data) > 0 ? write_count(member, data) : json_null();
}

static json_t *write_spare(const struct member *member, const char *data)
{
	return *(const uint64_t *)at(member, data) > 0 ? write_count(member, data) : NULL;
}

static json_t *write_index(const struct member *member, const char *data)
{
	return json_integer(*(const int *)at(member, data));
}

static json_t *write_rate(const struct member *member, const char *data)
{
	return json_integer(*(const uint32_t *)at(member, data));
}

/* JSON has no infinity either: the peak of silence is as unknown as one that nobody measured. */
static json_t *write_figure(const struct member *member, const char *data)
{
	double value = *(const double *)at(member, data);
	double scale = pow(10, member->decimals);
	double rounded = round(value * scale) / scale;
	if (!isfinite(rounded))
		return json_null();
	return json_real(rounded == 0 ? 0 : rounded); /* no "-0.0" */
}

static json_t *write_time(const struct member *member, const char *data)
{
	char text[CLOCK_RFC3339_SIZE];
	return json_string(clock_rfc3339(*(const int64_t *)at(member, data), text));
}

static json_t *write_choice(const struct member *member, const char *data)
{
	int choice;
	memcpy(&choice, at(member, data), sizeof(choice));
	return json_string(member->choices[choice]);
}

static json_t *write_digest(const struct member *member, const char *data)
{
	const char *digest = at(member, data);
	return digest[0] ? json_string(digest) : json_null();
}

static json_t *write_texts(const struct member *member, const char *data)
{
	json_t *list = json_array();
	char *const *texts = *(char **const *)at(member, data);
	for (size_t i = 0; i < count_of(member, data); i++)
		json_array_append_new(list, text_value(texts[i]));
	return list;
}

static json_t *write_objects(const struct member *member, const char *data)
{
	if (member->optional && count_of(member, data) == 0)
		return NULL;
	json_t *list = json_array();
	const char *items = *(char *const *)at(member, data);
	for (size_t i = 0; i < count_of(member, data); i++)
		json_array_append_new(list, shape_write(member->shape, items + i * member->shape->size));
	return list;
}

static const write_fn writers[MEMBER_TYPES] = {
	[MEMBER_TEXT] = write_text,
	[MEMBER_ID] = write_text,
	[MEMBER_FLAG] = write_flag,
	[MEMBER_COUNT] = write_count,
	[MEMBER_LENGTH] = write_length,
	[MEMBER_SPARE] = write_spare,
	[MEMBER_INDEX] = write_index,
	[MEMBER_RATE] = write_rate,
	[MEMBER_FIGURE] = write_figure,
	[MEMBER_TIME] = write_time,
	[MEMBER_CHOICE] = write_choice,
	[MEMBER_DIGEST] = write_digest,
	[MEMBER_TEXTS] = write_texts,
	[MEMBER_NAME] = write_text,
	[MEMBER_OBJECTS] = write_objects,
};

json_t *shape_write(const struct shape *shape, const void *data)
{
	json_t *object = json_object();
	for (size_t i = 0; i < shape->count; i++) {
		const struct member *member = &shape->members[i];
		json_t *value = writers[member->type](member, data);
		if (value)
			json_object_set_new(object, member->name, value);
	}
	return object;
}

static void finish_texts(const struct member *member, char *data)
{
	char **texts = *(char ***)(void *)(data + member->offset);
	for (size_t i = 0; i < count_of(member, data); i++)
		free(texts[i]);
	free(texts);
}

static void finish_objects(const struct member *member, char *data)
{
	char *items = *(char **)(void *)(data + member->offset);
	for (size_t i = 0; i < count_of(member, data); i++)
		shape_finish(member->shape, items + i * member->shape->size);
	free(items);
}

void shape_finish(const struct shape *shape, void *data)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct member *member = &shape->members[i];
		switch (member->type) {
		case MEMBER_TEXT:
		case MEMBER_ID:
		case MEMBER_NAME:
			free(*(char **)(void *)((char *)data + member->offset));
			break;
		case MEMBER_TEXTS:
			finish_texts(member, data);
			break;
		case MEMBER_OBJECTS:
			finish_objects(member, data);
			break;
		default:
			break;
		}
	}
}

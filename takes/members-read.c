#include "takes/members.h"

#include "common/clock.h"
#include "common/memory.h"
#include "takes/take.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Past any take and within what every JSON reader keeps exact. */
static const json_int_t most_count = INT64_C(1) << 53;

/* One value on its way into one member. */
struct reading {
	const struct member *member;
	const json_t *value; /* never NULL; null where the member is missing and may be */
	char *data;	     /* the struct */
	const struct place *place;
	struct error *e;
};

typedef int (*read_fn)(const struct reading *reading);

static size_t write_place(const struct place *place, char *out, size_t size)
{
	size_t used = place->in ? write_place(place->in, out, size) : 0;
	if (used >= size)
		return used;
	const char *joint = !place->in ? "" : place->in->in ? "." : ": ";
	int n = place->name ? snprintf(out + used, size - used, "%s%s", joint, place->name)
			    : snprintf(out + used, size - used, "[%zu]", place->index);
	return used + (size_t)n;
}

static int refuse(const struct place *place, const char *what, struct error *e)
{
	char where[400] = "";
	write_place(place, where, sizeof(where));
	return error_set(e, EBADMSG, "%s: %s", where, what);
}

static int refuse_value(const struct reading *reading, const char *what)
{
	return refuse(reading->place, what, reading->e);
}

static void *at(const struct reading *reading)
{
	return reading->data + reading->member->offset;
}

static size_t *count_of(const struct reading *reading)
{
	return (size_t *)(void *)(reading->data + reading->member->count_offset);
}

static int read_text(const struct reading *reading)
{
	if (!json_is_string(reading->value))
		return refuse_value(reading, "must be a text");
	*(char **)at(reading) = memory_text(json_string_value(reading->value));
	return 0;
}

static int read_id(const struct reading *reading)
{
	const char *text = json_string_value(reading->value);
	if (!text || !take_id_valid(text))
		return refuse_value(reading, "must be a take's id such as 20261122-190311-thursday");
	return read_text(reading);
}

static int read_flag(const struct reading *reading)
{
	if (!json_is_boolean(reading->value))
		return refuse_value(reading, "must be true or false");
	*(bool *)at(reading) = json_is_true(reading->value);
	return 0;
}

static bool whole_number(const json_t *value, json_int_t least, json_int_t most)
{
	return json_is_integer(value) && json_integer_value(value) >= least &&
	       json_integer_value(value) <= most;
}

static int read_count(const struct reading *reading)
{
	if (!whole_number(reading->value, 0, most_count))
		return refuse_value(reading, "must be a whole number from 0 to 2^53");
	*(uint64_t *)at(reading) = (uint64_t)json_integer_value(reading->value);
	return 0;
}

static int read_length(const struct reading *reading)
{
	*(uint64_t *)at(reading) = 0;
	if (!json_is_null(reading->value) && !whole_number(reading->value, 1, most_count))
		return refuse_value(reading, "must be a whole number from 1 to 2^53, or null");
	if (!json_is_null(reading->value))
		*(uint64_t *)at(reading) = (uint64_t)json_integer_value(reading->value);
	return 0;
}

static int read_index(const struct reading *reading)
{
	if (!whole_number(reading->value, 1, 9999))
		return refuse_value(reading, "must be a whole number from 1 to 9999");
	*(int *)at(reading) = (int)json_integer_value(reading->value);
	return 0;
}

static int read_rate(const struct reading *reading)
{
	if (!whole_number(reading->value, 1, 1000000))
		return refuse_value(reading, "must be a whole number of Hz from 1 to 1000000");
	*(uint32_t *)at(reading) = (uint32_t)json_integer_value(reading->value);
	return 0;
}

static int read_figure(const struct reading *reading)
{
	if (!json_is_number(reading->value) && !json_is_null(reading->value))
		return refuse_value(reading, "must be a number or null");
	*(double *)at(reading) = json_is_null(reading->value) ? NAN : json_number_value(reading->value);
	return 0;
}

static int read_time(const struct reading *reading)
{
	const char *text = json_string_value(reading->value);
	if (!text || clock_parse_rfc3339(text, at(reading)) < 0)
		return refuse_value(reading, "must be a time such as 2026-11-22T19:03:11.123456Z");
	return 0;
}

static int read_choice(const struct reading *reading)
{
	const char *text = json_string_value(reading->value);
	const char *const *choices = reading->member->choices;
	char allowed[200] = "must be one of";
	for (int i = 0; choices[i]; i++) {
		if (text && strcmp(text, choices[i]) == 0) {
			memcpy(at(reading), &i, sizeof(i)); /* the enums are ints to C, not one type */
			return 0;
		}
		size_t used = strlen(allowed);
		snprintf(allowed + used, sizeof(allowed) - used, " %s", choices[i]);
	}
	return refuse_value(reading, allowed);
}

static int read_digest(const struct reading *reading)
{
	char *digest = at(reading);
	digest[0] = '\0';
	if (json_is_null(reading->value))
		return 0;
	const char *text = json_string_value(reading->value);
	size_t digits = reading->member->digits;
	if (!text || strlen(text) != digits || strspn(text, "0123456789abcdef") != digits) {
		char what[80];
		snprintf(what, sizeof(what), "must be %zu lower-case hexadecimal digits or null", digits);
		return refuse_value(reading, what);
	}
	memcpy(digest, text, digits + 1);
	return 0;
}

/* A name that cannot lead out of the folder: parts of something, none of them "." or "..". */
static bool name_stays_inside(const char *name)
{
	for (const char *part = name;; part++) {
		size_t length = strcspn(part, "/");
		if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
			return false;
		part += length;
		if (*part == '\0')
			break;
	}
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	}
	return true;
}

static int read_name(const struct reading *reading)
{
	const char *text = json_string_value(reading->value);
	if (!text || !name_stays_inside(text))
		return refuse_value(reading, "must be the name of a file within the take");
	return read_text(reading);
}

/* Room for one more item of a list, zeroed and counted, so that shape_finish sees it at once. Grown as the
 * items prove sound: a list of a million empty objects never gets memory for a million structs. */
static void *append(const struct reading *reading, size_t size)
{
	size_t *count = count_of(reading);
	char **items = at(reading);
	if ((*count & (*count - 1)) == 0)
		*items = memory_grow(*items, *count ? *count * 2 : 1, size);
	return memset(*items + (*count)++ * size, 0, size);
}

static int read_texts(const struct reading *reading)
{
	if (!json_is_array(reading->value))
		return refuse_value(reading, "must be a list");
	static const struct member item_member = {.offset = 0};
	size_t i;
	const json_t *item;
	json_array_foreach(reading->value, i, item)
	{
		const struct place place = {.in = reading->place, .index = i};
		struct reading one = {
			.member = &item_member, .value = item, .place = &place, .e = reading->e};
		one.data = append(reading, sizeof(char *));
		int result = read_text(&one);
		if (result < 0)
			return result;
	}
	return 0;
}

static int read_objects(const struct reading *reading)
{
	if (!json_is_array(reading->value))
		return refuse_value(reading, "must be a list");
	const struct shape *shape = reading->member->shape;
	size_t i;
	const json_t *item;
	json_array_foreach(reading->value, i, item)
	{
		const struct place place = {.in = reading->place, .index = i};
		int result = shape_read(shape, item, append(reading, shape->size), &place, reading->e);
		if (result < 0)
			return result;
	}
	return 0;
}

static const read_fn readers[MEMBER_TYPES] = {
	[MEMBER_TEXT] = read_text,
	[MEMBER_ID] = read_id,
	[MEMBER_FLAG] = read_flag,
	[MEMBER_COUNT] = read_count,
	[MEMBER_LENGTH] = read_length,
	[MEMBER_SPARE] = read_count,
	[MEMBER_INDEX] = read_index,
	[MEMBER_RATE] = read_rate,
	[MEMBER_FIGURE] = read_figure,
	[MEMBER_TIME] = read_time,
	[MEMBER_CHOICE] = read_choice,
	[MEMBER_DIGEST] = read_digest,
	[MEMBER_TEXTS] = read_texts,
	[MEMBER_NAME] = read_name,
	[MEMBER_OBJECTS] = read_objects,
};

int shape_read(const struct shape *shape, const json_t *object, void *data, const struct place *place,
	struct error *e)
{
	if (!json_is_object(object))
		return refuse(place, "must be an object", e);
	for (size_t i = 0; i < shape->count; i++) {
		const struct member *member = &shape->members[i];
		const struct place member_place = {.in = place, .name = member->name};
		const json_t *value = json_object_get(object, member->name);
		bool figure = member->type == MEMBER_FIGURE || member->type == MEMBER_DIGEST;
		if (!value && !member->optional)
			return refuse(&member_place, "missing", e);
		if ((!value || json_is_null(value)) && member->optional && !figure)
			continue;
		const struct reading reading = {.member = member,
			.value = value ? value : json_null(),
			.data = data,
			.place = &member_place,
			.e = e};
		int result = readers[member->type](&reading);
		if (result < 0)
			return result;
	}
	return 0;
}

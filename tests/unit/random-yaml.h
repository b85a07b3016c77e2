/* Files that a table of keys allows, made at random from it: any subset of the keys, any values in their
 * ranges, each written in one of the ways that a person may write it. */
#ifndef WOODSHED_TESTS_RANDOM_YAML_H
#define WOODSHED_TESTS_RANDOM_YAML_H

#include "common/key.h"
#include "config/forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct dice {
	uint64_t state;
	const struct record_table *processors;
	unsigned names; /* made so far; each is another */
	int depth;
};

/* SplitMix64 (Steele, Lea and Flood 2014). */
static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static inline unsigned dice_below(struct dice *dice, unsigned count)
{
	return (unsigned)(dice_next(dice) % count);
}

static inline double dice_unit(struct dice *dice)
{
	return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

static inline double random_number(struct dice *dice, const struct key *key)
{
	double least = key->least, most = key->most;
	if (least == 0 && most == 0) {
		least = -1000;
		most = 1000;
	}
	double value = least + dice_unit(dice) * (most - least);
	unsigned way = dice_below(dice, 8);
	if (way == 0)
		value = least;
	else if (way == 1)
		value = most;
	if (key->type == KEY_INTEGER)
		value = ceil(value);
	if (key->step > 0)
		value = least + key->step * floor((value - least) / key->step);
	return value;
}

static inline void write_number(struct dice *dice, const struct key *key, FILE *stream)
{
	char text[64];
	double value = random_number(dice, key), scale = key->bare_scale != 0 ? key->bare_scale : 1;
	if (key->automatic && dice_below(dice, 4) == 0)
		fputs("auto", stream);
	else if (dice_below(dice, 3) == 0)
		fprintf(stream, "%.12g", value / scale);
	else
		fputs(units_format(value, key->unit, text, sizeof(text)), stream);
}

static inline void write_word(struct dice *dice, const struct key *key, FILE *stream)
{
	static const char *const words[] = {"a", "Night Bus", "\"a: b # c\"", "\"tab\\tquote\\\"\"", "Füße",
		"夜", "\"- dash\"", "\"null\"", "\"\\L\"", "\"12\"", "12", "true", "'it''s'", "\"[x]\"",
		"/a/b.c", "on", "\"{\"", "x:y", "\"trailing \"", "\"two\\nlines\"", "\"100 %\"", "\"*\"",
		"\"~\"", "0x1f"};
	static const char *const keys[] = {"Em", "F#", "Bb", "C# minor", "D dorian", "\"A♭ major\""};
	static const char *const meters[] = {"4/4", "6/8", "7/16", "1/1"};
	static const char *const chords[] = {"Em | C | G | D", "\"| F#m7b5 B7/D# | % | N.C. |\"", "C"};
	const struct text_form *form = key->form;
	if (key->offer && key->offer(0))
		fputs(key->offer(0), stream);
	else if (form == &form_input)
		fprintf(stream, "xr18/%u", 1 + dice_below(dice, 9999));
	else if (form == &form_meter)
		fputs(meters[dice_below(dice, KEY_COUNT(meters))], stream);
	else if (form == &form_musical_key)
		fputs(keys[dice_below(dice, KEY_COUNT(keys))], stream);
	else if (form == &form_chords)
		fputs(chords[dice_below(dice, KEY_COUNT(chords))], stream);
	else if (form || key->type == KEY_NAME)
		fprintf(stream, "n-%u", dice->names++);
	else
		fputs(words[dice_below(dice, KEY_COUNT(words))], stream);
}

static inline void write_members(struct dice *dice, const struct record *record, size_t skip, FILE *stream);

static inline void write_record(struct dice *dice, const struct record *record, size_t skip, FILE *stream)
{
	putc('{', stream);
	write_members(dice, record, skip, stream);
	putc('}', stream);
}

static inline void write_insert(struct dice *dice, FILE *stream)
{
	const struct record *record =
		dice->processors->records[dice_below(dice, (unsigned)dice->processors->count)];
	bool whole = false;
	for (size_t i = 0; i < record->key_count; i++)
		whole = whole || record->keys[i].required;
	if (!whole && dice_below(dice, 4) == 0) {
		fputs(record->name, stream);
		return;
	}
	fprintf(stream, "{%s: ", record->name);
	write_record(dice, record, 0, stream);
	putc('}', stream);
}

static inline void write_list(struct dice *dice, const struct key *key, FILE *stream)
{
	unsigned most = key->most > 0 && key->most < 4 ? (unsigned)key->most : 4;
	unsigned count = dice_below(dice, dice->depth > 3 ? 1 : most);
	putc(key->type == KEY_MAP || key->type == KEY_LEVELS ? '{' : '[', stream);
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? ", " : "", stream);
		if (key->type == KEY_MAP || key->type == KEY_LEVELS)
			fprintf(stream, "\"name %u\": ", dice->names++);
		if (key->type == KEY_CHAIN)
			write_insert(dice, stream);
		else if (key->type == KEY_LEVELS)
			write_number(dice, key, stream);
		else if (key->type == KEY_TEXTS)
			write_word(dice, key, stream);
		else
			write_record(dice, key->record, key->type == KEY_MAP, stream);
	}
	putc(key->type == KEY_MAP || key->type == KEY_LEVELS ? '}' : ']', stream);
}

static inline void write_choices(struct dice *dice, const struct key *key, FILE *stream)
{
	size_t count = 0;
	while (key->choices[count])
		count++;
	const char *choice = key->choices[dice_below(dice, (unsigned)count)];
	fprintf(stream, key->type == KEY_CHOICES && dice_below(dice, 2) ? "[%s]" : "%s", choice);
}

static inline void write_value(struct dice *dice, const struct key *key, FILE *stream)
{
	dice->depth++;
	switch (key->type) {
	case KEY_NUMBER:
	case KEY_INTEGER:
		write_number(dice, key, stream);
		break;
	case KEY_FLAG:
		fputs(dice_below(dice, 2) ? "true" : "false", stream);
		break;
	case KEY_CHOICE:
	case KEY_CHOICES:
		write_choices(dice, key, stream);
		break;
	case KEY_TEXT:
	case KEY_NAME:
		write_word(dice, key, stream);
		break;
	case KEY_RECORD:
		write_record(dice, key->record, 0, stream);
		break;
	case KEY_LATER:
		fputs("[anything, {at: all}]", stream);
		break;
	default:
		write_list(dice, key, stream);
		break;
	}
	dice->depth--;
}

static inline void write_members(struct dice *dice, const struct record *record, size_t skip, FILE *stream)
{
	const char *comma = "";
	for (size_t i = skip; i < record->key_count; i++) {
		const struct key *key = &record->keys[i];
		if (!key->required && dice_below(dice, 2))
			continue;
		fprintf(stream, "%s%s: ", comma, key->name);
		write_value(dice, key, stream);
		comma = dice->depth > 0 ? ", " : "\n";
	}
}

#endif

#include "common/units.h"
#include "config/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* More steps than this are better told as a range. */
#define STEPS_LISTED 10

static void append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);
	snprintf(out + used, size - used, "%s", text);
}

static void append_value(char *out, size_t size, const struct key *key, double value)
{
	char text[64];
	append(out, size, units_format(value, key->unit, text, sizeof(text)));
}

static void allow_number(const struct key *key, char *out, size_t size)
{
	int steps = key->step > 0 ? (int)round((key->most - key->least) / key->step) : STEPS_LISTED + 1;
	if (key->least == 0 && key->most == 0) {
		append(out, size, units_example(key->unit));
	} else if (steps <= STEPS_LISTED) {
		for (int i = 0; i <= steps; i++) {
			append(out, size, i == 0 ? "" : i < steps ? ", " : " or ");
			append_value(out, size, key, key->least + i * key->step);
		}
	} else {
		append_value(out, size, key, key->least);
		append(out, size, key->least < key->most ? " to " : "");
		if (key->least < key->most)
			append_value(out, size, key, key->most);
	}
	append(out, size, key->automatic ? ", or auto" : "");
}

static void allow_choices(const struct key *key, char *out, size_t size)
{
	for (size_t i = 0; key->choices[i]; i++) {
		append(out, size, i == 0 ? "" : key->choices[i + 1] ? ", " : " or ");
		append(out, size, key->choices[i]);
	}
}

char *schema_allowed(const struct key *key, char *out, size_t size)
{
	static const char *const words[] = {
		[KEY_FLAG] = "true or false",
		[KEY_TEXT] = "a text",
		[KEY_NAME] = "up to 64 of a-z, 0-9 and -",
		[KEY_RECORD] = "a mapping",
		[KEY_RECORDS] = "a list of mappings",
		[KEY_MAP] = "a mapping of names",
		[KEY_TEXTS] = "a text or a list of texts",
		[KEY_CHAIN] = "a list of processors",
		[KEY_LATER] = "not in this version yet",
	};
	out[0] = '\0';
	if (key->type == KEY_NUMBER || key->type == KEY_INTEGER || key->type == KEY_LEVELS)
		allow_number(key, out, size);
	else if (key->type == KEY_CHOICE || key->type == KEY_CHOICES)
		allow_choices(key, out, size);
	else
		append(out, size, key->form ? key->form->allowed : words[key->type]);
	return out;
}

/* Of numbers without a word on it 0, where that is one that may be written; else they are not given. */
static bool defaults_to_zero(const struct key *key)
{
	bool number = key->type == KEY_NUMBER || key->type == KEY_INTEGER;
	return number && key->least <= 0 && key->most >= 0 && (key->least < 0 || key->most > 0);
}

char *schema_default(const struct key *key, char *out, size_t size)
{
	out[0] = '\0';
	if (key->required)
		return out;
	if (key->fallback)
		append(out, size, key->fallback);
	else if (key->type == KEY_FLAG)
		append(out, size, "false");
	else if (key->type == KEY_CHOICE)
		append(out, size, key->choices[0]);
	else if (defaults_to_zero(key))
		append_value(out, size, key, 0);
	return out;
}

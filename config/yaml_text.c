#include "config/yaml_text.h"

#include "config/utf8.h"

#include <stdint.h>
#include <string.h>

static const char *refuse(size_t length, uint32_t character)
{
	if (length == 0)
		return "not UTF-8; save the file as UTF-8";
	if (character == 0)
		return "a NUL character; text only";
	if (character == '\t' || character == '\n' || character == '\r' || character == 0x85)
		return NULL;
	if (character < 0x20 || (character >= 0x7F && character < 0xA0))
		return "a control character; text only";
	return NULL;
}

bool yaml_text_check(const char *text, size_t size, struct faults *faults)
{
	int line = 1, column = 1;
	for (size_t at = 0; at < size;) {
		uint32_t character = 0;
		size_t length = utf8_read(text + at, size - at, &character);
		const char *problem = refuse(length, character);
		if (problem) {
			faults_add(faults, line, column, "%s", problem);
			return false;
		}
		at += length;
		/* As libyaml counts lines; of CR LF the LF ends it. */
		bool ends = character == '\n' || character == 0x85 || character == 0x2028 ||
			    character == 0x2029 || (character == '\r' && !(at < size && text[at] == '\n'));
		column = ends ? 1 : column + 1;
		line += ends;
	}
	return true;
}

/* The byte at a place; 0 past the end. */
static char character_at(const char *text, size_t size, int line, int column)
{
	const char *end = text + size;
	for (; line > 1 && text; line--) {
		text = memchr(text, '\n', (size_t)(end - text));
		text = text ? text + 1 : NULL;
	}
	while (text && text < end && column > 1) {
		uint32_t character;
		size_t length = utf8_read(text, (size_t)(end - text), &character);
		text += length ? length : 1;
		column--;
	}
	return text && text < end ? *text : 0;
}

struct hint {
	const char *problem; /* a part of what libyaml says */
	char character;	     /* and what stands there; 0: anything */
	const char *text;
};

static const struct hint hints[] = {
	{"cannot start any token", '\t', "a tab where only spaces may indent; use spaces"},
	{"cannot start any token", '%', "a text cannot start with %; put it in quotes"},
	{"cannot start any token", '@', "a text cannot start with @; put it in quotes"},
	{"cannot start any token", '`', "a text cannot start with `; put it in quotes"},
	{"mapping values are not allowed", 0,
		"\": \" does not belong here; put a text that has it in quotes"},
	{"did not find expected alphabetic or numeric", '*', "a text cannot start with *; put it in quotes"},
	{"could not find expected ':'", 0, "a key without its colon; write KEY: VALUE"},
	{"did not find expected key", 0, "neither a key nor the end of this block; look at the indentation"},
	{"did not find expected ',' or '}'", 0, "neither , nor } after a value; close what { opened"},
	{"did not find expected ',' or ']'", 0, "neither , nor ] after a value; close what [ opened"},
	{"did not find expected node content", 0,
		"no value where one belongs; look at the brackets and commas"},
	{"found unexpected end of stream", 0, "the file ends inside quotes; close them"},
};

void yaml_text_fault(
	struct faults *faults, const char *text, size_t size, int line, int column, const char *problem)
{
	char character = character_at(text, size, line, column);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		const struct hint *hint = &hints[i];
		if (strstr(problem, hint->problem) && (!hint->character || hint->character == character)) {
			faults_add(faults, line, column, "%s", hint->text);
			return;
		}
	}
	faults_add(faults, line, column, "%s; YAML", problem);
}

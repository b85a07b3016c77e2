#include "config/utf8.h"

#include <string.h>

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first < 0xE0)
		return 2;
	if (first >= 0xE0 && first < 0xF0)
		return 3;
	return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

size_t utf8_read(const char *text, size_t size, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = size > 0 ? sequence_length(bytes[0]) : 0;
	if (length == 0 || length > size)
		return 0;
	uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3Fu);
	}
	if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
		return 0;
	*character = value;
	return length;
}

bool utf8_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7F && character < 0xA0) ||
	       (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

void utf8_make_visible(char *text)
{
	char *out = text;
	for (size_t left = strlen(text); left > 0;) {
		uint32_t character = 0;
		size_t length = utf8_read(text, left, &character);
		bool bad = length == 0 || utf8_is_control(character);
		length = length ? length : 1;
		if (bad)
			*out++ = '?';
		else
			out = (char *)memmove(out, text, length) + length;
		text += length;
		left -= length;
	}
	*out = '\0';
}

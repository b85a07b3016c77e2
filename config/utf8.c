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

struct range {
	uint32_t first, last;
	int width;
};

int utf8_width(uint32_t character)
{
	static const struct range ranges[] = {
		{0x0300, 0x036F, 0},
		{0x1100, 0x115F, 2},
		{0x1AB0, 0x1AFF, 0},
		{0x1DC0, 0x1DFF, 0},
		{0x200B, 0x200F, 0},
		{0x20D0, 0x20FF, 0},
		{0x2E80, 0x303E, 2},
		{0x3041, 0x4DBF, 2},
		{0x4E00, 0xA4CF, 2},
		{0xAC00, 0xD7A3, 2},
		{0xF900, 0xFAFF, 2},
		{0xFE00, 0xFE0F, 0},
		{0xFE20, 0xFE2F, 0},
		{0xFE30, 0xFE4F, 2},
		{0xFEFF, 0xFEFF, 0},
		{0xFF00, 0xFF60, 2},
		{0xFFE0, 0xFFE6, 2},
		{0x1F300, 0x1F64F, 2},
		{0x1F680, 0x1F6FF, 2},
		{0x1F900, 0x1F9FF, 2},
		{0x20000, 0x3FFFD, 2},
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return ranges[i].width;
	return 1;
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

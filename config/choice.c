#include "config/choice.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool read_number(const char **at, int *number)
{
	enum { DIGITS_MOST = 3 };
	size_t digits = strspn(*at, "0123456789");
	if (digits == 0 || digits > DIGITS_MOST || **at == '0')
		return false;
	*number = atoi(*at);
	*at += digits;
	return true;
}

/* Past `sign` and the number behind it; false where there is a sign and no number. */
static bool read_after(const char **at, char sign, int *number)
{
	if (**at != sign)
		return true;
	++*at;
	return read_number(at, number);
}

int section_parse_choice(const char *word, struct section_choice *choice)
{
	*choice = (struct section_choice){.occurrence = 1};
	size_t length = strcspn(word, "#@");
	if (length == 0 || length >= sizeof(choice->name))
		return -EINVAL;
	memcpy(choice->name, word, length);
	const char *at = word + length;
	if (!read_after(&at, '#', &choice->occurrence) || !read_after(&at, '@', &choice->from))
		return -EINVAL;
	choice->to = choice->from;
	if (choice->from > 0 && !read_after(&at, '-', &choice->to))
		return -EINVAL;
	return *at == '\0' && choice->to >= choice->from ? 0 : -EINVAL;
}

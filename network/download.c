#include "network/download.h"

#include "common/memory.h"
#include "common/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MOST = 120 }; /* bytes; with a file's own name well within the 255 of a file system */

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80; /* a character of UTF-8 */
}

static void make_safe(char *name)
{
	for (char *c = name; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f || strchr("\"*/:<>?\\|", *c))
			*c = '_';
	}
	if (name[0] == '.' || name[0] == '-') /* hidden, or an option */
		name[0] = '_';
}

void download_name(char name[static DOWNLOAD_NAME_SIZE], const struct manifest *take, const char *path)
{
	const char *label = take->title && take->title[0] ? take->title : take->id,
		   *slash = strrchr(path, '/');
	size_t length = strlen(label);
	if (length > LABEL_MOST) {
		length = LABEL_MOST;
		while (length > 0 && continues(label[length]))
			length--;
	}
	snprintf(name, DOWNLOAD_NAME_SIZE, "%.*s - %s", (int)length, label, slash ? slash + 1 : path);
	make_safe(name);
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-._~", c));
}

/* `filename*=UTF-8''…` by RFC 8187. */
static char *extended(const char *name)
{
	struct text text;
	FILE *to = text_open(&text);
	fputs("; filename*=UTF-8''", to);
	for (const char *c = name; *c; c++)
		fprintf(to, is_plain(*c) ? "%c" : "%%%02X", (unsigned char)*c);
	return text_close(&text);
}

char *download_disposition(const char *name)
{
	bool ascii = true;
	char *plain = memory_text(name), *to = plain;
	for (const char *c = name; *c; c++) {
		bool high = (unsigned char)*c >= 0x80;
		ascii = ascii && !high;
		if (!high || !continues(*c)) /* a character, not a byte, is an underscore */
			*to++ = high || *c == '"' || *c == '\\' || (unsigned char)*c < ' ' ? '_' : *c;
	}
	*to = '\0';
	char *more = ascii ? memory_text("") : extended(name);
	char *value = memory_format("attachment; filename=\"%s\"%s", plain, more);
	free(more);
	free(plain);
	return value;
}

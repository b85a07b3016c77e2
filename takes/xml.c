#include "takes/xml.h"

#include <string.h>

void xml_put(FILE *to, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		switch (text[i]) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc((unsigned char)text[i] < ' ' ? ' ' : text[i], to);
		}
	}
}

void xml_put_text(FILE *to, const char *text)
{
	xml_put(to, text, strlen(text));
}

#include "common/text.h"

#include "common/memory.h"

FILE *text_open(struct text *text)
{
	*text = (struct text){0};
	text->to = open_memstream(&text->text, &text->size);
	if (!text->to)
		memory_is_out();
	return text->to;
}

char *text_close(struct text *text)
{
	int failed = ferror(text->to);
	if (fclose(text->to) != 0 || failed)
		memory_is_out();
	text->to = NULL;
	return text->text;
}

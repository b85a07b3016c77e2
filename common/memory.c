#include "common/memory.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void memory_is_out(void)
{
	log_error("out of memory");
	_exit(EXIT_FAILURE); /* no more is asked of anybody who would ask for memory */
}

void *memory_checked(void *memory)
{
	if (!memory)
		memory_is_out();
	return memory;
}

void *memory_new(size_t size)
{
	return memory_checked(calloc(1, size ? size : 1));
}

void *memory_array(size_t count, size_t size)
{
	return memory_checked(calloc(count ? count : 1, size ? size : 1));
}

void *memory_block(size_t size)
{
	return memory_checked(malloc(size ? size : 1));
}

void *memory_grow(void *array, size_t count, size_t size)
{
	return memory_checked(reallocarray(array, count ? count : 1, size));
}

char *memory_text(const char *text)
{
	return memory_checked(strdup(text));
}

char *memory_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	return memory_checked(n < 0 ? NULL : text);
}

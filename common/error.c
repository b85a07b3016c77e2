#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int error_write(struct error *e, int code, const char *format, ...)
{
	if (e) {
		va_list args;
		va_start(args, format);
		vsnprintf(e->text, sizeof(e->text), format, args);
		va_end(args);
	}
	return -abs(code);
}

int error_write_errno(struct error *e, int code, const char *format, ...)
{
	if (e) {
		va_list args;
		va_start(args, format);
		int n = vsnprintf(e->text, sizeof(e->text), format, args);
		va_end(args);
		if (n >= 0 && (size_t)n < sizeof(e->text))
			snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s", strerror(abs(code)));
	}
	return -abs(code);
}
